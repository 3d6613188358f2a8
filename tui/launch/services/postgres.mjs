// Owns finding the embedded Postgres that the server started, and ending one that outlived it: by its data folder and
// /proc, whether the server runs or not. An external database (DATABASE_URL) is not looked at.
import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { endProcess, identify } from "./process.mjs";

/** Lines of postmaster.pid, counted from zero: PID, and the start in seconds since 1970. */
const PID_LINE = 0;
const STARTED_AT_LINE = 2;

/**
 * @param {string} stateDir
 * @returns {{pid: number, startedAt: string} | undefined} undefined when none runs, or its folder is closed to us
 */
export function readPostgres(stateDir) {
  try {
    const dataDir = realpathSync(join(stateDir, "postgres", "data"));
    const lines = readFileSync(join(dataDir, "postmaster.pid"), "utf8").split("\n");
    const pid = Number(lines[PID_LINE]);
    // Postgres works in its data folder, which tells it from a stranger that was given the same process id.
    if (!identify(pid) || readlinkSync(`/proc/${pid}/cwd`) !== dataDir) return undefined;
    return { pid, startedAt: new Date(Number(lines[STARTED_AT_LINE]) * 1000).toISOString() };
  } catch {
    return undefined; // never made, stopped, or just being written
  }
}

/**
 * For after the server, which ends its Postgres itself unless it was killed.
 *
 * @param {string} stateDir
 * @param {number} deadlineMs
 * @returns {Promise<"gone" | "asked" | "forced">}
 */
export async function endPostgres(stateDir, deadlineMs) {
  const running = readPostgres(stateDir);
  const target = running && identify(running.pid);
  // SIGINT waits for nobody's session, as SIGTERM would.
  return target ? endProcess(target, deadlineMs, "SIGINT") : "gone";
}
