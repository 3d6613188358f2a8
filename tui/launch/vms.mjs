// Owns how `npm stop -- --vms` stops VMs, each by itself: one that will not stop keeps no other up, and is named.
import { askQuetzal } from "./quetzal.mjs";

/** @typedef {import("./context.mjs").Context} Context */
/** @typedef {{id: string, state: string, protected: boolean}} Vm */

/** What a guest may take to power down before its power is cut; a guest under emulation needs several seconds. */
const GUEST_TIMEOUT_SECONDS = "30";
/** Nothing to stop in these. */
const DOWN = new Set(["DEFINED", "STOPPED", "CRASHED"]);

/**
 * @param {Context} context
 * @param {(detail: string) => void} report
 * @returns {Promise<{stopped: string[], left: {id: string, isProtected: boolean, reason: string}[]}>}
 */
export async function stopEachVm(context, report) {
  /** @type {Vm[]} */
  const vms = JSON.parse(await askQuetzal(context, ["vm", "ls", "-o", "json"]));
  const up = vms.filter(({ state }) => !DOWN.has(state));
  report(up.map(({ id }) => id).join(", "));
  const ends = await Promise.all(up.map(async (vm) => ({ vm, reason: await stopOne(context, vm) })));
  return {
    stopped: ends.flatMap(({ vm, reason }) => (reason === undefined ? [vm.id] : [])),
    left: ends.flatMap(({ vm, reason }) => (reason === undefined ? [] : [{ id: vm.id, isProtected: vm.protected, reason }])),
  };
}

/** @param {Context} context @param {Vm} vm @returns {Promise<string | undefined>} why it was not stopped */
async function stopOne(context, vm) {
  try {
    for (const command of commandsFor(vm)) await askQuetzal(context, command);
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.replace(/^quetzal .*? failed: (quetzal: )?/, "");
  }
}

/**
 * A paused guest cannot hear that it should power down; the power of a protected one is not cut.
 *
 * @param {Vm} vm
 * @returns {string[][]}
 */
function commandsFor({ id, state, protected: isProtected }) {
  const asked = ["vm", "stop", "--wait", "--grace", GUEST_TIMEOUT_SECONDS];
  if (!isProtected) return state === "PAUSED" ? [["vm", "force-off", "-y", "--wait", id]] : [[...asked, "--force", id]];
  return [...(state === "PAUSED" ? [["vm", "resume", "--wait", id]] : []), [...asked, id]];
}
