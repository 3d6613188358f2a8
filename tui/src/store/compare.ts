// Which VMs are compared in one graph: those that are marked, else the chosen one. Pure.
import type { Vm } from "./model.js";
import { selectedVm } from "./select.js";
import type { State } from "./state.js";

/** Lines that can be told apart in one graph: the palette has as many colours for them. */
export const COMPARED_MAX = 6;

export function comparedVms(state: State): Vm[] {
  const marked = [...state.ui.marks].flatMap((id) => state.vms.get(id) ?? []);
  const chosen = selectedVm(state);
  return (marked.length > 0 || chosen === null ? marked : [chosen]).slice(0, COMPARED_MAX);
}
