// Processes of the product, started and ended by tests. Each is ended by its own pid, on failure too.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { User } from "./ordinary-user.js";

/** Longest wait for something that a loaded two-core machine does in a few seconds. */
export const DEADLINE_MS = 60_000;
const POLL_MS = 20;

/** Waits until `condition` gives something other than undefined, null or false; throws with `what` at the deadline. */
export async function eventually<T>(what: string, condition: () => Promise<T> | T, deadlineMs = DEADLINE_MS): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + deadlineMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value as NonNullable<Exclude<T, false>>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > end) throw new Error(`gave up after ${deadlineMs} ms waiting for ${what}`, { cause: lastError });
    await delay(POLL_MS);
  }
}

/** Whether a process lives (a zombie does not). */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

export interface Service {
  readonly pid: number;
  /** Ends the process and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a service with its output in a log file; `user` needs root. */
export function startService(command: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; log: string; user?: User | undefined }): Service {
  const log = openSync(options.log, "a", 0o600);
  const child: ChildProcess = spawn(command, args, { ...options.user, env: { ...process.env, ...options.env }, stdio: ["ignore", log, log] });
  closeSync(log);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`could not start ${command}`);
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid,
    async end(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await gone;
    },
  };
}
