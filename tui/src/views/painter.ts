// What every view is given, and the small pieces they share: rules with titles, texts in parts.
import type { State } from "../store/state.js";
import { Frame, style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { cut } from "./format.js";
import type { Theme } from "./theme.js";
import { cellsOf } from "../width.js";

export interface Painter { frame: Frame; theme: Theme; state: State }

export const TEXT = style("text");
export const DIM = style("dim");
export const BOLD = style("text", "bold");
export const RULE = style("rule");

/** A line across with a title and, at its right, a remark: ── VMs ─ by CPU ▾ ───── 2 of 7 ── */
export function rule(p: Painter, rect: Rect, title: string, remark = "", look: Style = BOLD): void {
  const { frame, theme } = p;
  frame.put(rect.x, rect.y, theme.rule.repeat(rect.width), RULE, rect.width);
  const room = rect.width - 6 - (remark === "" ? 0 : cellsOf(remark) + 4);
  if (title !== "" && room > 0) frame.put(rect.x + 2, rect.y, ` ${cut(title, room, theme.ellipsis)} `, look);
  if (remark !== "") frame.putRight(rect.x + rect.width - 2, rect.y, ` ${remark} `, DIM);
}

/** Text in parts of different looks, one after the other; what has no room is marked, and nothing follows. Returns the column after. */
export function parts(p: Painter, x: number, y: number, texts: readonly (readonly [string, Style] | null)[], limit = p.frame.width - x): number {
  const end = Math.min(p.frame.width, x + limit);
  let column = x;
  for (const part of texts) {
    if (part === null || part[0] === "") continue;
    const room = end - column;
    // The part before filled the room to its last cell, which then carries the mark.
    if (room <= 0 && part[0].trim() !== "") p.frame.put(end - p.theme.ellipsis.length, y, p.theme.ellipsis, part[1]);
    if (room <= 0) break;
    column = p.frame.put(column, y, part[0], part[1], room);
    if (cellsOf(part[0].trimEnd()) > room) break;
  }
  return column;
}
