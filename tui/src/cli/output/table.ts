// Tables of text: columns as wide as their widest cell, numbers to the right. Pure.

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Columns that a character takes, near enough for names: East Asian wide forms and emoji take two. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu;
const ZERO = /\p{Mn}/gu;

export function displayWidth(text: string): number {
  return Array.from(text).length + (text.match(WIDE)?.length ?? 0) - (text.match(ZERO)?.length ?? 0);
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const gap = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? gap + text : text + gap;
}

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
    widths[x] = rows.reduce((widest, row) => Math.max(widest, displayWidth(row[x] ?? "")), Math.max(widths[x] ?? 0, displayWidth(column.title)));
  }
  const line = (cells: readonly string[], y: number): string =>
    columns
      .map((column, x) => {
        const isLast = x === columns.length - 1;
        const cell = cells[x] ?? "";
        const padded = isLast && column.align !== "right" ? cell : pad(cell, widths[x] ?? 0, column.align ?? "left");
        return y < 0 ? padded : paint(padded, y, x);
      })
      .join("  ")
      .trimEnd();
  return [line(columns.map((column) => column.title), -1), ...rows.map((row, y) => line(row, y))];
}

/** "Label: value" lines with the values in one column; rows whose value is undefined are left out. */
export function fieldLines(fields: readonly (readonly [string, string | undefined])[]): string[] {
  const shown = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(0, ...shown.map(([label]) => displayWidth(label)));
  return shown.map(([label, value]) => `${pad(label, width, "left")}  ${value}`);
}
