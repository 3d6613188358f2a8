// The lists of what happened: events, operations, and of one VM its events with its operations below. The newest stands
// first everywhere, and one row is chosen: the newest, until a person chooses another. Pure.
import type { Event, Operation } from "./model.js";
import { eventsOf, operationsOf, page, selectedVm } from "./select.js";
import type { Page, State } from "./state.js";

export type Row = { kind: "event"; id: string; event: Event } | { kind: "operation"; id: string; operation: Operation };

export function eventRows(events: readonly Event[]): Row[] {
  return events.toReversed().map((event) => ({ kind: "event", id: `event ${event.cursor}`, event }));
}

export function operationRows(operations: readonly Operation[]): Row[] {
  return operations.map((operation) => ({ kind: "operation", id: `operation ${operation.id}`, operation }));
}

/** What the page that is open lists, one row below the other; null: it has no such list. */
export function listedRows(state: State): readonly Row[] | null {
  const open = page(state);
  if (open === "events") return eventRows(state.events);
  if (open === "operations") return operationRows(state.operations);
  const vm = open === "vm" && state.ui.tab === "events" ? selectedVm(state) : null;
  return vm === null ? null : [...eventRows(eventsOf(state, vm.id)), ...operationRows(operationsOf(state, vm.id))];
}

/** Null while there is none. What is chosen is kept by id: rows come above it. */
export function chosenRow(state: State, rows: readonly Row[] | null = listedRows(state)): Row | null {
  const chosen = state.ui.chosenRows[page(state)];
  return rows?.find(({ id }) => id === chosen) ?? rows?.[0] ?? null;
}

/** At the first row one more step up follows the newest again. */
export function moveRow(state: State, rows: readonly Row[], by: number): State {
  const chosen = chosenRow(state, rows);
  const at = Math.max(0, rows.findIndex((row) => row === chosen));
  const next = at + by < 0 ? null : (rows[Math.min(rows.length - 1, at + by)] ?? null);
  return withChosen(state, next?.id);
}

/** The state with another row chosen on the open page, to be read from its start. */
function withChosen(state: State, id: string | undefined): State {
  const chosenRows: Partial<Record<Page, string | undefined>> = { ...state.ui.chosenRows, [page(state)]: id };
  return { ...state, ui: { ...state.ui, chosenRows, readFrom: 0 } };
}
