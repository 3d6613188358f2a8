// Owns `npm stop`: ends the services, the VMs too with --vms. The server goes first, so that it never reports a daemon
// that is merely being stopped.
import { existsSync } from "node:fs";
import { LaunchFault } from "./fault.mjs";
import { openStepLine } from "./progress.mjs";
import { takeLock } from "./services/lock.mjs";
import { END_MS, servicePlan, waitForLink } from "./services/plan.mjs";
import { endPostgres, readPostgres } from "./services/postgres.mjs";
import { livingVms } from "./services/vms.mjs";
import { readRunning, stopService } from "./services/service.mjs";
import { startServices } from "./start.mjs";
import { nameFault } from "./step.mjs";
import { stopEachVm } from "./vms.mjs";

/** @typedef {import("./context.mjs").Context} Context */

/** What `npm stop -- --vms` ends with when a VM runs on. */
const NOT_ALL_STOPPED = 1;
const ENDS = { gone: "was not running", asked: undefined, forced: "had to be killed" };

/** @param {Context} context @returns {Promise<number>} exit code */
export async function stop(context) {
  const known = ["--vms"];
  const unknown = context.arguments.find((word) => !known.includes(word));
  if (unknown) throw new LaunchFault(`npm stop does not know "${unknown}".`, { mend: "npm stop ends the services; npm stop -- --vms the VMs too." });
  const { runDir, stateDir } = context.paths;
  if (!existsSync(runDir)) return sayNothingRuns();
  const isForVms = context.arguments.includes("--vms");
  /** @type {string[]} */
  let refused = [];
  const unlock = await takeLock(runDir, (pid) => process.stderr.write(`  npm start (process ${pid}) is at work: waiting for it.\n`));
  try {
    if (nothingRuns(context)) return sayNothingRuns();
    if (isForVms) refused = await stopVms(context);
    for (const service of servicePlan(context).reverse()) {
      const line = openStepLine(`Stopping the ${service.name}`);
      const end = await stopService(runDir, service.name, service.endDeadlineMs);
      line.done(ENDS[end]);
    }
    if (readPostgres(stateDir)) {
      const line = openStepLine("Stopping Postgres, which outlived its server");
      line.done(ENDS[await endPostgres(stateDir, END_MS)]);
    }
  } finally {
    unlock();
  }
  // One that did not stop keeps no service up: it outlives them, and the next start finds it.
  for (const sentence of refused) process.stderr.write(`  ${sentence}\n`);
  if (refused.length > 0) return NOT_ALL_STOPPED;
  const left = livingVms(context.paths).map(({ id }) => id);
  if (left.length > 0) process.stderr.write(`  ${left.length === 1 ? "A VM runs" : `${left.length} VMs run`} on (${left.join(", ")}); npm stop -- --vms stops them too.\n`);
  return 0;
}

/** @returns {0} exit code: what was wished is so */
function sayNothingRuns() {
  process.stderr.write("Nothing runs: there is nothing to stop.\n");
  return 0;
}

/** @param {Context} context */
function nothingRuns(context) {
  const { runDir, stateDir } = context.paths;
  return !servicePlan(context).some(({ name }) => readRunning(runDir, name)) && !readPostgres(stateDir) && livingVms(context.paths).length === 0;
}

/** @param {Context} context @returns {Promise<string[]>} a sentence for each VM that could not be stopped */
async function stopVms(context) {
  const services = servicePlan(context);
  if (!services.every(({ name }) => readRunning(context.paths.runDir, name))) {
    if (livingVms(context.paths).length === 0) return [];
    // Only the daemon may touch its VMs: it is brought back for this.
    await startServices(context);
  }
  const line = openStepLine("Stopping the VMs");
  try {
    await waitForLink(context, "npm stop -- --vms again.");
    const { stopped, left } = await stopEachVm(context, line.report);
    if (left.length > 0) line.fail();
    else line.done(stopped.join(", ") || "none was running");
    return left.map(({ id, isProtected, reason }) => `${id} runs on: ${reason}${isProtected ? ` It is protected, so its power was not cut: npm start, then 'quetzal vm unprotect ${id}', then npm stop -- --vms.` : ""}`);
  } catch (error) {
    line.fail();
    throw nameFault(context, "Stopping the VMs", error);
  }
}
