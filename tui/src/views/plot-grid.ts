// Plots side by side: so many columns, rows as they come, the space shared without a cell left over.
import type { Rect } from "./frame.js";
import type { Painter } from "./painter.js";
import { plot } from "./plot.js";
import type { Plot } from "./plot.js";

export function plotGrid(p: Painter, plots: readonly Plot[], rect: Rect, columns: number): void {
  const rows = Math.ceil(plots.length / columns);
  plots.forEach((shown, index) => {
    const across = span(rect.x, rect.width, index % columns, columns);
    const down = span(rect.y, rect.height, Math.floor(index / columns), rows);
    plot(p, shown, { x: across.start, width: across.length, y: down.start, height: down.length });
  });
}

/** Where part `index` of `parts` equal parts of a length lies. */
function span(start: number, length: number, index: number, parts: number): { start: number; length: number } {
  const from = start + Math.floor((length * index) / parts);
  return { start: from, length: start + Math.floor((length * (index + 1)) / parts) - from };
}
