// The pages that list events and operations, and the sections of both that the VM's tab shows too.
import type { Event, Operation } from "../store/model.js";
import { eventRows, operationRows } from "../store/rows.js";
import type { State } from "../store/state.js";
import type { Rect } from "./frame.js";
import type { Names } from "./lists.js";
import type { Painter } from "./painter.js";
import { noneThen } from "./past-words.js";
import { rowLists } from "./row-lists.js";
import type { Section } from "./row-lists.js";

export function eventSection(state: State, events: readonly Event[], remark: string, names: Names): Section {
  const none = noneThen(state, "event") ?? "No event yet. Each change of a VM, host or token will be listed here.";
  return { title: "events, newest first", remark, rows: eventRows(events), none, names };
}

export function eventsPage(p: Painter, rect: Rect): void {
  const { state } = p;
  rowLists(p, rect, [eventSection(state, state.events, `${state.events.length} kept here, times in UTC`, "with names")]);
}

export function operationSection(state: State, operations: readonly Operation[], remark: string): Section {
  const none = noneThen(state, "operation") ?? "No operation yet. s on a VM starts it, and what that does is listed here.";
  return { title: "operations, newest first", remark, rows: operationRows(operations), none, names: "with names" };
}

export function operationsPage(p: Painter, rect: Rect): void {
  const { state } = p;
  const running = state.operations.filter((operation) => operation.state === "RUNNING").length;
  rowLists(p, rect, [operationSection(state, state.operations, `${running} under way, times in UTC`)]);
}
