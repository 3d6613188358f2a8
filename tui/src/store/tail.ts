// Whose console's last lines are looked at now, if any: the feed follows that one console and no other. Pure.
import { page, selectedVm } from "./select.js";
import type { State } from "./state.js";

/** The overview shows console lines beside the table on screens at least this wide and with at least so many rows below the header. */
export const TAIL_COLUMNS = 160;
export const TAIL_BODY_ROWS = 44;

/** The VM whose console's last lines are shown; null: none are. */
export function tailOf(state: State): string | null {
  const { ui } = state;
  const vm = selectedVm(state);
  if (vm === null || ui.console !== null) return null;
  const here = page(state);
  if (here === "vm") return ui.tab === "console" ? vm.id : null;
  return here === "overview" && ui.columns >= TAIL_COLUMNS && ui.bodyRows >= TAIL_BODY_ROWS ? vm.id : null;
}
