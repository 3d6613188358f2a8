// What an edit would change, or why it cannot be put: the page on which the person decides. A function of the state.
import { vmLabel } from "../store/select.js";
import type { EditQuestion } from "../store/editing.js";
import { wrapped } from "../wrap.js";
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { cut } from "./format.js";
import { scrolled } from "./lists.js";
import { BOLD, DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";

/** Rows at the bottom: a rule and what the keys do. */
const FOOT_ROWS = 2;

export function editPage(p: Painter, rect: Rect): void {
  const { editing } = p.state.ui;
  if (editing === null) {
    rule(p, rect, "edit");
    p.frame.put(rect.x + 2, rect.y + 1, cut("Nothing is being edited. E on a VM opens its definition in your editor.", rect.width - 4, p.theme.ellipsis), DIM);
    return;
  }
  const { question } = editing;
  rule(p, { ...rect, height: 1 }, `edit: ${vmLabel(p.state, editing.vmId)}`, question.kind === "save" ? `${question.changes.length} ${question.changes.length === 1 ? "change" : "changes"}` : "not put");
  const lines = linesOf(p, question, rect.width - 2);
  const height = rect.height - 1 - FOOT_ROWS;
  const first = scrolled(p.state, "edit", height, lines.length);
  lines.slice(first, first + height).forEach(([text, look], row) => p.frame.put(rect.x + 1, rect.y + 1 + row, cut(text, rect.width - 2, p.theme.ellipsis), look));
  const below = lines.length - first - height;
  rule(p, { ...rect, y: rect.y + rect.height - FOOT_ROWS, height: 1 }, "", below > 0 ? `${p.theme.down} ${below} more` : "");
  p.frame.put(rect.x + 1, rect.y + rect.height - 1, cut(decision(question), rect.width - 2, p.theme.ellipsis), BOLD);
}

function decision({ kind }: EditQuestion): string {
  switch (kind) {
    case "save": return "y makes the change. E opens the text again. Esc drops it; a file keeps it.";
    case "again": return "E opens the text again, with this above it. Esc drops it; a file keeps it.";
    case "newer": return "E opens what it is now, your changes noted above. Esc drops yours; a file keeps it.";
  }
}

function linesOf(p: Painter, question: EditQuestion, width: number): (readonly [string, Style])[] {
  if (question.kind !== "save") return question.reasons.flatMap((reason) => wrapped(`${p.theme.attention} ${reason}`, width)).map((line) => [line, style("attention")] as const);
  return [
    ...question.changes.flatMap((change) => changeLines(change, width)),
    ["", TEXT] as const,
    ...wrapped(question.effect, width).map((line) => [line, TEXT] as const),
  ];
}

/** A change on one line where it fits, else what was and what shall be below each other. */
function changeLines(change: string, width: number): (readonly [string, Style])[] {
  if (change.length + 2 <= width) return [[`  ${change}`, style("key")]];
  const [before = "", after = ""] = change.split(" → ");
  return [[`  ${before}`, DIM], [`    → ${after}`, style("key")]];
}
