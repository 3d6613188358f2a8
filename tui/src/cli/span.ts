// Spans of time as people type them: 500ms, 90s, 10m, 2h, 1h30m. Pure.
import { InvalidArgumentError } from "commander";

const UNIT_SECONDS = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 } as const;
/** A month of history is the longest that is kept. */
const LONGEST_SPAN_SECONDS = 31 * UNIT_SECONDS.d;

/** Whole seconds of a span; parts add up. */
export function parseSpan(text: string): number {
  const seconds = parseDuration(text);
  if (!Number.isInteger(seconds)) throw new InvalidArgumentError("Give whole seconds, such as 1s or 90s.");
  return seconds;
}

/** The same, to the millisecond. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,9})(ms|[smhd])/g)];
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS], 0);
  const isWhole = parts.map(([part]) => part).join("") === text;
  if (!isWhole || seconds <= 0 || seconds > LONGEST_SPAN_SECONDS) throw new InvalidArgumentError("Give a span of time such as 90s, 10m, 2h or 1h30m, up to 31d.");
  return seconds;
}
