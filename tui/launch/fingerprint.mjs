// Owns the cheap answer to "has anything changed?": a hash over names, sizes and times of source files, kept beside
// what was made of them. Reads no file's content, so that a start where nothing changed costs milliseconds.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Made by tools, not by people: never part of the question. */
const PASSED_OVER = new Set(["node_modules", "target", "dist", ".git"]);

/**
 * @param {string[]} roots files and folders; one that is missing counts as such
 * @param {(path: string) => boolean} [isSource] which files count
 * @returns {string}
 */
export function fingerprint(roots, isSource = () => true) {
  const hash = createHash("sha256");
  for (const root of roots) visit(root, isSource, (line) => hash.update(line));
  return hash.digest("hex").slice(0, 32);
}

/** @param {string} path @param {(path: string) => boolean} isSource @param {(line: string) => void} add */
function visit(path, isSource, add) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return add(`${path} missing\n`);
  if (!stat.isDirectory()) {
    if (isSource(path)) add(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (!PASSED_OVER.has(name)) visit(join(path, name), isSource, add);
  }
}

/** @param {string} path @returns {string | undefined} the stamp's text */
export function readStamp(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // no stamp: the step has not been done
  }
}

/** @param {string} path @param {string} text */
export function writeStamp(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
