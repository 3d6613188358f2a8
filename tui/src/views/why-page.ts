// The page that says why a VM is slow: the ranked causes, the chosen one with its figures, where they come from and what
// to do, then what was ruled out and what cannot be told. A function of the state.
import { vmLabel } from "../store/select.js";
import { windowOfWhy } from "../store/why.js";
import type { Diagnosis, Finding, Why } from "../store/why.js";
import { cellsOf, padCells } from "../width.js";
import { wrapped } from "../wrap.js";
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { clock, cut } from "./format.js";
import { BOLD, DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { whyKeys } from "./why-keys.js";

/** A line of the page: pieces with their looks. `of` is the finding it belongs to: the causes, then what was ruled out or cannot be told. */
interface Line { pieces: readonly (readonly [string, Style])[]; of: number | null }

/** Cells before what is told of a cause, and of the words that name a line. */
const INDENT = 4;
/** And more before the further lines of what was looked at. */
const HANGING = 2;
const LABEL_CELLS = 8;
const TITLE_CELLS = 16;

export function whyPage(p: Painter, rect: Rect): void {
  const { why } = p.state.ui;
  if (why === null) {
    rule(p, rect, "why");
    p.frame.put(rect.x + 2, rect.y + 1, cut("No VM was asked about. w on a VM asks why it is slow.", rect.width - 4, p.theme.ellipsis), DIM);
    return;
  }
  const { from, to } = windowOfWhy(p.state, why);
  rule(p, rect, `why: ${vmLabel(p.state, why.vmId)}`, `${clock(from)} to ${clock(to)} UTC`);
  const lines = why.query === null ? answerLines(p, why, rect) : queryLines(why.query, rect.width - 2);
  const height = rect.height - 1;
  const first = firstLine(lines, why.index, height);
  lines.slice(first, first + height).forEach((line, row) => {
    const y = rect.y + 1 + row;
    paint(p, rect, y, line);
    if (line.of !== null) p.frame.clickable({ ...rect, y, height: 1 }, { kind: "line", index: line.of, chosen: why.index });
  });
  const below = lines.length - first - height;
  if (below > 0) p.frame.putRight(rect.x + rect.width - 1, rect.y + rect.height - 1, ` ${below} more ${p.theme.down} `, style("key"));
}

/** The chosen finding is shown whole; past all, the end. */
function firstLine(lines: readonly Line[], index: number, height: number): number {
  const start = lines.findIndex((line) => line.of === index);
  if (start === -1) return index === 0 ? 0 : Math.max(0, lines.length - height);
  const end = lines.findLastIndex((line) => line.of === index);
  return index === 0 ? 0 : Math.max(0, Math.min(start, end + 1 - height));
}

function paint(p: Painter, rect: Rect, y: number, { pieces }: Line): void {
  let x = rect.x + 1;
  for (const [text, look] of pieces) x = p.frame.put(x, y, text, look, rect.x + rect.width - x);
}

function answerLines(p: Painter, why: Why, rect: Rect): Line[] {
  const { found, fault } = why;
  const width = rect.width - 2;
  const trouble = fault === null ? [] : told(`${p.theme.attention} ${fault}`, width, style("attention"));
  if (found === null) return fault === null ? told("Asking the server, which looks through the history of the window.", width, DIM) : trouble;
  const all = found.causes.flatMap((cause, index) => causeLines(p, cause, index, width, "whole"));
  const rest = restLines(p, found, width);
  const head = [headLine(p, why, found, width), ...trouble];
  // Where not all fits, the chosen cause is told whole and of the others what decides.
  if (head.length + all.length + rest.length <= rect.height - 1) return [...head, ...all, ...rest];
  return [...head, ...found.causes.flatMap((cause, index) => causeLines(p, cause, index, width, index === why.index ? "whole" : "short")), ...rest];
}

function headLine(p: Painter, why: Why, found: Diagnosis, width: number): Line {
  const name = vmLabel(p.state, why.vmId);
  const sure = found.confidence === null ? "" : `confidence ${found.confidence.toLowerCase()}`;
  const text = {
    SLOW: `${name} was slow: ${clock(found.slowFrom ?? found.from)} to ${clock(found.slowTo ?? found.to)}`,
    FINE: `${name}: nothing is wrong as far as can be seen`,
    UNKNOWN: `${name}: it cannot be told`,
  }[found.verdict];
  const shown = cut(text, width - sure.length - 2, p.theme.ellipsis);
  return { pieces: [[shown, found.verdict === "SLOW" ? style("attention", "bold") : BOLD], [padCells(sure, width - cellsOf(shown), "right"), DIM]], of: null };
}

function causeLines(p: Painter, cause: Finding, index: number, width: number, how: "whole" | "short"): Line[] {
  const isChosen = p.state.ui.why?.index === index;
  const [main, ...others] = cause.evidence;
  const titleLook = isChosen ? style("attention", "bold", "inverse") : style("attention", "bold");
  const sign: readonly [string, Style] = [`${index + 1} ${p.theme.attention} `, isChosen ? style("attention", "inverse") : style("attention")];
  const line = (pieces: Line["pieces"]): Line => ({ pieces, of: index });
  const title = cause.title.padEnd(TITLE_CELLS);
  const room = width - INDENT - TITLE_CELLS - 1;
  if (how === "short") return [line([sign, [title, titleLook], [` ${cut(main?.text ?? "", room, p.theme.ellipsis)}`, TEXT]])];
  const inner = (text: string, label: string, look: Style): Line[] =>
    wrapped(text, width - INDENT - LABEL_CELLS).map((piece, row) => line([[`${" ".repeat(INDENT)}${(row === 0 ? label : "").padEnd(LABEL_CELLS)}`, DIM], [piece, look]]));
  const [first = "", ...further] = wrapped(main?.text ?? "", room);
  return [
    line([sign, [title, titleLook], [` ${first}`, TEXT]]),
    ...further.map((piece) => line([[" ".repeat(INDENT + TITLE_CELLS + 1) + piece, TEXT]])),
    ...others.flatMap(({ text }) => inner(text, "and", TEXT)),
    ...(cause.advice === null ? [] : inner(cause.advice, "advice", TEXT)),
    ...(cause.adviceCommand === null ? [] : inner(cause.adviceCommand, "run", style("key"))),
    ...whyKeys(p.state, cause).flatMap((text) => inner(text, "keys", style("key"))),
    ...[...new Set(cause.evidence.map(({ source }) => source))].flatMap((source) => inner(source, "source", DIM)),
  ];
}

function restLines(p: Painter, { verdict, summary, causes, ruledOut, notKnown }: Diagnosis, width: number): Line[] {
  const lines = (findings: readonly Finding[], before: number): Line[] => findings.flatMap((finding, place) => findingLines(p, finding, before + place, width));
  return [
    ...(causes.length === 0 && verdict !== "SLOW" ? told(summary, width, TEXT) : []),
    ...(ruledOut.length === 0 ? [] : told("Looked at and no cause:", width, DIM)), ...lines(ruledOut, causes.length),
    ...(notKnown.length === 0 ? [] : told("Cannot be told:", width, DIM)), ...lines(notKnown, causes.length + ruledOut.length),
  ];
}

/** What was looked at, with its figure and its threshold, or why it has none. */
function findingLines({ state }: Painter, { title, evidence }: Finding, index: number, width: number): Line[] {
  const look = index > 0 && state.ui.why?.index === index ? BOLD : DIM;
  return wrapped(`${title}: ${evidence[0]?.text ?? "not known"}`, width - INDENT - HANGING).map((piece, row) => ({
    pieces: [[" ".repeat(row === 0 ? INDENT : INDENT + HANGING) + piece, look]], of: index,
  }));
}

function queryLines(query: string, width: number): Line[] {
  return [...told("The same question as GraphQL; quetzal graphql asks it. g goes back to the answer.", width, DIM), { pieces: [], of: null }, ...told(query, width, TEXT)];
}

/** A text in lines, those after the first as far in as the first. */
function told(text: string, width: number, look: Style): Line[] {
  const indent = text.length - text.trimStart().length;
  return wrapped(text.trimStart(), width - indent).map((line) => ({ pieces: [[" ".repeat(indent) + line, look]], of: null }));
}
