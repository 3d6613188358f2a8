// Owns the walk over set-up steps: each is asked whether it is done, run when it is not, and named when it fails. What
// was done stays done, so the next run goes on from there.
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
    if (!step.isDone(context)) await runStep(context, step);
  }
}

/** @param {Context} context @param {Step} step */
async function runStep(context, step) {
  const line = openStepLine(step.title);
  try {
    line.done((await step.run(context, line.report)) ?? undefined);
  } catch (error) {
    line.fail();
    if (error instanceof LaunchFault) throw error;
    throw new LaunchFault(`${step.title} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
