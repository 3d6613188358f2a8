// Which columns the table has and which saved view it wears, as chosen on the pages for that. Pure.
import { AUTOMATIC_COLUMNS, COLUMN_IDS } from "./columns.js";
import type { ColumnId } from "./columns.js";
import { filtered } from "./filter.js";
import type { SavedView, Settings } from "./settings.js";
import type { State, Ui } from "./state.js";

export type TableAction =
  /** `shown`: the columns on the screen, which a choice starts from where none has been made. */
  | { type: "toggleColumn"; shown: readonly ColumnId[] }
  | { type: "shiftColumn"; by: 1 | -1; shown: readonly ColumnId[] }
  | { type: "wearView"; view: SavedView }
  | { type: "pointAt"; vmId: string }
  | { type: "settings"; settings: Settings }
  /** Wrong lines of config.yaml, beside those told of before; the views named lose their filters. */
  | { type: "settingsFaults"; faults: readonly FaultLine[]; views: readonly string[] };

/** A wrong line of config.yaml, and a paintable sentence that names it. */
export interface FaultLine { line: number; text: string }

/** The lines of the page on which columns are chosen: null is "as many as fit". */
export function columnLines({ ui }: State): (ColumnId | null)[] {
  const chosen = ui.tableColumns ?? AUTOMATIC_COLUMNS;
  return [null, ...chosen, ...COLUMN_IDS.filter((id) => !chosen.includes(id))];
}

/** The lines of the page of saved views: null is the table as it is without one. */
export function viewLines({ settings }: State): (SavedView | null)[] {
  return [null, ...settings.views];
}

/** The line under the cursor on one of the two pages. */
export function chosenLine<Line>(state: State, lines: readonly Line[]): Line | undefined {
  return lines[Math.min(state.ui.choice, lines.length - 1)];
}

export function moveChoice(state: State, by: number, lines: number): State {
  return withUi(state, { choice: Math.max(0, Math.min(lines - 1, state.ui.choice + by)) });
}

export function reduceTable(state: State, action: TableAction): State {
  switch (action.type) {
    case "toggleColumn":
      return toggle(state, action.shown);
    case "shiftColumn":
      return shift(state, action);
    case "wearView": {
      const { filter, columns, sort } = action.view;
      return withUi(filtered(state, filter ?? state.ui.filter), { tableColumns: columns ?? state.ui.tableColumns, sort: sort ?? state.ui.sort });
    }
    case "pointAt":
      return state.vms.has(action.vmId) ? withUi(state, { selectedVmId: action.vmId }) : state;
    case "settings":
      return { ...state, settings: action.settings };
    case "settingsFaults":
      return withFaults(state, action);
  }
}

/** How many there are and the first of the file at once, whoever found them when; the log has each. */
function withFaults(state: State, { faults, views }: Extract<TableAction, { type: "settingsFaults" }>): State {
  const settingsFaults = [...state.settingsFaults, ...faults].sort((a, b) => a.line - b.line);
  const first = settingsFaults[0]?.text ?? "";
  const text = settingsFaults.length === 1 ? first : `config.yaml has ${settingsFaults.length} faults (l: all), the first: ${first}`;
  const settings = { ...state.settings, views: state.settings.views.map((view) => (views.includes(view.name) ? { ...view, filter: null } : view)) };
  return withUi({ ...state, settings, settingsFaults }, { notice: { tone: "error", text, at: state.now } });
}

/** The name stays: a row without one says nothing. */
function toggle(state: State, shown: readonly ColumnId[]): State {
  const id = chosenLine(state, columnLines(state));
  if (id === null) return withUi(state, { tableColumns: state.ui.tableColumns === null ? [...shown] : null });
  if (id === undefined || id === "name") return state;
  const before = state.ui.tableColumns ?? shown;
  const tableColumns = before.includes(id) ? before.filter((one) => one !== id) : [...before, id];
  // The cursor goes with the column, so that pressing again takes it back.
  return follow(withUi(state, { tableColumns }), id);
}

function shift(state: State, { by, shown }: { by: 1 | -1; shown: readonly ColumnId[] }): State {
  const id = chosenLine(state, columnLines(state));
  const before = [...(state.ui.tableColumns ?? shown)];
  const from = id === null || id === undefined ? -1 : before.indexOf(id);
  const to = from + by;
  if (from === -1 || id === null || id === undefined || to < 0 || to >= before.length) return state;
  before.splice(from, 1);
  before.splice(to, 0, id);
  return follow(withUi(state, { tableColumns: before }), id);
}

function follow(state: State, id: ColumnId): State {
  return withUi(state, { choice: columnLines(state).indexOf(id) });
}

function withUi(state: State, change: Partial<Ui>): State {
  return { ...state, ui: { ...state.ui, ...change } };
}
