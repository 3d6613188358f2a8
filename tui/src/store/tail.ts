// Whose console's last lines are looked at now, if any: the feed follows that one console and no other. Pure.
import { page, selectedVm } from "./select.js";
import type { State } from "./state.js";

/** The overview shows console lines beside the table on screens at least this wide and with at least so many rows below the header. */
export const TAIL_COLUMNS = 160;
export const TAIL_BODY_ROWS = 44;

/** The VM whose console's last lines are shown; null: none are, or it has no open console. */
export function tailOf(state: State): string | null {
  const { ui } = state;
  const vm = selectedVm(state);
  if (vm === null || ui.console !== null || vm.state === "STOPPED" || vm.state === "DEFINED" || vm.state === "CRASHED") return null;
  if (page(state) === "vm") return ui.tab === "console" ? vm.id : null;
  return tailIsBeside(state) ? vm.id : null;
}

/** Whether the overview has room for a console's last lines. */
export function tailIsBeside(state: State): boolean {
  return page(state) === "overview" && state.ui.columns >= TAIL_COLUMNS && state.ui.bodyRows >= TAIL_BODY_ROWS;
}
