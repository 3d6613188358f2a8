// A small table whose columns stand where they stand, whatever is in them: a longer number never moves its neighbours.
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { UNKNOWN, cut } from "./format.js";
import { DIM, TEXT } from "./painter.js";
import type { Painter } from "./painter.js";

export interface FixedColumn<Row> {
  title: string;
  width: number;
  align: "left" | "right";
  text: (row: Row) => string;
  /** How a text that is too long is cut; absent: at its end. */
  cut?: (text: string, width: number, mark: string) => string;
  look?: (row: Row) => Style;
}

/** From this width on two cells lie between columns. */
const AIRY_FROM_CELLS = 100;

/** Cells from one column's end to the next one's start. */
export function columnGap(width: number): number {
  return width >= AIRY_FROM_CELLS ? 2 : 1;
}

/** Paints a head and the rows from `first` on; the last column may take what is left of the width. */
export function fixedTable<Row>(p: Painter, rect: Rect, columns: readonly FixedColumn<Row>[], rows: readonly Row[], first = 0): void {
  head(p, rect, columns);
  rows.slice(first, first + rect.height - 1).forEach((row, index) => {
    cells(p, rect, rect.y + 1 + index, columns, (column) => {
      const text = column.text(row);
      return [text, column.look?.(row) ?? (text === UNKNOWN ? DIM : TEXT)];
    });
  });
}

function head<Row>(p: Painter, rect: Rect, columns: readonly FixedColumn<Row>[]): void {
  cells(p, rect, rect.y, columns, ({ title }) => [title, style("dim")]);
}

function cells<Row>(p: Painter, rect: Rect, y: number, columns: readonly FixedColumn<Row>[], of: (column: FixedColumn<Row>) => readonly [string, Style]): void {
  const right = rect.x + rect.width;
  let x = rect.x;
  for (const column of columns) {
    const width = Math.min(column.width, right - x);
    if (width <= 0) return;
    const [text, look] = of(column);
    const shown = (column.cut ?? cut)(text, width, p.theme.ellipsis);
    p.frame.put(x, y, column.align === "right" ? shown.padStart(width) : shown, look, width);
    x += column.width + columnGap(rect.width);
  }
}
