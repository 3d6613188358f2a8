// Owns looking after one background process by pid and start time together: a pid alone may belong to someone else by
// now. Linux only (/proc).
import { readFileSync } from "node:fs";

/** @typedef {{pid: number, startTime: string}} ProcessId startTime: clock ticks since boot, field 22 of /proc/PID/stat */

/** Short enough to be unnoticed, long enough to cost nothing. */
const POLL_MS = 20;

/**
 * @param {number} pid
 * @returns {ProcessId | undefined} undefined when it does not live (a zombie does not)
 */
export function identify(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything; fields are counted from behind it, the first being the third of all.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const startTime = fields[19];
    return fields[0] === "Z" || startTime === undefined ? undefined : { pid, startTime };
  } catch {
    return undefined;
  }
}

/** @param {ProcessId} process @returns {boolean} */
export const isAlive = (process) => identify(process.pid)?.startTime === process.startTime;

/**
 * Asks a process to end, waits, and ends it by force at the deadline.
 *
 * @param {ProcessId} target
 * @param {number} deadlineMs
 * @param {NodeJS.Signals} [signal] what asks it
 * @returns {Promise<"gone" | "asked" | "forced">} gone: it had ended already
 */
export async function endProcess(target, deadlineMs, signal = "SIGTERM") {
  if (!isAlive(target)) return "gone";
  process.kill(target.pid, signal);
  if (await waitUntil(() => !isAlive(target), deadlineMs)) return "asked";
  process.kill(target.pid, "SIGKILL");
  await waitUntil(() => !isAlive(target), deadlineMs);
  return "forced";
}

/**
 * @param {() => boolean | Promise<boolean>} condition
 * @param {number} deadlineMs
 * @returns {Promise<boolean>} whether it came true in time
 */
export async function waitUntil(condition, deadlineMs) {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}
