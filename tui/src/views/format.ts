// What the screen's columns add to the shared formatting of format.ts: units that a head already names are left out,
// ages fit four characters, texts are cut to a width.

import { formatByteRate, formatBytes, formatDuration, formatLatency, formatPercent, formatRate, UNKNOWN, words } from "../format.js";
import { cutCells } from "../width.js";

export { UNKNOWN, words, formatBytes as bytes, formatByteRate as ratePerSecond, formatLatency as latency, formatPercent as percent };

/** Bytes a second without the `/s`, for a column whose head says it: 0, 812, 80.2k, 1.24M. */
export function rate(value: number | null): string {
  return formatByteRate(value).replace("/s", "");
}

/** A count a second without its unit: 0, 4.20, 380. */
export function count(value: number | null): string {
  return formatRate(value).replace("/s", "");
}

/** A ratio as whole percent with its sign: 37 %. */
export function wholePercent(ratio: number | null): string {
  return ratio === null || Number.isNaN(ratio) ? UNKNOWN : `${Math.round(ratio * 100)}%`;
}

/** A duration in its largest unit: 45s, 12m, 4h, 3d. At most four characters until 999 days. */
export function age(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** A duration in its two largest units, whole seconds: 8s, 12m 3s, 3d 4h. */
export function longAge(ms: number | null): string {
  return formatDuration(ms).replace(/\.\ds$/, "s");
}

/** The age of a sample: tenths while fresh, then whole units. */
export function sampleAge(ms: number | null): string {
  return formatDuration(ms);
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** A span in seconds as people say it: 5 min, 6 h, 30 d. */
export function spanWords(seconds: number): string {
  if (seconds < HOUR) return `${seconds / MINUTE} min`;
  return seconds < DAY ? `${seconds / HOUR} h` : `${seconds / DAY} d`;
}

/** Time of day in UTC: 13:02:11. */
export function clock(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(11, 19);
}

/** Day and time in UTC: 11-23 13:02:11. */
export function dayClock(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(5, 19).replace("T", " ");
}

/** Cut to a width in cells, with `…` (or `~` where that is the mark given) for what is missing. */
export function cut(text: string, width: number, mark = "…"): string {
  return cutCells(text, width, mark);
}

/** Whether what is read and written is known and nothing: there is then no operation to tell the time of. */
export function isIdle(read: number | null | undefined, written: number | null | undefined): boolean {
  return read === 0 && written === 0;
}
