// Tables of text: columns as wide as their widest cell, numbers to the right. Pure.
import { cellsOf, padCells, paintedText } from "../../width.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Cells between two columns. */
export const GAP = 2;

/**
 * Lines of the table, the title line first, without trailing blanks. `paint` may colour a padded cell. `widths` is what
 * the columns have at least, and becomes what they got: a table that goes on below itself keeps its columns.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: (cell: string, row: number, column: number) => string = (cell) => cell,
  widths: number[] = [],
): string[] {
  for (const [x, column] of columns.entries()) {
    widths[x] = rows.reduce((widest, row) => Math.max(widest, cellsOf(row[x] ?? "")), Math.max(widths[x] ?? 0, cellsOf(column.title)));
  }
  const line = (cells: readonly string[], y: number): string =>
    columns
      .map((column, x) => {
        const isLast = x === columns.length - 1;
        const cell = paintedText(cells[x] ?? "");
        const padded = isLast && column.align !== "right" ? cell : padCells(cell, widths[x] ?? 0, column.align ?? "left");
        return y < 0 ? padded : paint(padded, y, x);
      })
      .join(" ".repeat(GAP))
      .trimEnd();
  return [line(columns.map((column) => column.title), -1), ...rows.map((row, y) => line(row, y))];
}

/** "Label: value" lines with the values in one column; rows whose value is undefined are left out. */
export function fieldLines(fields: readonly (readonly [string, string | undefined])[]): string[] {
  const shown = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(0, ...shown.map(([label]) => cellsOf(label)));
  return shown.map(([label, value]) => `${padCells(label, width, "left")}  ${value}`);
}
