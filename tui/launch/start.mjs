// Owns `npm start`: set up, start the services, apply vms/, power test-vm-001 on, open the dashboard. Run again, it does
// only what is missing.
import { applyDefinitions } from "./definitions.mjs";
import { openStepLine, QUIET_MS } from "./progress.mjs";
import { showQuetzal, START_FAULT } from "./quetzal.mjs";
import { takeLock } from "./services/lock.mjs";
import { proveListen, servicePlan } from "./services/plan.mjs";
import { ensureService, proveService } from "./services/service.mjs";
import { BUILDS, FOUNDATION } from "./setup.mjs";
import { runSteps } from "./step.mjs";
import { prepareState, removeEmpty } from "./steps/state.mjs";

/** @typedef {import("./context.mjs").Context} Context */

/** What `npm start` ends with, without a terminal, when it shows a frame but could not do all that it is there for. */
const NOT_ALL_DONE = 1;

/** @param {Context} context @returns {Promise<number>} exit code */
export async function start(context) {
  const fault = await bringUp(context);
  // VMs are looked after from the dashboard: a definition in need of mending is no reason to keep it closed.
  if (fault) process.stderr.write(`\n${fault.describe()}\n\n`);
  if (context.isTerminal) return showQuetzal(context, [], fault && { [START_FAULT]: fault.message.replaceAll(`${context.repoDir}/`, "") });
  const code = await showQuetzal(context, ["top", "--plain"]);
  return fault && code === 0 ? NOT_ALL_DONE : code;
}

/**
 * @param {Context} context
 * @returns {Promise<import("./fault.mjs").LaunchFault | undefined>} once the services run: what vms/ or the first VM lacks
 */
async function bringUp(context) {
  const made = prepareState(context);
  try {
    return await bringUpAlone(context);
  } catch (error) {
    removeEmpty(made);
    throw error;
  }
}

/** Nobody else changes the state meanwhile. @param {Context} context */
async function bringUpAlone(context) {
  const unlock = await takeLock(context.paths.runDir, (pid) => process.stderr.write(`  Another npm start (process ${pid}) is at work: waiting for it.\n`));
  try {
    await runSteps(context, FOUNDATION);
    await proveListen(context);
    await runSteps(context, BUILDS);
    await startServices(context);
    return await applyDefinitions(context);
  } finally {
    unlock();
  }
}

/** @param {Context} context */
export async function startServices(context) {
  const services = servicePlan(context);
  // All of them before the first: what cannot be had ends nothing that runs.
  for (const service of services) await proveService(context.paths.runDir, service);
  for (const service of services) {
    const line = openStepLine(`Starting the ${service.name}`, { quietUnderMs: QUIET_MS });
    try {
      line.done(await ensureService(context.paths.runDir, service));
    } catch (error) {
      line.fail();
      throw error;
    }
  }
}
