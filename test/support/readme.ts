// The README's examples: every block marked `sh` is meant to be pasted, and is run by a test as it is written.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./stack.js";

/** The shell blocks of one section, named by its heading. */
export function shellBlocks(section: string): string[] {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const start = text.indexOf(`\n## ${section}\n`);
  if (start < 0) throw new Error(`README.md has no section "${section}".`);
  const end = text.indexOf("\n## ", start + 1);
  return blocksOf(text.slice(start, end < 0 ? undefined : end));
}

/** Of the whole file. */
export function allShellBlocks(): string[] {
  return blocksOf(readFileSync(join(root, "README.md"), "utf8"));
}

function blocksOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}
