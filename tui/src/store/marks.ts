// Which VMs are marked, and whom a verb is meant for. Marks are ids, so that a new order moves rows and not marks; a
// deleted VM loses its mark. It knows no verb and no key.
import { isAnswered } from "./filter.js";
import type { Vm } from "./model.js";
import { page, selectedVm, visibleVms } from "./select.js";
import type { State, Ui } from "./state.js";

export type MarkAction =
  /** The row under the cursor, turned round; the cursor steps down, so that repeating marks a run. */
  | { type: "markToggle" }
  /** Every row from the last one marked to the cursor. */
  | { type: "markRange" }
  /** Every row shown; when all are marked already, none of them. */
  | { type: "markShown" }
  | { type: "markNone" };

/** What is shown may then be more than the filter finds. */
const NOT_ANSWERED = "The server has not said yet what the filter finds; nothing was marked.";

export const MARK_ACTIONS: ReadonlySet<string> = new Set<MarkAction["type"]>(["markToggle", "markRange", "markShown", "markNone"]);

export function reduceMarks(state: State, action: MarkAction): State {
  switch (action.type) {
    case "markToggle": return toggled(state);
    case "markRange": return ranged(state);
    case "markShown": return allShown(state);
    case "markNone": return withMarks(state, { marks: new Set(), markAnchor: null });
  }
}

function withMarks(state: State, change: Pick<Ui, "marks" | "markAnchor"> & Partial<Ui>): State {
  return { ...state, ui: { ...state.ui, ...change } };
}

function toggled(state: State): State {
  const rows = visibleVms(state);
  const index = rows.findIndex((vm) => vm.id === state.ui.selectedVmId);
  const chosen = rows[index];
  if (chosen === undefined) return state;
  const marks = new Set(state.ui.marks);
  const isMarkedNow = !marks.delete(chosen.id);
  if (isMarkedNow) marks.add(chosen.id);
  const selectedVmId = rows[index + 1]?.id ?? chosen.id;
  return withMarks(state, { marks, markAnchor: isMarkedNow ? chosen.id : null, selectedVmId });
}

/** Without a row to start from (nothing marked yet, or it is not shown) the range is the cursor's row alone. */
function ranged(state: State): State {
  const rows = visibleVms(state);
  const cursor = rows.findIndex((vm) => vm.id === state.ui.selectedVmId);
  const chosen = rows[cursor];
  if (chosen === undefined) return state;
  const anchor = rows.findIndex((vm) => vm.id === state.ui.markAnchor);
  const from = anchor === -1 ? cursor : Math.min(anchor, cursor);
  const to = anchor === -1 ? cursor : Math.max(anchor, cursor);
  const marks = new Set(state.ui.marks);
  for (const vm of rows.slice(from, to + 1)) marks.add(vm.id);
  return withMarks(state, { marks, markAnchor: chosen.id });
}

function allShown(state: State): State {
  if (!isAnswered(state)) return withMarks(state, { ...state.ui, notice: { tone: "error", text: NOT_ANSWERED, at: state.now } });
  const rows = visibleVms(state);
  const marks = new Set(state.ui.marks);
  const isWhole = rows.every((vm) => marks.has(vm.id));
  for (const vm of rows) {
    if (isWhole) marks.delete(vm.id);
    else marks.add(vm.id);
  }
  return withMarks(state, { marks, markAnchor: null });
}

/** After VMs came or went: only those that are there keep their mark. */
export function keepMarks(state: State): State {
  const { marks, markAnchor } = state.ui;
  if (marks.size === 0) return state;
  const kept = [...marks].filter((id) => state.vms.has(id));
  if (kept.length === marks.size) return state;
  return withMarks(state, { marks: new Set(kept), markAnchor: markAnchor !== null && state.vms.has(markAnchor) ? markAnchor : null });
}

/** The marked VMs: those shown in the table's order, then those a filter hides, by name. */
export function markedVms(state: State): Vm[] {
  const shown = visibleVms(state).filter((vm) => state.ui.marks.has(vm.id));
  if (shown.length === state.ui.marks.size) return shown;
  const isShown = new Set(shown.map((vm) => vm.id));
  const hidden = [...state.vms.values()].filter((vm) => state.ui.marks.has(vm.id) && !isShown.has(vm.id));
  return [...shown, ...hidden.sort((a, b) => (a.label < b.label ? -1 : 1))];
}

/** Whom a verb is meant for: on the overview the marked VMs, where there are none and elsewhere the chosen one. */
export function targets(state: State): readonly Vm[] {
  if (actsOnMarks(state)) return markedVms(state);
  const chosen = selectedVm(state);
  return chosen === null ? [] : [chosen];
}

export function actsOnMarks(state: State): boolean {
  return page(state) === "overview" && state.ui.marks.size > 0;
}

/** "3 marked", with how many of them the filter hides; empty without marks. */
export function marksText(state: State): string {
  const { size } = state.ui.marks;
  if (size === 0) return "";
  const shown = visibleVms(state).reduce((count, vm) => (state.ui.marks.has(vm.id) ? count + 1 : count), 0);
  return `${size} marked${shown === size ? "" : ` (${size - shown} hidden)`}`;
}
