// The root of the reducers: one pure step from state and action to the next state. Rings are the exception by design:
// they grow in place, because copying five minutes of every VM each second would be the dashboard's whole cost.
import type { Action } from "./actions.js";
import { BULK_ACTIONS, reduceBulk } from "./bulk.js";
import type { BulkAction } from "./bulk.js";
import { ALERT_ACTIONS, reduceAlerts } from "./alerts.js";
import type { AlertAction } from "./alerts.js";
import { reduceConfirm } from "./confirm.js";
import { EDITING_ACTIONS, reduceEditing } from "./editing.js";
import type { EditingAction } from "./editing.js";
import { FORM_ACTIONS, reduceForm } from "./form.js";
import type { FormAction } from "./form.js";
import { MARK_ACTIONS, keepMarks, reduceMarks } from "./marks.js";
import type { MarkAction } from "./marks.js";
import { MEMORY_ACTIONS, reduceMemory } from "./memory.js";
import type { MemoryAction } from "./memory.js";
import { reduceData } from "./reduce-data.js";
import { reduceTarget } from "./targets.js";
import { UNDO_ACTIONS, reduceUndo } from "./undo.js";
import type { UndoAction } from "./undo.js";
import { WHY_ACTIONS, reduceWhy } from "./why.js";
import type { WhyAction } from "./why.js";
import { withLog } from "./log.js";
import { withoutOldNotice } from "./notices.js";
import { asOf, withUiOf } from "./as-of.js";
import { PAST_ACTIONS, reducePast } from "./past.js";
import type { PastAction } from "./past.js";
import { reduceView } from "./reduce-view.js";
import { keepSelection } from "./select.js";
import type { State } from "./state.js";

const DATA_ACTIONS = new Set([
  "tick", "connection", "welcomed", "health", "vmsListed", "vmChanged", "samples", "hostSample", "detail", "partHistory", "vmRecord", "consoleTail", "vmHistory", "hostHistory",
  "events", "operations", "definition", "matches", "alerts",
]);

function isData(action: Action): action is Parameters<typeof reduceData>[1] {
  return DATA_ACTIONS.has(action.type);
}

function isMark(action: Action): action is MarkAction {
  return MARK_ACTIONS.has(action.type);
}

function isMemory(action: Action): action is MemoryAction {
  return MEMORY_ACTIONS.has(action.type);
}

function isBulk(action: Action): action is BulkAction {
  return BULK_ACTIONS.has(action.type);
}

function isPast(action: Action): action is PastAction {
  return PAST_ACTIONS.has(action.type);
}

function isUndo(action: Action): action is UndoAction {
  return UNDO_ACTIONS.has(action.type);
}

function isWhy(action: Action): action is WhyAction {
  return WHY_ACTIONS.has(action.type);
}

function isAlert(action: Action): action is AlertAction {
  return ALERT_ACTIONS.has(action.type);
}

function isForm(action: Action): action is FormAction {
  return FORM_ACTIONS.has(action.type);
}

function isEditing(action: Action): action is EditingAction {
  return EDITING_ACTIONS.has(action.type);
}

export function reduce(state: State, action: Action): State {
  const next = withLog(state, withoutOldNotice(state, step(state, action), action), action);
  if (next.past.at !== null || state.past.at !== null) return keptThen(state, next);
  return next.vms === state.vms && next.ui.filter === state.ui.filter && next.matches === state.matches ? next : keepSelection(keepMarks(next));
}

/** As below, of what is seen: VMs of the past come and go with the instant. */
function keptThen(state: State, next: State): State {
  const isSame = next.past === state.past && next.ui.filter === state.ui.filter && next.matches === state.matches;
  if (isSame || (next.past.at !== null && next.past.frame === null)) return next;
  const seen = asOf(next);
  const kept = keepSelection(seen);
  return kept === seen ? next : next.past.at === null ? kept : withUiOf(next, kept);
}

function step(state: State, action: Action): State {
  if (isData(action)) return reduceData(state, action);
  if (isMark(action)) return reduceMarks(state, action);
  if (isUndo(action)) return reduceUndo(state, action);
  if (isMemory(action)) return reduceMemory(state, action);
  if (action.type === "targetJudged") return reduceTarget(state, action);
  if (action.type === "judged") return reduceConfirm(state, action);
  if (isAlert(action)) return reduceAlerts(state, action);
  if (isForm(action)) return reduceForm(state, action);
  if (isEditing(action)) return reduceEditing(state, action);
  if (isPast(action)) return reducePast(state, action);
  if (isBulk(action)) return reduceBulk(state, action);
  // What keys move and choose is what the person sees.
  const seen = asOf(state);
  const next = isWhy(action) ? reduceWhy(seen, action) : reduceView(seen, action);
  return next === seen ? state : seen === state ? next : withUiOf(state, next);
}
