// What events and operations look like as a line each; sections of them are list-pages.ts's.
import type { Event, Operation } from "../store/model.js";
import { isWarning } from "../store/notices.js";
import { serverNow, vmLabel } from "../store/select.js";
import type { State } from "../store/state.js";
import { cellsOf, padCells } from "../width.js";
import { style } from "./frame.js";
import type { Rect, Role } from "./frame.js";
import { clock, cut, dayClock, longAge, words } from "./format.js";
import { cutName, nameCells, nameNeedsOf } from "./names.js";
import { DIM, TEXT, parts } from "./painter.js";
import type { Painter } from "./painter.js";
import { STATE_ROLES } from "./theme.js";

/** Least cells of the VM's name in a list. */
const NAME_LEAST_WIDTH = 16;
/** From this width on a line names the day too. */
const WITH_DAY_FROM_CELLS = 100;

/** Of one VM its name need not be told. */
export type Names = "with names" | "of one VM";

/** What an event wears: trouble first, then the state it tells of. */
export function eventRole(event: Event): Role {
  if (event.state === "CRASHED" || event.kind === "GUEST_PANICKED") return "crashed";
  if (isWarning(event)) return "attention";
  return event.state === null ? "dim" : STATE_ROLES[event.state];
}

/** The same as a sign, for whoever sees no colour. */
export function eventSign({ theme }: Painter, event: Event): string {
  const role = eventRole(event);
  if (role === "attention") return theme.attention;
  if (role === "crashed") return theme.states.CRASHED;
  return event.state === null ? " " : theme.states[event.state];
}

/** Whose line it is, as wide as all names need. */
function nameOf({ state, theme }: Painter, rect: Rect, vmId: string | null): string {
  const width = nameCells(nameNeedsOf(state.vms), rect.width, NAME_LEAST_WIDTH);
  return padCells(cutName(vmLabel(state, vmId), width, theme.ellipsis), width + 1);
}

/** Index of the first line shown: the page's scroll, never past the last full screen. */
export function scrolled(state: State, key: string, shown: number, total: number): number {
  return Math.max(0, Math.min(state.ui.scroll[key] ?? 0, total - shown));
}

export function eventRow(p: Painter, rect: Rect, event: Event, names: Names): void {
  const { frame, theme } = p;
  const look = style(eventRole(event));
  const time = rect.width >= WITH_DAY_FROM_CELLS ? dayClock(event.time) : clock(event.time);
  const start = parts(p, rect.x + 1, rect.y, [
    [`${time} `, DIM], [`${eventSign(p, event)} `, look],
    names === "with names" ? [nameOf(p, rect, event.vmId), TEXT] : null,
  ], rect.width - 1);
  const actor = event.actor === null ? "" : ` (${event.actor})`;
  const room = rect.x + rect.width - start - cellsOf(actor) - 1;
  const end = frame.put(start, rect.y, cut(event.message, room, theme.ellipsis), eventRole(event) === "dim" ? TEXT : look, rect.x + rect.width - start);
  frame.put(end, rect.y, actor, DIM, rect.x + rect.width - end - 1);
}

const OPERATION_ROLES: Record<Operation["state"], Role> = { RUNNING: "between", SUCCEEDED: "running", FAILED: "crashed", CANCELLED: "dim" };

export function operationRole(operation: Operation): Role {
  return OPERATION_ROLES[operation.state];
}

function operationProgress(p: Painter, operation: Operation): string {
  const end = operation.endedAt ?? serverNow(p.state);
  const taken = longAge(end - operation.startedAt);
  return operation.state === "RUNNING" && operation.progressRatio !== null ? `${Math.round(operation.progressRatio * 100)}% ${taken}` : taken;
}

/** Cells of what was done: all but the longest ("set memory policy") whole on any screen, and that where there is room. */
const KIND_CELLS = { narrow: 14, roomy: 17 } as const;
const ROOMY_CELLS = 100;

export function operationRow(p: Painter, rect: Rect, operation: Operation): void {
  const { frame, theme } = p;
  const room = rect.width - 2;
  const kindCells = KIND_CELLS[rect.width < ROOMY_CELLS ? "narrow" : "roomy"];
  const start = parts(p, rect.x + 1, rect.y, [
    [`${clock(operation.startedAt)} `, DIM], [`${cut(words(operation.kind), kindCells, theme.ellipsis).padEnd(kindCells)} `, TEXT], [nameOf(p, rect, operation.vmId), TEXT],
    [operation.state.toLowerCase().padEnd(10), style(operationRole(operation))], [operationProgress(p, operation).padEnd(10), DIM], [`by ${operation.requestedBy}  `, DIM],
  ], room);
  frame.put(start, rect.y, cut(operation.error ?? "", rect.x + room - start + 1, theme.ellipsis), style("crashed"));
}
