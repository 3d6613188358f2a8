// Owns what `npm start` does with VMs once the services run: apply vms/ and power the first VM on. What fails here is
// handed back, not thrown: it is mended beside a running dashboard.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { applyFolder, PATIENCE } from "./applying.mjs";
import { LaunchFault } from "./fault.mjs";
import { openStepLine, QUIET_MS } from "./progress.mjs";
import { askQuetzal } from "./quetzal.mjs";
import { waitForLink } from "./services/plan.mjs";
import { nameFault } from "./step.mjs";

/** @typedef {import("./context.mjs").Context} Context */

/** The VM that a first start shows. */
export const FIRST_VM = "test-vm-001";
/** In these states a VM is up, or was stopped half-way on purpose. */
const LEFT_ALONE = new Set(["RUNNING", "STARTING", "PAUSED", "STOPPING", "MIGRATING"]);

/** @param {Context} context @returns {Promise<LaunchFault | undefined>} undefined: all is applied and the first VM is up */
export async function applyDefinitions(context) {
  const line = openStepLine("Applying vms/", { quietUnderMs: QUIET_MS });
  try {
    await waitForLink(context, "npm start again.");
  } catch (error) {
    line.fail();
    throw error;
  }
  const { refused, summary, told } = await applyAll(context, line.report);
  if (refused) line.fail();
  else line.done(summary);
  for (const sentence of told) process.stderr.write(`  ${sentence}\n`);
  return refused;
}

/**
 * A definition that is refused keeps no VM down that was known before.
 *
 * @param {Context} context
 * @param {(detail: string) => void} report
 * @returns {Promise<{refused?: LaunchFault, summary?: string | undefined, told: string[]}>} told: a sentence for each VM that
 *   was changed, or left although its file says otherwise
 */
export async function applyAll(context, report) {
  const folder = join(context.repoDir, "vms");
  const mend = `mend what is named above below ${folder} (git checkout brings back what came with the clone), then npm start again.`;
  const firstDefinition = join(folder, "test-vm", "config.json");
  /** @type {string[]} */
  const told = [];
  const refused = await attempt(context, "Applying vms/", mend, () => applyFolder(context, folder, (sentence) => void told.push(sentence)));
  const first = await attempt(context, `Starting ${FIRST_VM}`, mend, () => startFirst(context, report));
  if (!existsSync(firstDefinition)) {
    const besides = refused instanceof LaunchFault ? ` ${refused.message}` : "";
    const fault = new LaunchFault(`${firstDefinition} is missing, which defines ${FIRST_VM}.${besides}`);
    return { told, refused: nameFault(context, "Applying vms/", fault, `bring ${join(folder, "test-vm")} back (git checkout -- vms/test-vm), then npm start again; the dashboard shows what there is.`) };
  }
  if (refused instanceof LaunchFault) return { told, refused };
  return first instanceof LaunchFault ? { told, refused: first } : { told, summary: first };
}

/** @param {Context} context @param {(detail: string) => void} report @returns {Promise<string | undefined>} what was done */
async function startFirst(context, report) {
  const { state } = JSON.parse(await askQuetzal(context, ["vm", "show", FIRST_VM, "-o", "json"]));
  if (LEFT_ALONE.has(state)) return undefined;
  report(`starting ${FIRST_VM}`);
  await askQuetzal(context, ["vm", "start", "--wait", FIRST_VM], PATIENCE);
  return `${FIRST_VM} started`;
}

/** @template T @param {Context} context @param {string} title @param {string} mend @param {() => Promise<T>} work @returns {Promise<T | LaunchFault>} */
async function attempt(context, title, mend, work) {
  try {
    return await work();
  } catch (error) {
    return nameFault(context, title, error, mend);
  }
}
