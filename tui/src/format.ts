// How figures and names are written for people: SCREENS.md's three significant digits and a unit, `–` for unknown.
// Pure; every front end formats through this. Bytes are divided by 1024 when they are memory or files, rates by 1000.

import { UNPRINTABLE } from "./width.js";

/** What stands for an unknown figure; never 0. */
export const UNKNOWN = "–";

const BINARY_UNITS = ["", "K", "M", "G", "T", "P"] as const;
const DECIMAL_UNITS = ["", "k", "M", "G", "T", "P"] as const;

/** Three significant digits: 1.24, 80.2, 188. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return String(Math.round(value));
  if (size >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let size = value;
  // 999.5 of a unit would print as 1000, so it moves on to the next.
  while (Math.abs(size) >= (base === 1000 ? 999.5 : 1023.5) && unit < units.length - 1) {
    size /= base;
    unit += 1;
  }
  if (unit === 0) return String(Math.round(size));
  return threeDigits(size) + (units[unit] ?? "");
}

/** A size of memory or of a file: 412M, 2.00G. Null is unknown. */
export function formatBytes(bytes: number | null | undefined): string {
  return bytes === null || bytes === undefined || !Number.isFinite(bytes) ? UNKNOWN : scaled(bytes, 1024, BINARY_UNITS);
}

/** Bytes a second: 1.24M/s, 380k/s, 0. Null is unknown. */
export function formatByteRate(bytesPerSecond: number | null | undefined): string {
  if (bytesPerSecond === null || bytesPerSecond === undefined || !Number.isFinite(bytesPerSecond)) return UNKNOWN;
  const text = scaled(bytesPerSecond, 1000, DECIMAL_UNITS);
  return text === "0" ? text : `${text}/s`;
}

/** Something a second, without a unit of its own: 41/s, 1.20k/s, 0. Null is unknown. */
export function formatRate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined || !Number.isFinite(perSecond)) return UNKNOWN;
  if (perSecond > 0 && perSecond < 9.995) return `${threeDigits(perSecond)}/s`;
  return formatByteRate(perSecond);
}

/** A ratio as a percentage without its sign: 0.121 is "12.1", 1.88 is "188". Null is unknown. */
export function formatPercent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return UNKNOWN;
  const percent = ratio * 100;
  return Math.abs(percent) >= 99.95 ? String(Math.round(percent)) : percent.toFixed(1);
}

/** A time span of one to two units: 400 ms is "0.4s", then 59s, 3m 4s, 2h 5m, 3d 4h. Null is unknown. */
export function formatDuration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined || !Number.isFinite(milliseconds)) return UNKNOWN;
  const ms = Math.max(0, milliseconds);
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${seconds % 60}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** The age of an instant (RFC 3339) at `nowMs`. A clock that runs behind gives 0. Null is unknown. */
export function formatAge(instant: string | null | undefined, nowMs: number): string {
  if (instant === null || instant === undefined) return UNKNOWN;
  return formatDuration(nowMs - Date.parse(instant));
}

/** A short latency: 0.00004 is "40us", 0.0014 is "1.4ms", then 0.4s. Null is unknown. */
export function formatLatency(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return UNKNOWN;
  if (seconds < 0.000_999_5) return `${Math.round(seconds * 1e6)}us`;
  if (seconds < 0.099_95) return `${(seconds * 1000).toFixed(1)}ms`;
  if (seconds < 0.999_5) return `${Math.round(seconds * 1000)}ms`;
  return formatDuration(seconds * 1000);
}

/** The time of day in UTC of an RFC 3339 instant: 13:02:11. */
export function formatClock(instant: string): string {
  return instant.slice(11, 19);
}

/** Where the schema's word is not the one that people say. */
const SPOKEN: ReadonlyMap<string, string> = new Map([["PUT_VM", "define"]]);

/** A word of the schema as people read it: FORCE_OFF_VM is "force off", SUCCEEDED is "succeeded". */
export function words(name: string): string {
  return SPOKEN.get(name) ?? name.replace(/_VM(?=_|$)/, "").toLowerCase().replaceAll("_", " ");
}

/** Largest text shown from elsewhere, in characters: beyond it a line is of no use to anyone. */
const MAX_SHOWN_CHARACTERS = 4_096;

const EVERY_UNPRINTABLE = new RegExp(`[${UNPRINTABLE}]`, "gu");

/** Text from elsewhere, safe to print: what drives a terminal, hides or reverses text becomes `?`. Newlines too, unless `lines` is "keep". */
export function sanitise(text: string, lines: "keep" | "replace" = "replace"): string {
  const short = text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
  return short.replace(EVERY_UNPRINTABLE, (mark) => (lines === "keep" && (mark === "\n" || mark === "\t") ? mark : "?"));
}
