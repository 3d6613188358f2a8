// Owns `npm start`: set up, start the services, apply vms/, power test-vm-001 on, open the dashboard. Run again, it does
// only what is missing.
import { join } from "node:path";
import { LaunchFault } from "./fault.mjs";
import { openStepLine } from "./progress.mjs";
import { askQuetzal, showQuetzal } from "./quetzal.mjs";
import { takeLock } from "./services/lock.mjs";
import { isLinked, proveListen, servicePlan } from "./services/plan.mjs";
import { waitUntil } from "./services/process.mjs";
import { ensureService } from "./services/service.mjs";
import { BUILDS, FOUNDATION } from "./setup.mjs";
import { runSteps } from "./step.mjs";
import { prepareState } from "./steps/state.mjs";

/** @typedef {import("./context.mjs").Context} Context */

/** The VM that a first start shows. */
const FIRST_VM = "test-vm-001";
/** In these states a VM is up, or was stopped half-way on purpose. */
const LEFT_ALONE = new Set(["RUNNING", "STARTING", "PAUSED", "STOPPING", "MIGRATING"]);

/** @param {Context} context @returns {Promise<number>} exit code */
export async function start(context) {
  await bringUp(context);
  return showQuetzal(context, context.isTerminal ? [] : ["top", "--plain"]);
}

/** @param {Context} context @returns {Promise<void>} resolves when the services run and the first VM does */
export async function bringUp(context) {
  prepareState(context);
  const unlock = await takeLock(context.paths.runDir, (pid) => process.stderr.write(`  Another npm start (process ${pid}) is at work: waiting for it.\n`));
  try {
    await runSteps(context, FOUNDATION);
    await proveListen(context);
    await runSteps(context, BUILDS);
    await startServices(context);
    await applyDefinitions(context);
  } finally {
    unlock();
  }
}

/** @param {Context} context */
export async function startServices(context) {
  for (const service of servicePlan(context)) {
    const line = openStepLine(`Starting the ${service.name}`, { quietUnderMs: QUIET_MS });
    try {
      line.done(await ensureService(context.paths.runDir, service));
    } catch (error) {
      line.fail();
      throw error;
    }
  }
}

/** A second start passes here in no time and need not say so. */
const QUIET_MS = 400;

/** The server tries a daemon that was started anew twice a second. */
const LINK_MS = 15_000;
/** A Postgres that died is started again by the server, which waits at most 5 s between two tries. */
const PATIENCE = { patienceMs: 15_000 };

/** @param {Context} context */
async function applyDefinitions(context) {
  const line = openStepLine("Applying vms/", { quietUnderMs: QUIET_MS });
  try {
    if (!(await waitUntil(() => isLinked(context), LINK_MS))) {
      throw new LaunchFault(`The server did not reach the daemon within ${LINK_MS / 1000} s.`, { mend: `look into quetzald.log and server.log in ${context.paths.logsDir}, then npm start again.` });
    }
    await askQuetzal(context, ["apply", join(context.repoDir, "vms")], PATIENCE);
    const { state } = JSON.parse(await askQuetzal(context, ["vm", "show", FIRST_VM, "-o", "json"]));
    if (LEFT_ALONE.has(state)) return line.done();
    line.report(`starting ${FIRST_VM}`);
    await askQuetzal(context, ["vm", "start", "--wait", FIRST_VM], PATIENCE);
    line.done(`${FIRST_VM} started`);
  } catch (error) {
    line.fail();
    throw error;
  }
}
