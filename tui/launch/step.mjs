// Owns the walk over set-up steps: each is asked whether it is done, run when it is not, and named when it fails. What
// was done stays done, so the next run goes on from there.
import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setupLog } from "./context.mjs";
import { LaunchFault } from "./fault.mjs";
import { openStepLine } from "./progress.mjs";

/** @typedef {import("./context.mjs").Context} Context */
/**
 * @typedef {object} Step
 * @property {string} title
 * @property {(context: Context) => boolean} isDone cheap: it is asked at every start
 * @property {(context: Context, report: (detail: string) => void) => Promise<string | void>} run answers with a summary for the line
 */

/**
 * @param {Context} context
 * @param {Step[]} steps
 * @returns {Promise<void>}
 */
export async function runSteps(context, steps) {
  for (const step of steps) {
    if (!isDone(context, step)) await runStep(context, step);
  }
}

/** @param {Context} context @param {Step} step */
function isDone(context, step) {
  try {
    return step.isDone(context);
  } catch (error) {
    throw nameFault(context, step.title, error);
  }
}

/** @param {Context} context @param {Step} step */
async function runStep(context, step) {
  const line = openStepLine(step.title);
  try {
    mkdirSync(dirname(setupLog(context)), { recursive: true });
    line.done((await step.run(context, line.report)) ?? undefined);
  } catch (error) {
    line.fail();
    throw nameFault(context, step.title, error);
  }
}

/**
 * Whatever went wrong as a fault that names what failed, its log and a mend; what it names already stays.
 *
 * @param {Context} context
 * @param {string} title what was tried
 * @param {unknown} error
 * @param {string} [mend] where the error brings none
 * @returns {LaunchFault}
 */
export function nameFault(context, title, error, mend = "mend what is named above, then try again.") {
  const fault = error instanceof LaunchFault ? error : new LaunchFault(`${title} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  fault.mend ??= mend;
  fault.log ??= noteFault(setupLog(context), title, fault);
  return fault;
}

/** The whole of it, stacks and causes too, for whoever looks closer. @param {string} log @param {string} title @param {LaunchFault} fault */
function noteFault(log, title, fault) {
  const cause = fault.cause instanceof Error ? `\n${fault.cause.stack ?? fault.cause.message}` : "";
  try {
    appendFileSync(log, `\n== ${new Date().toISOString()} ${title}\n${fault.message}${cause}\n`);
    return log;
  } catch {
    return undefined; // its folder may be the very fault, and is not made for the sake of saying so
  }
}
