// The root of the reducers: one pure step from state and action to the next state. Rings are the exception by design:
// they grow in place, because copying five minutes of every VM each second would be the dashboard's whole cost.
import type { Action } from "./actions.js";
import { reduceData } from "./reduce-data.js";
import { withLog } from "./log.js";
import { reduceView } from "./reduce-view.js";
import { keepSelection } from "./select.js";
import type { State } from "./state.js";

const DATA_ACTIONS = new Set([
  "tick", "connection", "welcomed", "health", "vmsListed", "vmChanged", "samples", "hostSample", "detail", "vmRecord", "consoleTail", "vmHistory", "hostHistory",
  "events", "operations", "definition",
]);

function isData(action: Action): action is Parameters<typeof reduceData>[1] {
  return DATA_ACTIONS.has(action.type);
}

export function reduce(state: State, action: Action): State {
  const next = withLog(state, isData(action) ? reduceData(state, action) : reduceView(state, action), action);
  return next.vms === state.vms && next.ui.filter === state.ui.filter ? next : keepSelection(next);
}
