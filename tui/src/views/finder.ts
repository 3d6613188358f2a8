// The list of the `:` palette above the line being typed: what was found, its key, and what it does or why it cannot.
import { entryAvailability, find } from "../finder.js";
import type { Entry, Found } from "../finder.js";
import type { Prompt } from "../store/state.js";
import { FOOTER_ROWS } from "./footer.js";
import { style } from "./frame.js";
import type { Frame, Rect } from "./frame.js";
import { cut } from "./format.js";
import { DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { firstRow } from "./vm-table.js";

/** The list beside wide screens' graphs, and its rows at most. */
const WIDTH_MAX = 110;
const ROWS_MAX = 14;
const KEY_WIDTH = 7;
const LABEL_WIDTH = 26;

type CommandPrompt = Extract<Prompt, { kind: "command" }>;

export function finderList(p: Painter, prompt: CommandPrompt): void {
  const found = find(p.state, prompt.text, prompt.scope);
  const rows = Math.min(found.length, ROWS_MAX);
  const bottom = p.frame.height - FOOTER_ROWS;
  const rect: Rect = { x: 0, y: bottom - rows - 1, width: Math.min(p.frame.width, WIDTH_MAX), height: rows + 1 };
  clear(p.frame, rect);
  rule(p, rect, prompt.scope === "user" ? "your commands" : "actions", found.length === 0 ? "" : `${prompt.index + 1} of ${found.length}`);
  const first = firstRow(prompt.index, rows, found.length);
  found.slice(first, first + rows).forEach((one, row) => {
    entryRow(p, rect, rect.y + 1 + row, one);
    if (first + row === prompt.index) p.frame.invert(rect.x, rect.y + 1 + row, rect.width);
  });
}

/** The hint below the line: what the chosen entry does, or why it cannot. */
export function finderHint(p: Painter, prompt: CommandPrompt): string {
  const chosen = find(p.state, prompt.text, prompt.scope)[prompt.index]?.entry;
  if (chosen !== undefined) return sayingOf(p, chosen);
  if (prompt.scope === "user" && p.state.userCommands.length === 0) return "The configuration has no commands of yours. Esc goes back.";
  return "No action has this name. Esc goes back.";
}

function sayingOf(p: Painter, entry: Entry): string {
  const able = entryAvailability(p.state, entry);
  return able.allowed ? entry.help : `Not now: ${able.reason}`;
}

function entryRow(p: Painter, rect: Rect, y: number, { entry, matched }: Found): void {
  const { frame, theme } = p;
  const { allowed } = entryAvailability(p.state, entry);
  frame.put(rect.x + 1, y, cut(entry.key, KEY_WIDTH, theme.ellipsis), allowed ? style("key") : DIM);
  const places = new Set(matched);
  // Labels are paintable: one character, one cell.
  Array.from(cut(entry.label, LABEL_WIDTH, theme.ellipsis)).forEach((char, index) => {
    frame.put(rect.x + KEY_WIDTH + 2 + index, y, char, places.has(index) ? style(allowed ? "key" : "dim", "bold", "underline") : allowed ? TEXT : DIM);
  });
  const start = rect.x + KEY_WIDTH + LABEL_WIDTH + 4;
  frame.put(start, y, cut(sayingOf(p, entry), rect.x + rect.width - start - 1, theme.ellipsis), DIM);
}

/** Takes away what lies below the list: graphs are drawn after the cells, so those it covers go whole. */
function clear(frame: Frame, rect: Rect): void {
  frame.fill(rect, " ", TEXT);
  const isCovered = (other: Rect): boolean => other.x < rect.x + rect.width && other.y < rect.y + rect.height && other.y + other.height > rect.y;
  const kept = frame.graphs.filter((graph) => !isCovered(graph.rect));
  frame.graphs.splice(0, frame.graphs.length, ...kept);
}
