// The running postmaster as its data folder and /proc tell of it. Starts and stops nothing.
import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

export interface Postmaster {
  readonly pid: number;
  readonly socketDirectory: string;
  readonly status: "starting" | "ready" | "stopping";
}

/** The living postmaster of a data folder; null when none runs (a file left by one that was killed does not count). */
export async function findPostmaster(dataDirectory: string): Promise<Postmaster | null> {
  const text = await readFile(join(dataDirectory, "postmaster.pid"), "utf8").catch(() => null);
  if (text === null) return null;
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !(await worksIn(pid, dataDirectory))) return null;
  const status = lines[7]?.trim();
  return { pid, socketDirectory: lines[4] ?? "", status: status === "ready" || status === "stopping" ? status : "starting" };
}

/** Whether a process lives; one that has ended and waits to be reaped does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (stat === null) return false;
  const state = stat.slice(stat.lastIndexOf(")") + 2)[0];
  return state !== "Z" && state !== "X";
}

/** Postgres works in its data folder, which tells it from a stranger that was given the same process id. */
async function worksIn(pid: number, directory: string): Promise<boolean> {
  if (!(await isAlive(pid))) return false;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => null);
  return cwd === directory;
}
