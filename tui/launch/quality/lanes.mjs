// Owns the order of suites and what all of them came to: a lane runs its suites one after another, lanes run side by
// side. Knows no suite and no tool.
import { runWithSecondTry } from "./suite.mjs";

/** @typedef {import("./suite.mjs").Suite} Suite */
/** @typedef {import("./suite.mjs").Count} Count */

/** A suite that was interrupted away counts as a failure: nobody knows what it would have said. */
const NOT_RUN = { passed: 0, failed: 1, skipped: 0 };

/**
 * @param {Suite[][]} lanes
 * @param {Parameters<typeof runWithSecondTry>[1]} options
 * @returns {Promise<Count>} of all of them
 */
export async function runLanes(lanes, options) {
  return sum(await Promise.all(lanes.map((lane) => runLane(lane, options))));
}

/** @param {Suite[]} lane @param {Parameters<typeof runWithSecondTry>[1]} options @returns {Promise<Count>} */
async function runLane(lane, options) {
  const counts = [];
  for (const suite of lane) counts.push(options.signal?.aborted ? NOT_RUN : await runWithSecondTry(suite, options));
  return sum(counts);
}

/** @param {Count[]} counts @returns {Count} */
export const sum = (counts) => counts.reduce((total, count) => ({
  passed: total.passed + count.passed,
  failed: total.failed + count.failed,
  skipped: total.skipped + count.skipped,
  secondTry: [...(total.secondTry ?? []), ...(count.secondTry ?? [])],
}), { passed: 0, failed: 0, skipped: 0, secondTry: [] });

/**
 * What a run ends with. A file that passed at its second try only is no failure, and is never silent.
 *
 * @param {Count} total
 * @returns {string}
 */
export function closingLines({ passed, failed, skipped, secondTry = [] }) {
  const tried = secondTry.length === 0 ? "" : `${secondTry.length} ${secondTry.length === 1 ? "file" : "files"} passed only at the second try: ${secondTry.join(", ")}\n`;
  return `${tried}${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}
