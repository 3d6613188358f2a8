// Owns that only one launcher changes a state folder at a time. The lock names its holder, so that a dead one's lock
// is taken over at once.
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LaunchFault } from "../fault.mjs";
import { writeFault } from "../writable.mjs";
import { identify, isAlive, waitUntil } from "./process.mjs";

/** A cold set-up takes some minutes; another start waits for it that long. */
const WAIT_MS = 20 * 60_000;

/**
 * @param {string} runDir
 * @param {(holder: number) => void} onWait told once, when someone else holds the lock
 * @returns {Promise<() => void>} gives the lock back
 */
export async function takeLock(runDir, onWait) {
  const path = join(runDir, "launch.lock");
  const mine = join(runDir, `launch.lock.${process.pid}`);
  try {
    writeFileSync(mine, JSON.stringify(identify(process.pid)));
  } catch (error) {
    throw writeFault("The run folder", runDir, error);
  }
  try {
    let waiting = false;
    const taken = await waitUntil(() => {
      if (tryLink(mine, path)) return true;
      const holder = readHolder(path);
      if (!holder || !isAlive(holder)) rmSync(path, { force: true });
      else if (!waiting) {
        waiting = true;
        onWait(holder.pid);
      }
      return false;
    }, WAIT_MS);
    if (!taken) throw new LaunchFault(`Another npm start (process ${readHolder(path)?.pid ?? "unknown"}) has been at work for over ${WAIT_MS / 60_000} minutes.`, { mend: "end it, then npm start again." });
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(path, { force: true });
}

/** link(2) is atomic and never replaces. @param {string} from @param {string} to */
function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** @param {string} path @returns {import("./process.mjs").ProcessId | undefined} */
function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined; // given back or torn: the next try decides
  }
}
