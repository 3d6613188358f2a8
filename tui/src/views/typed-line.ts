// A question, and a line in which something is typed: neither their words nor what is typed is cut. What has no room
// beside the typed text stands in lines of its own above, over what is there.
import { cellsOf } from "../width.js";
import { wrappedWhole } from "../wrap.js";
import type { Style } from "./frame.js";
import { BOLD, TEXT } from "./painter.js";
import type { Painter } from "./painter.js";

/** Cells that are kept for typing beside a lead: a size, a number, the start of a name. */
const TYPING_CELLS = 16;

/** Text in as many lines as it needs, the last of them at `y`. Returns the cells of that one. */
export function upwards({ frame }: Painter, y: number, text: string, look: Style): number {
  const lines = wrappedWhole(text, frame.width - 2);
  lines.forEach((line, index) => {
    const row = y - lines.length + 1 + index;
    frame.fill({ x: 0, y: row, width: frame.width, height: 1 }, " ", TEXT);
    frame.put(1, row, line, look);
  });
  return cellsOf(lines.at(-1) ?? "");
}

/** Paints what stands before a text of so many cells in the row `y`, its last blank included; returns the column where that text starts. */
export function leadIn(p: Painter, y: number, lead: string, cells: number): number {
  const isBeside = cellsOf(lead) + Math.max(TYPING_CELLS, cells + 1) < p.frame.width;
  if (isBeside) return 1 + upwards(p, y, lead, BOLD);
  upwards(p, y - 1, lead, BOLD);
  p.frame.fill({ x: 0, y, width: p.frame.width, height: 1 }, " ", TEXT);
  return 1;
}

/** A lead and what is typed behind it, with the cursor. Of a text longer than the screen the end is shown, where the typing goes on. */
export function typedLine(p: Painter, y: number, lead: string, text: string): void {
  const { frame, theme } = p;
  const start = leadIn(p, y, lead, cellsOf(text));
  const room = frame.width - start - 1;
  const shown = cellsOf(text) <= room ? text : theme.ellipsis + endOf(text, room - cellsOf(theme.ellipsis));
  frame.cursor = { x: Math.min(frame.put(start, y, shown, TEXT), frame.width - 1), y };
}

/** As much of the end as so many cells hold. */
function endOf(text: string, cells: number): string {
  let end = text.slice(-cells);
  while (cellsOf(end) > cells) end = end.slice(1);
  return end;
}
