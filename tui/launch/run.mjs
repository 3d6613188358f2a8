// Owns running one program to its end with everything it says in the set-up log. Knows no step; what a failure means
// is the caller's to say.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { LaunchFault, tailOf } from "./fault.mjs";

/**
 * @typedef {object} Command
 * @property {string} title     for the failure's sentence, e.g. "Building the daemon"
 * @property {string} program
 * @property {string[]} arguments
 * @property {string} cwd
 * @property {Readonly<Record<string, string | undefined>>} env
 * @property {string} log
 * @property {string} mend      what to do when it fails
 * @property {(line: string) => void} [onLine]
 * @property {AbortSignal} [signal] ends the program
 */

/**
 * @param {Command} command
 * @returns {Promise<void>} rejects with a LaunchFault that holds the program's last lines
 */
export async function runLogged(command) {
  mkdirSync(dirname(command.log), { recursive: true });
  const log = createWriteStream(command.log, { flags: "a" });
  const before = statSync(command.log, { throwIfNoEntry: false })?.size ?? 0;
  log.write(`\n== ${new Date().toISOString()} ${command.program} ${command.arguments.join(" ")}\n`);
  const child = spawn(command.program, command.arguments, { cwd: command.cwd, env: command.env, stdio: ["ignore", "pipe", "pipe"], ...(command.signal ? { signal: command.signal } : {}) });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      log.write(`${line}\n`);
      command.onLine?.(line);
    });
  }
  const end = await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === 0 ? undefined : signal ? `was ended by ${signal}` : `exited ${code}`));
  });
  log.end();
  await finished(log);
  if (end === undefined) return;
  throw new LaunchFault(`${command.title} failed: ${command.program} ${end}.`, { log: command.log, tail: tailOf(command.log, before), mend: command.mend });
}
