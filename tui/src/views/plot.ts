// One graph: a title with its unit, a scale at the left, a time axis below, the highest point of each line marked, and
// where there is nothing to draw, why. It knows no figure by name; what stands in words above it is plot-legend.ts.
import type { Window } from "../store/window.js";
import { graphSpan } from "../store/windows.js";
import type { Span } from "../store/windows.js";
import { whyEmptyThen } from "./past-words.js";
import type { Subject } from "./past-words.js";
import type { GraphMark, Rect, Role } from "./frame.js";
import { cut } from "./format.js";
import { DIM, RULE, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { legendOf } from "./plot-legend.js";
import type { Scale } from "./scales.js";
import { wrapped } from "../wrap.js";

export interface PlotLine {
  name: string;
  role: Role;
  now: number | null;
  window: (columns: number) => Window;
}

export interface Plot {
  /** What is drawn and in which unit: `CPU, % of a core`. */
  title: string;
  /** The first is the main line: drawn over the others. */
  lines: readonly PlotLine[];
  scale: Scale;
  /** What the lines do not say, after the legend. */
  extra?: string;
  /** Several lines of one kind: each ends in its name, which is one character. */
  ends?: "named";
  /** Whose figures these are. */
  of: readonly Subject[];
  /** Why nothing is drawn now, if nothing is. */
  whyEmpty: string;
  /** The same of an instant at which all else was measured; absent: nobody knows. */
  whyEmptyThen?: string;
}

/** Cells left of a graph for its scale: four digits with unit and the axis. */
export const GUTTER = 6;
/** Fewer rows than this hold no title, legend, scale of two marks and time axis. */
export const PLOT_LEAST_ROWS = 5;
export const DOTS_ACROSS = 2;
/** Cells from one time to the next at least. */
const TICK_CELLS = 10;
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
/** Steps between the times of the axis, in seconds. */
const TICK_STEPS = [5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY];

/** Paints a plot into all of a rectangle but its last column, which stays free between neighbours. */
export function plot(p: Painter, shown: Plot, rect: Rect): void {
  const cells = rect.width - GUTTER - 1;
  if (cells < 4 || rect.height < 3) return;
  const windows = shown.lines.map((line) => line.window(cells * DOTS_ACROSS));
  const known = windows.map(({ peak }) => peak).filter((peak) => !Number.isNaN(peak));
  const words = legendOf(shown, windows, rect);
  rule(p, { ...rect, height: 1 }, shown.title, words.remark);
  words.rows.forEach((row, index) => parts(p, rect.x + 2, rect.y + 1 + index, row, rect.width - 3));
  const above = 1 + words.rows.length;
  const area: Rect = { x: rect.x + GUTTER, y: rect.y + above, width: cells, height: rect.height - above - (rect.height >= PLOT_LEAST_ROWS ? 1 : 0) };
  if (known.length === 0) {
    axis(p, area, shown.scale, shown.scale.topFor(NaN));
    emptyWords(p, { ...area, x: area.x + 1, width: cells - 1 }, whyEmptyThen(p.state, shown.of, shown.whyEmptyThen) ?? shown.whyEmpty);
  } else {
    const top = shown.scale.topFor(Math.max(...known));
    axis(p, area, shown.scale, top);
    // The last drawn wins a shared cell, so the main line comes last.
    const series = shown.lines.map((line, index) => ({ role: line.role, values: windows[index]?.columns ?? [] })).reverse();
    p.frame.graphs.push({ rect: area, top, series, marks: marks(shown, windows) });
  }
  if (rect.height >= PLOT_LEAST_ROWS) timeAxis(p, area, graphSpan(p.state));
}

/** The highest point of each line, the main one's on top; of several lines of one kind the highest of all, and the name of each at its end. */
function marks({ lines, ends }: Plot, windows: readonly Window[]): GraphMark[] {
  if (ends !== "named") return lines.flatMap((line, index) => highest(windows[index], line, lines.length > 1 ? line.name : undefined)).reverse();
  const top = windows.reduce((best, window, index) => (Number.isNaN(window.peak) || (windows[best]?.peak ?? NaN) >= window.peak ? best : index), 0);
  const peak = lines.slice(top, top + 1).flatMap((line) => highest(windows[top], line));
  return lines.flatMap((line, index) => {
    const columns = windows[index]?.columns ?? [];
    const column = columns.findLastIndex((value) => !Number.isNaN(value));
    return column < 0 ? [] : [{ column, value: columns[column] ?? 0, role: line.role, sign: line.name }];
  }).concat(peak);
}

/** A flat line has no highest point worth a mark. */
function highest(window: Window | undefined, { role }: PlotLine, name?: string): GraphMark[] {
  if (window === undefined || Number.isNaN(window.peak) || window.peak === window.low) return [];
  return [{ column: window.columns.lastIndexOf(window.peak), value: window.peak, role, sign: "peak", ...(name === undefined ? {} : { name }) }];
}

function axis(p: Painter, area: Rect, scale: Scale, top: number): void {
  const { frame, theme } = p;
  const x = area.x - 1;
  for (let row = 0; row < area.height; row++) frame.put(x, area.y + row, theme.bar, RULE);
  const mark = (row: number, value: number): void => {
    frame.putRight(x, area.y + row, cut(scale.mark(value), GUTTER - 1, theme.ellipsis), DIM);
    frame.put(x, area.y + row, theme.tick, RULE);
  };
  mark(0, top);
  if (area.height >= 5 && area.height % 2 === 1) mark((area.height - 1) / 2, top / 2);
  if (area.height > 1) mark(area.height - 1, 0);
}

/** Why nothing is drawn, in the middle, on as many rows as it needs and there are. */
function emptyWords(p: Painter, area: Rect, why: string): void {
  const lines = wrapped(why, area.width);
  const shown = lines.length > area.height ? [...lines.slice(0, area.height - 1), lines.slice(area.height - 1).join(" ")] : lines;
  const y = area.y + Math.floor((area.height - shown.length) / 2);
  shown.forEach((line, row) => p.frame.put(area.x, y + row, cut(line, area.width, p.theme.ellipsis), DIM));
}

/** `-4m     -2m     now` below the graph: round times where they fall. */
function timeAxis(p: Painter, area: Rect, span: Span): void {
  const y = area.y + area.height;
  const { frame } = p;
  const end = area.x + area.width - span.end.length;
  frame.put(end, y, span.end, DIM);
  const step = TICK_STEPS.find((seconds) => (seconds / span.seconds) * area.width >= TICK_CELLS) ?? span.seconds;
  for (let seconds = step; seconds <= span.seconds; seconds += step) {
    const label = ago(seconds);
    const x = area.x + Math.round((1 - seconds / span.seconds) * area.width) - Math.floor(label.length / 2);
    if (x >= area.x - 1 && x + label.length < end) frame.put(x, y, label, DIM);
  }
}

/** How long before the right edge, exactly: -45s, -5m, -1.5m, -1h10m, -6h. */
export function ago(seconds: number): string {
  const units = [[DAY, "d"], [HOUR, "h"], [MINUTE, "m"], [1, "s"]] as const;
  const place = Math.max(0, units.findIndex(([unit]) => seconds >= unit));
  const [[unit, name], next] = [units[place] ?? units[3], units[place + 1]];
  const tenths = (seconds / unit) * 10;
  if (Number.isInteger(tenths) || next === undefined) return `-${tenths / 10}${name}`;
  const whole = Math.floor(seconds / unit);
  return `-${whole}${name}${Math.round((seconds - whole * unit) / next[0])}${next[1]}`;
}
