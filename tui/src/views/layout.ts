// Where everything stands on a screen of a given size. Pure arithmetic; the dashboard asks it for the console's size too.
import { COMPACT_ROWS, GRAPH_ROWS } from "./host-panel.js";
import { FOOTER_ROWS } from "./footer.js";
import type { Rect } from "./frame.js";
import { SELECTION_LINES_ROWS } from "./selection-lines.js";
import { selectedVm, visibleVms } from "../store/select.js";
import type { State } from "../store/state.js";
import { TABLE_HEAD_ROWS } from "./vm-table.js";

export interface Size { columns: number; rows: number }
/** The smallest screen the layout is made for. */
export const LEAST: Size = { columns: 80, rows: 24 };
/** From here on the selected VM's graphs stand beside the table; on a narrower screen with enough rows, below it. */
const WIDE_COLUMNS = 160;
const BELOW_FROM_ROWS = 30;
/** From here on the host has graphs instead of lines. */
const TALL_ROWS = 44;
const TALL_COLUMNS = 120;
/** Share of the table in the width beside graphs, and of the graphs in the height below it. */
const TABLE_RATIO = 0.6;
const BELOW_RATIO = 0.45;

export interface Layout {
  hostPanel: "graphs" | "compact";
  host: Rect;
  table: Rect;
  /** Beside the table; null on a narrow screen. */
  side: Rect | null;
  /** Below the table; null on a wide or a low screen. */
  below: Rect | null;
  /** Graphs of a row each at the foot of the table, where it has rows to spare and no others are shown; else null. */
  lines: Rect | null;
  /** The whole of a page below the header. */
  body: Rect;
  /** The pane of the console with its title line; null while none is open. */
  console: Rect | null;
}

export function isTooSmall(size: Size): boolean {
  return size.columns < LEAST.columns || size.rows < LEAST.rows;
}

/** Cells that the table has of a screen so wide. */
export function tableWidthOn(columns: number): number {
  return columns >= WIDE_COLUMNS ? Math.floor(columns * TABLE_RATIO) : columns;
}

export function layoutOf(state: State, size: Size): Layout {
  const { columns, rows } = size;
  const bodyRows = rows - 1 - FOOTER_ROWS;
  const open = state.ui.console;
  const consoleRows = open === null ? 0 : Math.max(8, Math.floor(rows / 2));
  const console: Rect | null =
    open === null ? null
    : open.view === "full" ? { x: 0, y: 0, width: columns, height: rows }
    : { x: 0, y: 1 + bodyRows - consoleRows, width: columns, height: consoleRows };
  const left = bodyRows - (open === null ? 0 : consoleRows);
  const hostPanel = left >= TALL_ROWS - 1 - FOOTER_ROWS && columns >= TALL_COLUMNS ? "graphs" : "compact";
  const hostRows = hostPanel === "graphs" ? GRAPH_ROWS : COMPACT_ROWS;
  const tableWidth = tableWidthOn(columns);
  const y = 1 + hostRows;
  const height = left - hostRows;
  const hasGraphs = tableWidth < columns || left >= BELOW_FROM_ROWS;
  const belowRows = hasGraphs && tableWidth === columns ? Math.floor(height * BELOW_RATIO) : 0;
  const spare = height - TABLE_HEAD_ROWS - visibleVms(state).length;
  const lineRows = !hasGraphs && selectedVm(state) !== null && spare >= SELECTION_LINES_ROWS ? SELECTION_LINES_ROWS : 0;
  return {
    hostPanel,
    host: { x: 0, y: 1, width: columns, height: hostRows },
    table: { x: 0, y, width: tableWidth, height: height - belowRows - lineRows },
    side: tableWidth < columns ? { x: tableWidth, y, width: columns - tableWidth, height } : null,
    below: belowRows === 0 ? null : { x: 0, y: y + height - belowRows, width: columns, height: belowRows },
    lines: lineRows === 0 ? null : { x: 0, y: y + height - lineRows, width: columns, height: lineRows },
    body: { x: 0, y: 1, width: columns, height: left },
    console,
  };
}

/** Columns and rows of the terminal inside the console's pane: below its title line. */
export function consoleSize(state: State, size: Size): Size | null {
  const rect = layoutOf(state, size).console;
  return rect === null ? null : { columns: rect.width, rows: rect.height - 1 };
}
