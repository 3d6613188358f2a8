// Owns one background service: a detached process with its own session, a log, and a record that says which build it
// is. Knows neither the daemon nor the server.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LaunchFault, tailOf } from "../fault.mjs";
import { endProcess, identify, isAlive, waitUntil } from "./process.mjs";

/**
 * @typedef {object} Service
 * @property {string} name        "daemon" or "server"
 * @property {string} program
 * @property {string[]} arguments
 * @property {Readonly<Record<string, string | undefined>>} env
 * @property {string} cwd
 * @property {string} log
 * @property {string} build       changes when the running process is out of date
 * @property {() => Promise<void>} [prove] rejects when a start could not succeed; asked before anything that runs is ended
 * @property {(pid: number) => Promise<boolean>} isReady
 * @property {number} readyDeadlineMs
 * @property {number} endDeadlineMs
 */
/** @typedef {import("./process.mjs").ProcessId & {build: string, startedAt: string, log: string}} ServiceRecord */

/**
 * @param {string} runDir
 * @param {string} name
 * @returns {ServiceRecord | undefined} undefined when it does not run
 */
export function readRunning(runDir, name) {
  try {
    /** @type {ServiceRecord} */
    const record = JSON.parse(readFileSync(recordPath(runDir, name), "utf8"));
    return isAlive(record) ? record : undefined;
  } catch {
    return undefined; // none or torn: then nothing of ours runs
  }
}

/**
 * Rejects when a start that is due could not succeed. Nothing is touched.
 *
 * @param {string} runDir
 * @param {Service} service
 */
export async function proveService(runDir, service) {
  if (readRunning(runDir, service.name)?.build !== service.build) await service.prove?.();
}

/**
 * Starts the service unless this very build of it runs; one of another build is ended first, and not for one that
 * could not start.
 *
 * @param {string} runDir
 * @param {Service} service
 * @returns {Promise<"running" | "started" | "restarted">}
 */
export async function ensureService(runDir, service) {
  const running = readRunning(runDir, service.name);
  if (running && running.build === service.build && (await waitUntil(() => isReadyOrDead(service, running), service.readyDeadlineMs)) && isAlive(running)) return "running";
  await service.prove?.();
  if (running) await endProcess(running, service.endDeadlineMs);
  await startService(runDir, service);
  return running ? "restarted" : "started";
}

/** @param {Service} service @param {import("./process.mjs").ProcessId} process */
const isReadyOrDead = async (service, process) => !isAlive(process) || service.isReady(process.pid);

/** @param {string} runDir @param {Service} service */
async function startService(runDir, service) {
  mkdirSync(dirname(service.log), { recursive: true });
  const before = statSync(service.log, { throwIfNoEntry: false })?.size ?? 0;
  const log = openSync(service.log, "a");
  const child = spawn(service.program, service.arguments, { cwd: service.cwd, env: service.env, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  /** @type {string | undefined} */
  let end;
  child.once("error", (error) => (end = error.message));
  child.once("exit", (code, signal) => (end = signal ? `was ended by ${signal}` : `exited ${code ?? "?"}`));
  const id = child.pid === undefined ? undefined : identify(child.pid);
  if (id) writeFileSync(recordPath(runDir, service.name), JSON.stringify({ ...id, build: service.build, startedAt: new Date().toISOString(), log: service.log }));
  const settled = await waitUntil(async () => end !== undefined || (child.pid !== undefined && (await service.isReady(child.pid))), service.readyDeadlineMs);
  if (settled && end === undefined) return void child.unref();
  const what = end === undefined ? `is not ready after ${service.readyDeadlineMs / 1000} s` : `${end} while starting`;
  if (id) await endProcess(id, service.endDeadlineMs);
  rmSync(recordPath(runDir, service.name), { force: true });
  throw new LaunchFault(`The ${service.name} ${what}.`, { log: service.log, tail: tailOf(service.log, before), mend: "mend what its last lines name, then npm start again." });
}

/**
 * @param {string} runDir
 * @param {string} name
 * @param {number} deadlineMs
 * @returns {Promise<"gone" | "asked" | "forced">}
 */
export async function stopService(runDir, name, deadlineMs) {
  const running = readRunning(runDir, name);
  const end = running ? await endProcess(running, deadlineMs) : "gone";
  rmSync(recordPath(runDir, name), { force: true });
  return end;
}

/** @param {string} runDir @param {string} name */
const recordPath = (runDir, name) => join(runDir, `${name}.service.json`);
