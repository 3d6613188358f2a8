// What the memory controller had decided up to an instant of the past, as its events tell it, the newest first. What a
// decision brought and whether it was only an advice stands in its words.
import type { Event } from "../../store/model.js";
import { vmLabel } from "../../store/select.js";
import type { State } from "../../store/state.js";
import { padCells } from "../../width.js";
import { wrapped } from "../../wrap.js";
import type { Rect } from "../frame.js";
import { clock, cut } from "../format.js";
import { cutName } from "../names.js";
import { DIM, TEXT } from "../painter.js";
import type { Painter } from "../painter.js";

const KIND = "MEMORY_DECISION";
const NAME_CELLS = 13;
/** Lines of one decision at most: the newest are worth more than the end of a sentence. */
const LINES_MAX = 3;

/** The newest first; of one VM, or of all. */
export function decidedThen({ events }: State, vmId: string | null): Event[] {
  return events.filter((event) => event.kind === KIND && (vmId === null || event.vmId === vmId)).reverse();
}

/** Null: none that is known of. */
export function newestDecisionThen(state: State, vmId: string): Event | null {
  return decidedThen(state, vmId)[0] ?? null;
}

/** `vmId` null: of all VMs, each with its name. */
export function decisionsThen(p: Painter, rect: Rect, vmId: string | null): void {
  const { frame, theme, state } = p;
  const decided = decidedThen(state, vmId);
  if (decided.length === 0) {
    wrapped(whyNone(p), rect.width - 1).slice(0, rect.height).forEach((line, row) => frame.put(rect.x, rect.y + row, line, DIM, rect.width));
    return;
  }
  let y = rect.y;
  for (const { time, vmId: of, message } of decided) {
    let x = frame.put(rect.x, y, `${clock(time)} `, DIM);
    if (vmId === null) x = frame.put(x, y, padCells(cutName(of === null ? "" : vmLabel(state, of), NAME_CELLS - 1, theme.ellipsis), NAME_CELLS), TEXT);
    const room = rect.x + rect.width - x;
    const lines = wrapped(message, room);
    const count = Math.min(lines.length, LINES_MAX, rect.y + rect.height - y);
    for (let line = 0; line < count; line++) frame.put(x, y + line, line === count - 1 ? cut(lines.slice(line).join(" "), room, theme.ellipsis) : (lines[line] ?? ""), DIM, room);
    y += Math.max(1, count);
    if (y >= rect.y + rect.height) return;
  }
}

function whyNone({ state: { past, events } }: Painter): string {
  return past.frame === null ? "Asking the server." : `None among the last ${events.length} events up to then.`;
}
