// How the plain face writes figures: sizes, rates and shares in words that a screen reader can say. Knows no page.
import { percent } from "./format.js";

export const UNKNOWN_WORD = "unknown";

/** Sizes in words: 412 MiB, 2.00 GiB. */
export function size(value: number): string {
  const GIB = 1024 ** 3;
  if (Math.abs(value) >= GIB * 0.9995) return `${three(value / GIB)} GiB`;
  return `${three(value / 1024 ** 2)} MiB`;
}

/** Unknown where there is none. */
export function sizeOr(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN_WORD : size(value);
}

/** `used of total` with the unit once where both share it: 1.71 of 2.00 GiB. */
export function sizeOf(used: number, total: number): string {
  const [first, second] = [size(used), size(total)];
  return first.slice(-3) === second.slice(-3) ? `${first.slice(0, -4)} of ${second}` : `${first} of ${second}`;
}

export function three(value: number): string {
  const magnitude = Math.abs(value);
  return magnitude >= 99.95 ? String(Math.round(value)) : magnitude >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

export function rate(value: number | null): string {
  if (value === null) return UNKNOWN_WORD;
  if (value >= 999_500) return `${three(value / 1e6)} MB/s`;
  return value >= 999.5 ? `${three(value / 1e3)} kB/s` : `${Math.round(value)} B/s`;
}

export function ofCore(ratio: number | null): string {
  return ratio === null ? UNKNOWN_WORD : `${percent(ratio)} % of a core`;
}

/** A text as the end of a sentence. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
