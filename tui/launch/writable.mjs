// Owns why something of the state cannot be written, in words that name the place and the mend. Makes and changes nothing.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { LaunchFault } from "./fault.mjs";

const ELSEWHERE = "set QUETZAL_STATE_DIR to a folder of yours";

/**
 * @param {string} what the sentence's subject, e.g. "The state folder"
 * @param {string} path that could not be made, opened or written
 * @param {unknown} error what the system said
 * @param {number} [uid] who tried
 * @returns {LaunchFault}
 */
export function writeFault(what, path, error, uid = process.geteuid?.() ?? 0) {
  const { why, mend } = reasonOf(path, error, uid);
  return new LaunchFault(`${what} ${path} cannot be written: ${why}.`, { mend: `${mend}, or ${ELSEWHERE}.`, cause: error });
}

/** What people can mend; anything else is a fault of ours. */
const ABOUT_FILES = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR", "ENOSPC", "EDQUOT"]);

/** @param {unknown} error @returns {LaunchFault | undefined} undefined where it is not about a file that cannot be written */
export function faultOfFile(error) {
  const { code, path } = /** @type {NodeJS.ErrnoException} */ (error instanceof Error ? error : {});
  return code !== undefined && path !== undefined && ABOUT_FILES.has(code) ? writeFault("The file", path, error) : undefined;
}

/** @param {string} path @param {unknown} error @param {number} uid @returns {{why: string, mend: string}} */
function reasonOf(path, error, uid) {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EROFS") return { why: "its file system is mounted read-only", mend: "mount it writable" };
  if (code === "ENOSPC" || code === "EDQUOT") return { why: "its file system is full", mend: "make room there" };
  const { nearest, stat } = nearestOf(path);
  if (code === "ENOTDIR" || (!stat.isDirectory() && nearest !== path)) return { why: `${nearest} is no folder`, mend: "move that away" };
  if (code !== "EACCES" && code !== "EPERM") return { why: error instanceof Error ? error.message : String(error), mend: "give yourself the right to write there" };
  const it = nearest === path ? "it" : nearest;
  if (stat.uid === uid) return { why: `${it} is closed to its own user`, mend: `chmod u+rwX ${nearest}` };
  return { why: `${it} belongs to ${nameOf(stat.uid)} and this is ${nameOf(uid)}`, mend: "go on as that user" };
}

/** Of a path that is not there: what it would lie in. @param {string} path */
function nearestOf(path) {
  for (let nearest = path; ; nearest = dirname(nearest)) {
    try {
      return { nearest, stat: statSync(nearest) };
    } catch (error) {
      if (nearest === dirname(nearest)) throw error;
    }
  }
}

/** @param {number} uid */
const nameOf = (uid) => (uid === 0 ? "root" : `uid ${uid}`);
