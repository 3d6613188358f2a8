// The log: what this dashboard said and did, the newest first.
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { clock, cut } from "./format.js";
import { scrolled } from "./lists.js";
import { DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";

export function logPage(p: Painter, rect: Rect): void {
  const { frame, theme, state } = p;
  const { log } = state;
  rule(p, rect, "log of this dashboard, newest first", `${log.length} kept here, times in UTC`);
  const height = rect.height - 1;
  if (log.length === 0) frame.put(rect.x + 2, rect.y + 1, "Nothing yet. Answers to keys, refusals and lost connections will be listed here.", DIM, rect.width - 2);
  const first = scrolled(state, "log", height, log.length);
  for (let row = 0; row < height; row++) {
    const line = log[log.length - 1 - first - row];
    if (line === undefined) break;
    const isError = line.tone === "error";
    const x = parts(p, rect.x + 1, rect.y + 1 + row, [[`${clock(line.time)} `, DIM], [isError ? theme.attention : " ", style("attention")], [" ", TEXT]]);
    const times = line.times === 1 ? "" : ` (${line.times} times)`;
    const end = frame.put(x, rect.y + 1 + row, cut(line.text, rect.x + rect.width - x - times.length - 1, theme.ellipsis), isError ? style("attention") : TEXT);
    frame.put(end, rect.y + 1 + row, times, DIM);
  }
}
