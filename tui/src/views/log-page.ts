// The log: what this dashboard said and did, the newest first, each line whole.
import { LOG_INDENT, logRows } from "../store/log.js";
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
  const rows = [...log].reverse().flatMap((line) => logRows(line, rect.width).map((text, index) => ({ line, text, isFirst: index === 0 })));
  const first = scrolled(state, "log", height, rows.length);
  rows.slice(first, first + height).forEach(({ line, text, isFirst }, row) => {
    const isError = line.tone === "error";
    const y = rect.y + 1 + row;
    if (isFirst) parts(p, rect.x + 1, y, [[`${clock(line.time)} `, DIM], [isError ? theme.attention : " ", style("attention")]]);
    frame.put(rect.x + LOG_INDENT, y, cut(text, rect.width - LOG_INDENT - 1, theme.ellipsis), isError ? style("attention") : TEXT);
  });
}
