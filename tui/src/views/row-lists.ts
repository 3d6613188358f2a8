// Lists of what happened, newest first, with a chosen row that is told whole: beside the list on a wide screen, else below
// it. The one way in which events and operations are listed; what a row holds is the store's to say.
import { FACT_GAP, placeOfReading, readingLines } from "../store/reading.js";
import type { Place, ReadingLine } from "../store/reading.js";
import { chosenRow } from "../store/rows.js";
import type { Row } from "../store/rows.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { eventRole, eventRow, operationRole, operationRow } from "./lists.js";
import type { Names } from "./lists.js";
import { DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { firstRow } from "./vm-table.js";

export interface Section {
  title: string;
  remark: string;
  rows: readonly Row[];
  /** Said where there are none. */
  none: string;
  names: Names;
}

/** Rows of a second list, its rule included: of a low screen a third. */
const SECOND_RATIO = 0.35;
const SECOND_ROWS_MIN = 4;

export function rowLists(p: Painter, rect: Rect, sections: readonly [Section, ...Section[]]): void {
  const all = sections.flatMap(({ rows }) => rows);
  const chosen = chosenRow(p.state, all);
  const place = placeOfReading(rect.width, rect.height);
  const left = chosen === null ? rect : place.where === "beside" ? { ...rect, width: rect.width - place.columns } : { ...rect, height: rect.height - place.rows - 1 };
  const [first, second] = sections;
  const below = second === undefined ? 0 : Math.max(SECOND_ROWS_MIN, Math.floor(left.height * SECOND_RATIO));
  list(p, { ...left, height: left.height - below }, first, all, chosen);
  if (second !== undefined) list(p, { ...left, y: left.y + left.height - below, height: below }, second, all, chosen);
  if (chosen !== null) reading(p, place.where === "beside" ? { ...rect, x: left.width, width: place.columns } : { ...rect, y: left.y + left.height, height: place.rows + 1 }, chosen, place);
}

function list(p: Painter, rect: Rect, { title, remark, rows, none, names }: Section, all: readonly Row[], chosen: Row | null): void {
  const { frame } = p;
  rule(p, { ...rect, height: 1 }, title, remark);
  if (rows.length === 0) frame.put(rect.x + 2, rect.y + 1, none, DIM, rect.width - 3);
  const height = rect.height - 1;
  const index = chosen === null ? -1 : rows.indexOf(chosen);
  const first = firstRow(Math.max(0, index), height, rows.length);
  const chosenAt = chosen === null ? 0 : all.indexOf(chosen);
  rows.slice(first, first + height).forEach((row, at) => {
    const line: Rect = { ...rect, y: rect.y + 1 + at, height: 1 };
    if (row.kind === "event") eventRow(p, line, row.event, names);
    else operationRow(p, line, row.operation);
    frame.clickable(line, { kind: "line", index: all.indexOf(row), chosen: chosenAt });
    if (row === chosen) frame.invert(rect.x + 1, line.y, rect.width - 2);
  });
}

function reading(p: Painter, rect: Rect, row: Row, place: Place): void {
  const { state } = p;
  const lines = readingLines(state, row, rect.width - 2);
  const first = Math.max(0, Math.min(state.ui.readFrom, lines.length - place.rows));
  const rest = lines.length - first - place.rows;
  const remark = [first === 0 ? "" : `← back`, rest <= 0 ? "" : `${rest} more lines, → reads on`].filter((text) => text !== "").join("  ");
  rule(p, { ...rect, height: 1 }, row.kind === "event" ? "this event" : "this operation", remark);
  lines.slice(first, first + place.rows).forEach((line, at) => readingLine(p, rect, rect.y + 1 + at, line, row));
}

function readingLine(p: Painter, rect: Rect, y: number, line: ReadingLine, row: Row): void {
  if (line.kind === "facts") {
    parts(p, rect.x + 1, y, line.facts.flatMap(([name, value]) => [[`${name} `, DIM] as const, [value, TEXT] as const, [" ".repeat(FACT_GAP), TEXT] as const]), rect.width - 1);
    return;
  }
  const role = row.kind === "event" ? eventRole(row.event) : row.operation.error === null ? "dim" : operationRole(row.operation);
  p.frame.put(rect.x + 1, y, line.text, role === "dim" ? TEXT : style(role), rect.width - 1);
}
