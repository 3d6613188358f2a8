// The help page, printed from the key table: what the page it was opened from has of its own, then what holds everywhere,
// then the rest; every binding with its keys, its sentence and, where it cannot be done now, why not.
import { EVERYWHERE, availability, bindingsOf, keyName } from "../keys.js";
import type { Binding } from "../keys.js";
import type { Page, State } from "../store/state.js";
import { wrapped } from "../wrap.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { cut } from "./format.js";
import { scrolled } from "./lists.js";
import { BOLD, DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";

export type HelpLine = { kind: "head"; text: string } | { kind: "binding"; keys: string; text: string; able: boolean } | { kind: "blank" };

/** Cells before the keys, and before what they do. */
const KEYS_FROM = 3;
const TEXT_FROM = 18;
/** A binding of more than this share of the pages is one of everywhere. */
const EVERYWHERE_RATIO = 0.5;

/** Signs of the table, told once. */
const LEGEND: readonly (readonly [keyof Painter["theme"]["states"], string])[] = [
  ["RUNNING", "running"], ["PAUSED", "paused"], ["STARTING", "between"], ["STOPPED", "off"], ["CRASHED", "crashed"],
];

/** All lines for a page so wide. What does not fit into one goes on in the next: nothing is cut. */
export function helpLines(state: State, width: number): HelpLine[] {
  const here = openedFrom(state);
  const bindings = bindingsOf(state);
  const isHere = ({ pages }: Binding): boolean => pages.includes(here);
  const sections: (readonly [head: string, bindings: readonly Binding[]])[] = [
    ...byGroup(bindings.filter((binding) => isHere(binding) && !isOfAll(binding))).map(([group, own]) => [`This page, ${here}: ${group}`, own] as const),
    ...byGroup(bindings.filter((binding) => isHere(binding) && isOfAll(binding))).map(([group, common]) => [`Everywhere: ${group}`, common] as const),
    ...byPages(bindings.filter((binding) => !isHere(binding))),
  ];
  return sections.flatMap(([text, own]) => [{ kind: "head", text } as const, ...own.flatMap((binding) => linesOf(state, binding, width)), { kind: "blank" } as const]);
}

/** The page below the help. */
function openedFrom(state: State): Page {
  return state.ui.pages.findLast((page) => page !== "help") ?? "overview";
}

function isOfAll({ pages }: Binding): boolean {
  return pages.length > EVERYWHERE.length * EVERYWHERE_RATIO;
}

function byGroup(bindings: readonly Binding[]): (readonly [string, readonly Binding[]])[] {
  return grouped(bindings, ({ group }) => group);
}

function byPages(bindings: readonly Binding[]): (readonly [string, readonly Binding[]])[] {
  return grouped(bindings, (binding) => (isOfAll(binding) ? "Most other pages" : `Other pages: ${binding.pages.join(", ")}`));
}

/** In the order of the key table. */
function grouped(bindings: readonly Binding[], headOf: (binding: Binding) => string): (readonly [string, readonly Binding[]])[] {
  return [...new Set(bindings.map(headOf))].map((head) => [head, bindings.filter((binding) => headOf(binding) === head)] as const);
}

function linesOf(state: State, binding: Binding, width: number): HelpLine[] {
  const able = availability(state, binding);
  const sentence = able.allowed ? binding.help : `${binding.help} Not now: ${able.reason}`;
  return wrapped(sentence, width - TEXT_FROM - 1).map((text, index) => ({ kind: "binding", keys: index === 0 ? binding.keys.map(keyName).join(" ") : "", text, able: able.allowed }));
}

export function helpPage(p: Painter, rect: Rect): void {
  const { frame, theme, state } = p;
  const lines = helpLines(state, rect.width);
  const height = rect.height - 2;
  const first = scrolled(state, "help", height, lines.length);
  const more = lines.length > first + height ? `${theme.down} for more` : "";
  rule(p, rect, "keys", more);
  lines.slice(first, first + height).forEach((line, index) => {
    const y = rect.y + 1 + index;
    if (line.kind === "head") frame.put(1, y, cut(line.text, rect.width - 2, theme.ellipsis), BOLD);
    if (line.kind !== "binding") return;
    frame.put(KEYS_FROM, y, cut(line.keys, TEXT_FROM - KEYS_FROM - 1, theme.ellipsis), line.able ? style("key") : DIM);
    frame.put(TEXT_FROM, y, cut(line.text, rect.width - TEXT_FROM - 1, theme.ellipsis), line.able ? TEXT : DIM);
  });
  let x = 1;
  for (const [vmState, name] of LEGEND) x = frame.put(x, rect.y + rect.height - 1, `${theme.states[vmState]} ${name} `, DIM);
  frame.put(x, rect.y + rect.height - 1, `${theme.unknown} unknown ${theme.restart} restart ${theme.guarded} protected`, DIM);
}
