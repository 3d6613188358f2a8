// Owns `npm run doctor`: what this machine can do, and what each missing thing would give. Changes nothing.
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { abilityFinding } from "./capabilities.mjs";
import { daemonBinary } from "./context.mjs";
import { socketPathFault } from "./paths.mjs";
import { listenFault, wishedListen } from "./services/listen.mjs";
import { ownAddress } from "./services/plan.mjs";
import { findProgram, rustFault, SYSTEM_NEEDS } from "./steps/packages.mjs";

/** @typedef {import("./context.mjs").Context} Context */
/** @typedef {{name: string, isGood: boolean, text: string, gives?: string | undefined, mend?: string | undefined}} Finding */

/** The probe runs QEMU once and a loop of half a millisecond under KVM. */
const PROBE_TIMEOUT_MS = 30_000;

/** @param {Context} context @returns {Promise<number>} exit code: 1 when npm start could not succeed */
export async function doctor(context) {
  const needs = [...toolFindings(context), stateFinding(context), await portFinding(context)];
  const abilities = hostFindings(context);
  print("What npm start needs", needs);
  print("What this host can do", abilities);
  return needs.every(({ isGood }) => isGood) ? 0 : 1;
}

/** @param {Context} context @returns {Finding[]} */
function toolFindings(context) {
  return [
    { name: "node", isGood: true, text: process.versions.node },
    programFinding(context, "npm", "installs the packages of the server and the client", "it comes with Node"),
    cargoFinding(context),
    ...SYSTEM_NEEDS.map((need) => programFinding(context, need.program, need.reason, `apt-get install ${need.package}`)),
  ];
}

/** @param {Context} context @returns {Finding} */
function cargoFinding(context) {
  const fault = rustFault(context);
  if (fault) return { name: "cargo", isGood: false, text: fault.message, mend: fault.mend };
  const built = daemonBinary(context);
  return { name: "cargo", isGood: true, text: existsSync(built) ? `not needed: the daemon is built (${built})` : (findProgram("cargo", context.env) ?? "") };
}

/** @param {Context} context @param {string} name @param {string} reason @param {string} mend @returns {Finding} */
function programFinding({ env }, name, reason, mend) {
  const path = findProgram(name, env);
  return { name, isGood: path !== undefined, text: path ?? `missing; it ${reason}`, mend: path ? undefined : mend };
}

/** @param {Context} context @returns {Finding} */
function stateFinding({ paths }) {
  const fault = socketPathFault(paths.runDir);
  if (fault) return { name: "state", isGood: false, text: fault };
  let dir = paths.stateDir;
  while (!existsSync(dir)) dir = dirname(dir);
  try {
    accessSync(dir, constants.W_OK);
    return { name: "state", isGood: true, text: paths.stateDir };
  } catch {
    return { name: "state", isGood: false, text: `${paths.stateDir} cannot be written`, mend: "set QUETZAL_STATE_DIR to a folder of yours" };
  }
}

/** @param {Context} context @returns {Promise<Finding>} */
async function portFinding(context) {
  const own = ownAddress(context);
  const fault = await listenFault(context.env, own);
  if (fault) return { name: "port", isGood: false, text: fault.message, mend: fault.mend };
  const wished = wishedListen(context.env);
  const current = own && `${own.host}:${own.port}`;
  const text = current === undefined ? "is free" : current === wished ? "(our own server)" : `is free (our own server listens on ${current})`;
  return { name: "port", isGood: true, text: `${wished} ${text}` };
}

/** @param {Context} context @returns {Finding[]} */
function hostFindings(context) {
  const program = daemonBinary(context);
  if (!existsSync(program)) return [{ name: "host", isGood: false, text: "unknown before the daemon is built", mend: "npm start" }];
  const answer = execFileSync(program, ["probe", "--state-dir", context.paths.stateDir, "--run-dir", context.paths.runDir], { encoding: "utf8", env: { ...context.env }, timeout: PROBE_TIMEOUT_MS, stdio: ["ignore", "pipe", "ignore"] });
  /** @type {{hostname: string, kernel: string, cpu_model: string, cpu_count: number, memory_bytes: number, capabilities: {name: string, available: boolean, reason?: string, mend?: string}[]}} */
  const probe = JSON.parse(answer);
  const memoryGib = (probe.memory_bytes / 2 ** 30).toFixed(1);
  const facts = { name: "host", isGood: true, text: `${probe.hostname}: ${probe.cpu_count} × ${probe.cpu_model || "CPU"}, ${memoryGib} GiB, Linux ${probe.kernel}` };
  return [facts, ...probe.capabilities.map(abilityFinding)];
}

/** @param {string} title @param {Finding[]} findings */
function print(title, findings) {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, isGood, text, gives, mend }) => [
    `  ${isGood ? "✓" : "✗"} ${name.padEnd(width)}  ${text}`,
    ...(gives ? [`    ${" ".repeat(width)}  would give ${gives}`] : []),
    ...(mend ? [`    ${" ".repeat(width)}  → ${mend}`] : []),
  ]);
  process.stdout.write(`${title}\n${lines.join("\n")}\n\n`);
}
