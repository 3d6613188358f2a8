// Owns calling our own command line from the launcher: everything about VMs goes through it, so that the launcher needs
// no client of its own.
import { spawn } from "node:child_process";
import { clientBundle } from "./context.mjs";
import { LaunchFault } from "./fault.mjs";
import { resetTerminal } from "./terminal.mjs";

/** @typedef {import("./context.mjs").Context} Context */

/** What `quetzal` ends with while the server, its database or the daemon cannot be reached (tui/src/cli/exit.ts). */
const UNREACHABLE = 5;
/** How the dashboard is told what of the start went wrong (tui/src/dashboard.ts). */
export const START_FAULT = "QUETZAL_START_FAULT";
/** A database that was killed is back within a second or two. */
const RETRY_MS = 300;

/**
 * Runs `quetzal ARGS…` and hands back what it printed.
 *
 * @param {Context} context
 * @param {string[]} args
 * @param {{patienceMs?: number}} [options] how long it is tried again while what it needs is coming back; absent: once
 * @returns {Promise<string>} its standard output; rejects with its last words
 */
export async function askQuetzal(context, args, options) {
  const { code, said, complaint } = await hearQuetzal(context, args, options);
  if (code === 0) return said;
  throw new LaunchFault(`quetzal ${args.join(" ")} failed: ${complaint.trim() || said.trim() || `it exited ${code}`}`);
}

/**
 * The same for who can use what it printed although it refused something.
 *
 * @param {Context} context
 * @param {string[]} args
 * @param {{patienceMs?: number}} [options]
 * @returns {Promise<{code: number, said: string, complaint: string}>} what it ended with, its standard output and error
 */
export async function hearQuetzal(context, args, { patienceMs = 0 } = {}) {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await answerOf(context, args);
    if (answer.code !== UNREACHABLE || performance.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** @param {Context} context @param {string[]} args */
async function answerOf(context, args) {
  const child = spawn(process.execPath, [clientBundle(context), ...args], { env: ownServer(context), stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (complaint += text));
  return { code: await ended(child), said, complaint };
}

/**
 * Runs `quetzal ARGS…` on the person's own terminal.
 *
 * @param {Context} context
 * @param {string[]} args
 * @param {Readonly<Record<string, string>>} [settings] more of its environment
 * @returns {Promise<number>} its exit code
 */
export async function showQuetzal(context, args, settings = {}) {
  const child = spawn(process.execPath, [clientBundle(context), ...args], { env: { ...ownServer(context), ...settings }, stdio: "inherit" });
  /** The terminal sends these to both; the dashboard decides when it ends, and puts the terminal in order first. @type {NodeJS.Signals[]} */
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const forward = signals.map((signal) => /** @type {const} */ ([signal, () => void child.kill(signal)]));
  for (const [signal, listener] of forward) process.on(signal, listener);
  try {
    const code = await ended(child);
    // Ended by a signal that it could not answer: nobody but us is left to put the terminal in order.
    if (child.signalCode !== null) resetTerminal();
    return code;
  } finally {
    for (const [signal, listener] of forward) process.off(signal, listener);
  }
}

/** The launcher speaks of the services that it looks after, wherever the person's own client points. @param {Context} context */
function ownServer({ env }) {
  const kept = Object.entries(env).filter(([name]) => name !== "QUETZAL_URL" && name !== "QUETZAL_TOKEN");
  return { ...Object.fromEntries(kept), QUETZAL_CONTEXT: "local" };
}

/** @param {import("node:child_process").ChildProcess} child @returns {Promise<number>} */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
