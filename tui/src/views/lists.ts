// Pages that are lists of lines: events and operations, of everything or of one VM. Newest first.
import type { Event, Operation } from "../store/model.js";
import { selectedOperation, serverNow } from "../store/select.js";
import type { State } from "../store/state.js";
import { cellsOf, padCells } from "../width.js";
import { style } from "./frame.js";
import type { Rect, Role, Style } from "./frame.js";
import { clock, cut, dayClock, longAge, words } from "./format.js";
import { DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { noneThen } from "./past-words.js";
import { firstRow } from "./vm-table.js";
import { STATE_ROLES } from "./theme.js";

/** Cells of the VM's name in a list. */
const NAME_WIDTH = 16;

/** What an event wears: trouble first, then the state it tells of. */
export function eventRole(event: Event): Role {
  if (event.state === "CRASHED" || event.kind === "GUEST_PANICKED") return "crashed";
  if (event.kind === "WARNING" || event.kind === "ALERT_RAISED" || event.kind === "HOST_DISCONNECTED" || event.kind === "GAP") return "attention";
  return event.state === null ? "dim" : STATE_ROLES[event.state];
}

export function eventSign(p: Painter, event: Event): string {
  if (event.state !== null) return p.theme.states[event.state];
  return eventRole(event) === "dim" ? " " : p.theme.attention;
}

export function vmLabel(state: State, vmId: string | null): string {
  return vmId === null ? "" : (state.vms.get(vmId)?.label ?? vmId);
}

/** Index of the first line shown: the page's scroll, never past the last full screen. */
export function scrolled(state: State, key: string, shown: number, total: number): number {
  return Math.max(0, Math.min(state.ui.scroll[key] ?? 0, total - shown));
}

export function eventList(p: Painter, rect: Rect, events: readonly Event[], key: string, named: "with names" | "of one VM"): void {
  const { frame, theme, state } = p;
  const first = scrolled(state, key, rect.height, events.length);
  if (events.length === 0) frame.put(rect.x + 2, rect.y, noneThen(state, "event") ?? "No event yet. Each change of a VM, host or token will be listed here.", DIM, rect.width - 2);
  for (let row = 0; row < rect.height; row++) {
    const event = events[events.length - 1 - first - row];
    if (event === undefined) break;
    const look = style(eventRole(event));
    const time = rect.width >= 100 ? dayClock(event.time) : clock(event.time);
    const start = parts(p, rect.x + 1, rect.y + row, [
      [`${time} `, DIM], [`${eventSign(p, event)} `, look],
      named === "with names" ? [padCells(cut(vmLabel(state, event.vmId), NAME_WIDTH, theme.ellipsis), NAME_WIDTH + 1), TEXT] : null,
    ], rect.width - 1);
    const actor = event.actor === null ? "" : ` (${event.actor})`;
    const room = rect.x + rect.width - start - cellsOf(actor) - 1;
    const end = frame.put(start, rect.y + row, cut(event.message, room, theme.ellipsis), eventRole(event) === "dim" ? TEXT : look);
    frame.put(end, rect.y + row, actor, DIM, rect.x + rect.width - end);
  }
}

export function eventsPage(p: Painter, rect: Rect): void {
  const { state } = p;
  rule(p, rect, "events, newest first", `${state.events.length} kept here, times in UTC`);
  eventList(p, { ...rect, y: rect.y + 1, height: rect.height - 1 }, state.events, "events", "with names");
}

const OPERATION_ROLES: Record<Operation["state"], Role> = { RUNNING: "between", SUCCEEDED: "running", FAILED: "crashed", CANCELLED: "dim" };

function operationProgress(p: Painter, operation: Operation): string {
  const end = operation.endedAt ?? serverNow(p.state);
  const taken = longAge(end - operation.startedAt);
  return operation.state === "RUNNING" && operation.progressRatio !== null ? `${Math.round(operation.progressRatio * 100)}% ${taken}` : taken;
}

export function operationList(p: Painter, rect: Rect, operations: readonly Operation[], first: number, chosen: Operation | null): void {
  const { frame, theme, state } = p;
  if (operations.length === 0) frame.put(rect.x + 2, rect.y, noneThen(state, "operation") ?? "No operation yet. s on a VM starts it, and what that does is listed here.", DIM, rect.width - 2);
  operations.slice(first, first + rect.height).forEach((operation, row) => {
    const y = rect.y + row;
    const look: Style = style(OPERATION_ROLES[operation.state]);
    const start = parts(p, rect.x + 1, y, [
      [`${clock(operation.startedAt)} `, DIM], [words(operation.kind).padEnd(10), TEXT], [padCells(cut(vmLabel(state, operation.vmId), NAME_WIDTH, theme.ellipsis), NAME_WIDTH + 1), TEXT],
      [operation.state.toLowerCase().padEnd(10), look], [operationProgress(p, operation).padEnd(10), DIM], [`by ${operation.requestedBy}  `, DIM],
    ], rect.width - 2);
    frame.put(start, y, cut(operation.error ?? "", rect.x + rect.width - start - 1, theme.ellipsis), style("crashed"));
    if (operation === chosen) frame.invert(rect.x + 1, y, rect.width - 2);
  });
}

export function operationsPage(p: Painter, rect: Rect): void {
  const { state } = p;
  const chosen = selectedOperation(state);
  const index = chosen === null ? 0 : state.operations.indexOf(chosen);
  const running = state.operations.filter((operation) => operation.state === "RUNNING").length;
  rule(p, rect, "operations, newest first", `${running} under way, times in UTC`);
  const detail = chosen?.error ?? null;
  const height = rect.height - 1 - (detail === null ? 0 : 2);
  operationList(p, { ...rect, y: rect.y + 1, height }, state.operations, firstRow(index, height, state.operations.length), chosen);
  if (detail !== null) {
    rule(p, { ...rect, y: rect.y + rect.height - 2, height: 1 }, "why");
    p.frame.put(rect.x + 1, rect.y + rect.height - 1, cut(detail, rect.width - 2, p.theme.ellipsis), style("crashed"));
  }
}
