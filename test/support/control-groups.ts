// Owns removing the control groups of a daemon that was killed with its VMs: its own next start would, but there is none.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";
/** Hexadecimal digits of the state folder's hash in the name of its group. */
const HASH_DIGITS = 8;

/** Whether none is left. A group whose last process is still on its way out stays for the moment. */
export function removeControlGroups(stateDir: string): boolean {
  const name = `quetzal-${createHash("sha256").update(stateDir).digest("hex").slice(0, HASH_DIGITS)}`;
  const hierarchies = existsSync(ROOT) ? [ROOT, ...foldersIn(ROOT)] : [];
  const groups = hierarchies.map((folder) => join(folder, name)).filter(existsSync);
  return groups.every((group) => foldersIn(group).every(removed) && removed(group));
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

function removed(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}
