// Owns how set-up shows itself: one line a step with its time, and what a long step is doing at the moment. On a
// terminal the line is rewritten in place, shared by what goes on at the same time; elsewhere a sign of life comes at a
// slow pace.
import { stripVTControlCharacters } from "node:util";

/** @typedef {{report: (detail: string) => void, done: (summary?: string) => void, fail: () => void}} StepLine */

/** Fast enough to look alive, slow enough to cost nothing over SSH. */
const REDRAW_MS = 200;
/** Without a terminal: what a log's reader needs to know that nothing hangs. */
const HEARTBEAT_MS = 15_000;
/** A second start passes through most steps in no time and need not say so. */
export const QUIET_MS = 400;
/** What is under way on each terminal, as it shows itself. @type {WeakMap<object, Set<() => string>>} */
const underWay = new WeakMap();
/** Used when the terminal does not tell its width. */
const DEFAULT_COLUMNS = 80;

/**
 * @param {string} title
 * @param {{quietUnderMs?: number, out?: {write: (text: string) => unknown, isTTY?: boolean, columns?: number}}} [options]
 *   quietUnderMs: a step that ends well within this time leaves no line
 * @returns {StepLine}
 */
export function openStepLine(title, { quietUnderMs = 0, out = process.stderr } = {}) {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  let detail = "";
  const inPlace = out.isTTY === true;
  const self = () => `  … ${title}  ${seconds()}`;
  const lines = underWay.get(out) ?? new Set();
  underWay.set(out, lines);
  const draw = () => {
    if (!inPlace) return void out.write(`  … ${title} ${seconds()}${detail && `  ${detail}`}\n`);
    const width = (out.columns ?? DEFAULT_COLUMNS) - 1;
    // Who has the line for itself has room for what it does.
    const text = lines.size === 1 ? `${self()}${detail && `  ${detail}`}` : [...lines].map((line) => line()).join("");
    out.write(`\r\u001b[K${text.slice(0, width)}`);
  };
  lines.add(self);
  if (inPlace) draw();
  else if (quietUnderMs === 0) out.write(`  … ${title}\n`);
  const timer = setInterval(draw, inPlace ? REDRAW_MS : HEARTBEAT_MS);
  timer.unref();
  /** @param {string} sign @param {string} [summary] */
  const end = (sign, summary) => {
    clearInterval(timer);
    lines.delete(self);
    if (sign === "✓" && performance.now() - started < quietUnderMs) return void (inPlace && out.write("\r\u001b[K"));
    out.write(`${inPlace ? "\r\u001b[K" : ""}  ${sign} ${title}  ${seconds()}${summary ? `  ${summary}` : ""}\n`);
  };
  return {
    report: (line) => void (detail = printable(line)),
    done: (summary) => end("✓", summary),
    fail: () => end("✗"),
  };
}

/** Programs colour their output and overwrite lines; neither may disturb ours. @param {string} line @returns {string} */
export function printable(line) {
  return stripVTControlCharacters(line).replace(/\p{Cc}/gu, " ").trim();
}
