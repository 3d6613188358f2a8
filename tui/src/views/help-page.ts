// The help page, printed from the key table: every binding with its keys, its sentence and, where it cannot be done
// now, why not.
import { BINDINGS, availability, bindingsOf, keyName } from "../keys.js";
import type { Binding } from "../keys.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { cut } from "./format.js";
import { scrolled } from "./lists.js";
import { BOLD, DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";

type Line = { kind: "head"; text: string } | { kind: "binding"; binding: Binding } | { kind: "blank" };

/** Signs of the table, told once. */
const LEGEND: readonly (readonly [keyof Painter["theme"]["states"], string])[] = [
  ["RUNNING", "running"], ["PAUSED", "paused"], ["STARTING", "in between"], ["STOPPED", "stopped or defined"], ["CRASHED", "crashed"],
];

export function helpLines(bindings: readonly Binding[] = BINDINGS): Line[] {
  const groups = [...new Set(bindings.map((binding) => binding.group))];
  return groups.flatMap((group) => [
    { kind: "head", text: group } as const,
    ...bindings.filter((binding) => binding.group === group).map((binding) => ({ kind: "binding", binding }) as const),
    { kind: "blank" } as const,
  ]);
}

export function helpPage(p: Painter, rect: Rect): void {
  const { frame, theme, state } = p;
  const lines = helpLines(bindingsOf(state));
  const height = rect.height - 2;
  const first = scrolled(state, "help", height, lines.length);
  const more = lines.length > first + height ? `${theme.down} for more` : "";
  rule(p, rect, "keys", more);
  lines.slice(first, first + height).forEach((line, index) => {
    const y = rect.y + 1 + index;
    if (line.kind === "head") frame.put(1, y, line.text, BOLD);
    if (line.kind !== "binding") return;
    const { binding } = line;
    const able = availability(state, binding);
    frame.put(3, y, cut(binding.keys.map(keyName).join(" "), 14, theme.ellipsis), able.allowed ? style("key") : DIM);
    const text = able.allowed ? binding.help : `${binding.help} Not now: ${able.reason}`;
    frame.put(18, y, cut(text, frame.width - 19, theme.ellipsis), able.allowed ? TEXT : DIM);
  });
  let x = 1;
  for (const [vmState, name] of LEGEND) x = frame.put(x, rect.y + rect.height - 1, `${theme.states[vmState]} ${name}  `, DIM);
  frame.put(x, rect.y + rect.height - 1, `${theme.unknown} unknown`, DIM);
}
