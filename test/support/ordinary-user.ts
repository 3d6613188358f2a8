// As whom the product runs where it must not be root: nobody when the tests are root, else whoever runs them.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface User { readonly uid: number; readonly gid: number }

/** Debian's nobody and nogroup: a user without rights, folders or groups of its own. */
const NOBODY: User = { uid: 65_534, gid: 65_534 };

/** Undefined when the tests run as an ordinary user themselves. */
export const ordinaryUser: User | undefined = process.getuid?.() === 0 ? NOBODY : undefined;

/** The uid that everything must belong to. */
export const ordinaryUid = ordinaryUser?.uid ?? process.getuid?.() ?? NOBODY.uid;

/** The first of these files that the user cannot read, for it or for a folder above it; undefined when it can read all. */
export function closedTo(user: User | undefined, paths: readonly string[]): string | undefined {
  return user && paths.find((path) => spawnSync("test", ["-r", path], { ...user, cwd: "/" }).status !== 0);
}

/** Whose a process is: real, effective, saved and file-system uid, without repeats. */
export function uidsOf(pid: number): number[] {
  const line = /^Uid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  return [...new Set(line.split(/\s+/).map(Number))];
}
