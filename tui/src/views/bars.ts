// Bars that lie: shares of a whole in cells of one line. Pure.
import { style } from "./frame.js";
import type { Style } from "./frame.js";
import { RULE } from "./painter.js";
import type { Theme } from "./theme.js";

/** A bar of `width` cells: the first share, the second after it, the rest empty. Shares are 0 to 1; null is empty. */
export function bar(theme: Theme, width: number, first: number | null, second: number | null = null): (readonly [string, Style])[] {
  const cellsOf = (share: number | null): number => Math.round(Math.min(1, Math.max(0, share ?? 0)) * width);
  const used = cellsOf(first);
  const more = Math.min(width - used, cellsOf(second));
  return [[theme.fills.used.repeat(used), style("bar")], [theme.fills.zip.repeat(more), style("zip")], [theme.fills.free.repeat(width - used - more), RULE]];
}
