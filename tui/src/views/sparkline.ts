// Small bars in a row: one figure over time in one line of text. Pure; unknown columns stay blank, because a gap is a gap.
import type { Theme } from "./theme.js";

/** One character a column; `top` is the value of a full bar. */
export function sparkline(columns: readonly number[], top: number, theme: Theme): string {
  const levels = theme.heights.length;
  let text = "";
  for (const value of columns) {
    if (Number.isNaN(value)) text += " ";
    else text += theme.heights[Math.max(0, Math.min(levels - 1, Math.round((value / top) * (levels - 1))))] ?? " ";
  }
  return text;
}

const NICE = [1, 2, 5, 10] as const;

/** The round number at or above a value that a graph's scale ends on; `least` where the value is small or unknown. */
export function niceTop(value: number, least: number): number {
  if (Number.isNaN(value) || value <= least) return least;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of NICE) if (value <= step * power) return step * power;
  return 10 * power;
}

/** As niceTop, in powers of two: sizes of memory end on 256M, 512M, 1G. */
export function niceBytesTop(value: number, least: number): number {
  if (Number.isNaN(value) || value <= least) return least;
  return 2 ** Math.ceil(Math.log2(value));
}
