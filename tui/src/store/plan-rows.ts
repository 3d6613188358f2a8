// The rows of a plan: which one is chosen, and what of it is told whole below the list, to be read on where that is more
// than its place. Pure; where the lines stand is the view's.
import { wrappedWhole } from "../wrap.js";
import type { Bulk, BulkItem } from "./bulk.js";
import type { State } from "./state.js";

/** Of the page a fifth, at least what a reason needs on the smallest screen. */
const DETAIL_RATIO = 0.2;
const DETAIL_ROWS_MIN = 3;
const DETAIL_ROWS_MAX = 8;

/** Rows of the page, of so many, in which the chosen row is told. */
export function planDetailRows(rows: number): number {
  return Math.max(DETAIL_ROWS_MIN, Math.min(DETAIL_ROWS_MAX, Math.floor(rows * DETAIL_RATIO)));
}

export function chosenIndex(state: State, { items }: Bulk): number {
  return Math.max(0, Math.min(state.ui.scroll["plan"] ?? 0, items.length - 1));
}

export function movePlan(state: State, by: number): State {
  const { bulk } = state.ui;
  if (bulk === null) return state;
  const plan = Math.max(0, Math.min(chosenIndex(state, bulk) + by, bulk.items.length - 1));
  return { ...state, ui: { ...state.ui, scroll: { ...state.ui.scroll, plan }, readFrom: 0 } };
}

/** What is known of one VM's part in the plan, in the server's words. */
function planText({ judgement, reason }: BulkItem): string {
  if (reason !== null) return reason;
  if (judgement === null) return "The server is being asked what would happen.";
  return judgement.can ? judgement.effect : judgement.reason;
}

/** Nothing of it is left out. */
export function planLines(item: BulkItem, width: number): string[] {
  return wrappedWhole(planText(item), width);
}

/** Cells at the sides of the page that carry no text. */
export const PLAN_MARGIN_CELLS = 2;

/** Reads the chosen row on, or back, by as much as its place shows. */
export function readPlan(state: State, by: 1 | -1): State {
  const { bulk, bodyRows, columns, readFrom } = state.ui;
  const item = bulk?.items[chosenIndex(state, bulk)];
  if (item === undefined) return state;
  const rows = planDetailRows(bodyRows);
  const most = Math.max(0, planLines(item, columns - PLAN_MARGIN_CELLS).length - rows);
  return { ...state, ui: { ...state.ui, readFrom: Math.max(0, Math.min(most, readFrom + by * rows)) } };
}

/** A reason as it stands behind its VM's name: the name is not told again. */
export function withoutName(reason: string, { vmId, label }: Pick<BulkItem, "vmId" | "label">): string {
  for (const name of [vmId, label]) {
    const lead = `VM "${name}": `;
    if (reason.startsWith(lead)) return reason.slice(lead.length);
  }
  return reason;
}
