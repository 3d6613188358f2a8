// A form: its fields one below the other, what the server says of the values, and beside them what would be made. A
// function of the state.
import { isAccused } from "../store/form.js";
import type { Form, FormField, FormJudgement } from "../store/form.js";
import { definitionLines } from "../store/vm-form.js";
import { cellsOf, clustersOf, cutCells, padCells } from "../width.js";
import { wrapped } from "../wrap.js";
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { cut } from "./format.js";
import { BOLD, DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";

const LABEL_CELLS = 13;
/** Rows at the bottom: a rule, two lines of what the server says, the hint of the field. */
const FOOT_ROWS = 4;
/** Cells of the fields beside what would be made. */
const FIELDS_CELLS = 46;
const FIELDS_CELLS_MAX = 90;

export function formPage(p: Painter, rect: Rect): void {
  const { form } = p.state.ui;
  if (form === null) {
    rule(p, rect, "form");
    p.frame.put(rect.x + 2, rect.y + 1, cut("No form is open. n on the overview makes a VM, n on the alerts a rule, t on the memory page sets its controller.", rect.width - 4, p.theme.ellipsis), DIM);
    return;
  }
  rule(p, { ...rect, height: 1 }, form.title);
  const isBeside = form.kind !== "rule";
  const width = isBeside ? Math.min(FIELDS_CELLS_MAX, Math.max(FIELDS_CELLS, Math.floor(rect.width * 0.55))) : rect.width;
  form.fields.forEach((field, index) => fieldRow(p, { x: rect.x, y: rect.y + 1 + index, width, height: 1 }, form, field, index));
  if (isBeside) beside(p, form, { x: rect.x + width, y: rect.y, width: rect.width - width, height: rect.height - FOOT_ROWS });
  foot(p, form, { ...rect, y: rect.y + rect.height - FOOT_ROWS, height: FOOT_ROWS });
}

function phaseWords(form: Form): string {
  if (form.phase === "making") return "being made";
  if (form.phase === "wanted") return "asking the server";
  if (form.judgement === null) return "not judged yet";
  if (form.judgement.can) return "can be made";
  return isAccused(form) ? "cannot be made yet" : "not filled in yet";
}

function fieldRow(p: Painter, rect: Rect, form: Form, field: FormField, index: number): void {
  const { frame, theme } = p;
  const isChosen = index === form.index;
  frame.clickable(rect, { kind: "field", index });
  const isWrong = isAccused(form) && form.judgement?.can === false && form.judgement.field === field.name;
  frame.put(rect.x + 1, rect.y, isWrong ? theme.attention : " ", style("attention"));
  frame.put(rect.x + 3, rect.y, field.label.padEnd(LABEL_CELLS), isChosen ? BOLD : DIM);
  const x = rect.x + 3 + LABEL_CELLS + 1;
  const room = rect.x + rect.width - x - 1;
  const look = isWrong ? style("attention") : TEXT;
  switch (field.kind) {
    case "text":
      textValue(p, x, rect.y, room, field.value, isChosen ? form.caret : null, look);
      return;
    case "choice":
      choice(p, x, rect.y, room, field.options, field.value, isChosen);
      return;
    case "flags":
      flags(p, x, rect.y, room, field, isChosen);
  }
}

/** Of a text longer than its place the part around the cursor is shown. */
function textValue(p: Painter, x: number, y: number, room: number, value: string, caret: number | null, look: Style): void {
  if (caret === null) {
    p.frame.put(x, y, cut(value, room, p.theme.ellipsis), look, room);
    return;
  }
  // Character by character, so that the cursor stands right whatever their widths.
  const before = [...clustersOf(value.slice(0, caret))];
  let cells = cellsOf(value.slice(0, caret));
  while (cells >= room) cells -= before.shift()?.width ?? cells;
  const shown = before.map(({ text }) => text).join("");
  p.frame.put(x, y, padCells(cutCells(shown + value.slice(caret), room, ""), room), style(look === TEXT ? "text" : "attention", "underline"), room);
  p.frame.cursor = { x: x + cells, y };
}

function choice(p: Painter, x: number, y: number, room: number, options: readonly string[], value: string, isChosen: boolean): void {
  let column = x;
  for (const option of options) {
    const isValue = option === value;
    const text = isValue ? `[${option.toLowerCase()}]` : ` ${option.toLowerCase()} `;
    column = p.frame.put(column, y, text, isValue ? (isChosen ? style("key", "bold", "inverse") : BOLD) : DIM, x + room - column);
  }
}

function flags(p: Painter, x: number, y: number, room: number, { options, value, at }: Extract<FormField, { kind: "flags" }>, isChosen: boolean): void {
  const cells = (from: number, to: number): number => options.slice(from, to).reduce((sum, option) => sum + option.length + 2, 0);
  // The flag under the cursor is never cut off: the row begins later where it would be, and says so.
  const mark = `${p.theme.ellipsis} `;
  let first = 0;
  while (isChosen && first < at && (first === 0 ? 0 : mark.length) + cells(first, at + 1) > room) first++;
  const shown = options.slice(first).map((option, index) => {
    const look = isChosen && first + index === at ? style("key", "bold", "inverse") : value.includes(option) ? TEXT : DIM;
    return [[`${value.includes(option) ? "+" : "-"}${option}`, look] as const, [" ", DIM] as const];
  });
  parts(p, x, y, [first === 0 ? null : [mark, DIM], ...shown.flat()], room);
}

/** The definition that the values mean, or what the host would be with them. */
function beside(p: Painter, form: Form, rect: Rect): void {
  const isVm = form.kind === "vm";
  rule(p, { ...rect, height: 1 }, isVm ? "definition" : "the host then");
  const predicted = form.judgement?.can === true ? (form.judgement.beside ?? []) : [form.judgement === null ? "asking the server" : "as it is now"];
  const lines = isVm ? definitionLines(form) : predicted;
  const shown = rect.height - 1;
  lines.slice(0, shown).forEach((line, row) => p.frame.put(rect.x + 1, rect.y + 1 + row, cut(line, rect.width - 2, p.theme.ellipsis), TEXT));
  if (lines.length > shown) p.frame.putRight(rect.x + rect.width - 1, rect.y + rect.height - 1, ` ${lines.length - shown} more `, DIM);
}

function said(form: Form, judgement: FormJudgement | null, attention: string): readonly [string, Style] {
  if (judgement === null) return ["Asking the server what would come of it.", DIM];
  if (judgement.can) return [judgement.effect, TEXT];
  if (isAccused(form)) return [`${attention} ${judgement.reason}`, style("attention")];
  const field = form.fields.find(({ name }) => name === judgement.field);
  return [field === undefined || field.value !== "" ? judgement.reason : `Still to fill in: ${field.label}.`, DIM];
}

function foot(p: Painter, form: Form, rect: Rect): void {
  const { frame, theme } = p;
  rule(p, { ...rect, height: 1 }, phaseWords(form));
  const { judgement } = form;
  const [text, look] = said(form, judgement, theme.attention);
  const lines = wrapped(text, rect.width - 2);
  const [first = "", ...others] = lines;
  frame.put(rect.x + 1, rect.y + 1, first, look, rect.width - 2);
  frame.put(rect.x + 1, rect.y + 2, cut(others.join(" "), rect.width - 2, theme.ellipsis), look);
  frame.put(rect.x + 1, rect.y + 3, cut(form.fields[form.index]?.hint ?? "", rect.width - 2, theme.ellipsis), DIM);
}
