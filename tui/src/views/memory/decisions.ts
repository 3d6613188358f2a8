// What the memory controller decided: when, about whom, what, whether it was carried out and what it brought, with the
// reason it gave. Lines of a list, and why there is none.
import { vmLabel } from "../../store/select.js";
import type { MemoryDecision } from "../../store/memory.js";
import { padCells } from "../../width.js";
import { wrapped } from "../../wrap.js";
import { style } from "../frame.js";
import type { Rect } from "../frame.js";
import { UNKNOWN, bytes, clock, cut } from "../format.js";
import { cutName } from "../names.js";
import { DIM, TEXT, parts } from "../painter.js";
import type { Painter } from "../painter.js";

const NAME_CELLS = 13;
const ACTION_CELLS = 23;
const DONE_CELLS = 8;
const EFFECT_CELLS = 7;
/** From this width on a reason stands on the line of its decision. */
const REASON_BESIDE_CELLS = 110;
/** On a narrower line what it brought stands before the reason. */
const EFFECT_ON_LINE_CELLS = 50;
/** Less of a reason says nothing. */
const LEAST_REASON_CELLS = 8;
/** Lines of one reason below its decision at most. */
const REASON_LINES_MAX = 3;

export function actionText({ action, fromBytes, toBytes }: MemoryDecision): string {
  switch (action) {
    case "BALLOON": return `balloon ${bytes(fromBytes)} to ${bytes(toBytes)}`;
    case "PAGE_OUT": return `page out ${bytes(toBytes)}`;
    case "ASK_FOR_ROOM": return "asks for room";
  }
}

/** By how much QEMU's resident memory fell by it; a minus: it grew. */
function effectText({ carriedOut, effectBytes }: MemoryDecision): string {
  if (effectBytes === null) return carriedOut ? UNKNOWN : "";
  return `${effectBytes < 0 ? "-" : "+"}${bytes(Math.abs(effectBytes))}`;
}

/** One decision in one line; `with the name` where several VMs are listed. */
function decisionLine(p: Painter, rect: Rect, decision: MemoryDecision, named: "with the name" | "of one VM"): number {
  const { theme, state } = p;
  return parts(p, rect.x, rect.y, [
    [`${clock(decision.time)} `, DIM],
    named === "with the name" ? [padCells(cutName(vmLabel(state, decision.vmId), NAME_CELLS - 1, theme.ellipsis), NAME_CELLS), TEXT] : null,
    [actionText(decision).padEnd(ACTION_CELLS), decision.action === "ASK_FOR_ROOM" ? style("attention") : TEXT],
    [(decision.carriedOut ? "done" : "advised").padEnd(DONE_CELLS), decision.carriedOut ? style("running") : DIM],
    rect.width < EFFECT_ON_LINE_CELLS ? null : [`${effectText(decision).padStart(EFFECT_CELLS)}  `, DIM],
  ], rect.width);
}

/** A text in at most so many lines, the last one cut. */
function linesOf(text: string, width: number, count: number, mark: string): string[] {
  const lines = wrapped(text, width);
  return lines.slice(0, count).map((line, index) => (index === count - 1 ? cut(lines.slice(index).join(" "), width, mark) : line));
}

/** As many as fit, the newest first. On a narrow screen reasons stand below, the newest one's first, where there is room. */
export function decisionList(p: Painter, rect: Rect, decisions: readonly MemoryDecision[], named: "with the name" | "of one VM", whyNone: string): void {
  const { frame, theme } = p;
  if (decisions.length === 0) {
    wrapped(whyNone, rect.width - 1).slice(0, rect.height).forEach((line, row) => frame.put(rect.x, rect.y + row, line, DIM, rect.width));
    return;
  }
  const isBeside = rect.width >= REASON_BESIDE_CELLS;
  // The newest is worth a line of reason even where that hides the oldest.
  let spare = Math.max(1, rect.height - decisions.length);
  let y = rect.y;
  for (const decision of decisions) {
    if (y >= rect.y + rect.height) return;
    const end = decisionLine(p, { ...rect, y }, decision, named);
    const room = rect.x + rect.width - end;
    const more = Math.min(REASON_LINES_MAX, spare, rect.y + rect.height - y - 1);
    const effect = rect.width < EFFECT_ON_LINE_CELLS ? effectText(decision) : "";
    const reason = effect === "" || effect === UNKNOWN ? decision.reason : `${effect} came free. ${decision.reason}`;
    const isOnLine = isBeside || (more === 0 && room > LEAST_REASON_CELLS);
    const lines = isOnLine ? linesOf(reason, room, 1 + more, theme.ellipsis) : linesOf(reason, rect.width - 2, more, theme.ellipsis);
    lines.forEach((line, row) => frame.put(isOnLine ? end : rect.x + 2, y + row + (isOnLine ? 0 : 1), line, DIM));
    const below = lines.length - (isOnLine ? 1 : 0);
    spare -= below;
    y += 1 + below;
  }
}
