// The pages on which columns and saved views are chosen: a list with a cursor.
import { sortText } from "../store/columns.js";
import { columnLines, viewLines } from "../store/table-choice.js";
import type { ColumnId } from "../store/columns.js";
import type { SavedView } from "../store/settings.js";
import type { State } from "../store/state.js";
import { padCells } from "../width.js";
import type { Rect } from "./frame.js";
import { cut } from "./format.js";
import { tableWidthOn } from "./layout.js";
import { nameNeedsOf } from "./names.js";
import { DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { COLUMNS, fittingColumns } from "./vm-columns.js";
import { firstRow } from "./vm-table.js";

/** Cells of a column's head, and of a view's name, before what is said of it. */
const HEAD_CELLS = 14;
const VIEW_NAME_CELLS = 20;

/** The columns that the table shows on a screen of this width. */
export function shownColumns({ ui, vms }: State, screenColumns: number): ColumnId[] {
  return fittingColumns(tableWidthOn(screenColumns), ui.tableColumns, nameNeedsOf(vms)).map(({ id }) => id);
}

export function columnsPage(p: Painter, rect: Rect): void {
  const { state, theme } = p;
  const { tableColumns } = state.ui;
  const shown = new Set(shownColumns(state, p.frame.width));
  const lines = columnLines(state).map((id) => {
    if (id === null) return `${box(tableColumns === null)} as many as fit`;
    const column = COLUMNS.find((one) => one.id === id);
    const isChosen = tableColumns === null ? shown.has(id) : tableColumns.includes(id);
    const note = isChosen && !shown.has(id) ? " (no room on this screen)" : "";
    return `${box(isChosen)} ${padCells(column?.title(theme, state.ui.cpuScale) ?? id, HEAD_CELLS)}${column?.help ?? ""}${note}`;
  });
  list(p, rect, "columns of the table", "space: on or off, ←→: move, Ctrl-s: keep", lines);
}

export function viewsPage(p: Painter, rect: Rect): void {
  const { state } = p;
  const lines = viewLines(state).map((view) => (view === null ? "(without a view)" : `${padCells(cut(view.name, VIEW_NAME_CELLS, p.theme.ellipsis), VIEW_NAME_CELLS + 1)}${viewText(view)}`));
  list(p, rect, "saved views", "Enter: wear it, Ctrl-s: save the table as one", lines);
  if (state.settings.views.length === 0) p.frame.put(rect.x + 3, rect.y + 3, "No view is saved yet. Set the table as you like it; Ctrl-s here names it.", DIM, rect.width - 4);
}

function viewText({ filter, columns, sort }: SavedView): string {
  const parts = [filter === null ? "" : `/${filter}`, sort === null ? "" : `by ${sortText(sort)}`, columns === null ? "" : columns.join(" ")];
  return parts.filter((part) => part !== "").join("   ");
}

function box(isOn: boolean): string {
  return isOn ? "[x]" : "[ ]";
}

function list(p: Painter, rect: Rect, title: string, remark: string, lines: readonly string[]): void {
  const { frame, theme } = p;
  const chosen = choiceOf(p.state, lines.length);
  rule(p, { ...rect, height: 1 }, title, remark);
  const height = rect.height - 1;
  const first = firstRow(chosen, height, lines.length);
  lines.slice(first, first + height).forEach((line, row) => {
    const y = rect.y + 1 + row;
    frame.put(rect.x + 2, y, cut(line, rect.width - 3, theme.ellipsis), TEXT);
    frame.clickable({ ...rect, y, height: 1 }, { kind: "line", index: first + row, chosen });
    if (first + row === chosen) frame.invert(rect.x + 1, y, rect.width - 2);
  });
}

function choiceOf(state: State, lines: number): number {
  return Math.min(state.ui.choice, lines - 1);
}
