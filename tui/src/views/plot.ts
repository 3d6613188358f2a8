// One graph: a title with its unit, a legend with now, lowest and highest, a scale at the left, a time axis below, the
// highest point marked, and where there is nothing to draw, why. It knows no figure by name.
import type { Window } from "../store/window.js";
import { graphSpan } from "../store/windows.js";
import type { Span } from "../store/windows.js";
import { whyEmptyThen } from "./past-words.js";
import type { Subject } from "./past-words.js";
import { style } from "./frame.js";
import type { GraphMark, Rect, Role } from "./frame.js";
import { cut } from "./format.js";
import { DIM, RULE, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import type { Scale } from "./scales.js";

export interface PlotLine {
  name: string;
  role: Role;
  now: number | null;
  window: (columns: number) => Window;
}

export interface Plot {
  /** What is drawn and in which unit: `CPU, % of a core`. */
  title: string;
  /** The first is the main line: drawn over the others, its highest point marked. */
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
  const main = windows[0];
  const wide = widthOf(shown, "each with its range") <= rect.width - 2;
  rule(p, { ...rect, height: 1 }, shown.title, wide || main === undefined || shown.ends === "named" ? "" : range(shown, main, rect.width));
  legend(p, shown, windows, rect, wide ? "each with its range" : "now only");
  const area: Rect = { x: rect.x + GUTTER, y: rect.y + 2, width: cells, height: rect.height - (rect.height >= PLOT_LEAST_ROWS ? 3 : 2) };
  if (known.length === 0) {
    axis(p, area, shown.scale, shown.scale.topFor(NaN));
    p.frame.put(area.x + 1, area.y + Math.floor((area.height - 1) / 2), cut(whyEmptyThen(p.state, shown.of, shown.whyEmptyThen) ?? shown.whyEmpty, cells - 1, p.theme.ellipsis), DIM);
  } else {
    const top = shown.scale.topFor(Math.max(...known));
    axis(p, area, shown.scale, top);
    // The last drawn wins a shared cell, so the main line comes last.
    const series = shown.lines.map((line, index) => ({ role: line.role, values: windows[index]?.columns ?? [] })).reverse();
    p.frame.graphs.push({ rect: area, top, series, marks: marks(shown, windows) });
  }
  if (rect.height >= PLOT_LEAST_ROWS) timeAxis(p, area, graphSpan(p.state));
}

/** The main line's lowest and highest, in words where the title leaves room for them. */
function range({ scale, title }: Plot, { low, peak }: Window, width: number): string {
  if (Number.isNaN(peak)) return "";
  const long = `min ${scale.value(low)} max ${scale.value(peak)}`;
  if (title.length + long.length + RULE_MARGIN_CELLS <= width) return long;
  const short = `${scale.value(low)} to ${scale.value(peak)}`;
  return short.length + RULE_MARGIN_CELLS <= width ? short : "";
}
/** What a rule takes beside its title and its remark. */
const RULE_MARGIN_CELLS = 10;

type LegendDetail = "each with its range" | "now only";

/** Cells of the legend, the same whatever the values are; two spaces lie between entries. */
function widthOf({ lines, scale, extra = "" }: Plot, detail: LegendDetail): number {
  const entries = lines.reduce((total, line) => total + line.name.length + scale.width + 3 + (detail === "now only" ? 0 : 2 * scale.width + 10), 0);
  return entries + extra.length;
}

function legend(p: Painter, shown: Plot, windows: readonly Window[], rect: Rect, detail: LegendDetail): void {
  const { lines, scale, extra = "" } = shown;
  const gap = widthOf(shown, detail) <= rect.width - 2 ? "  " : " ";
  const fixed = (value: number | null): string => scale.value(value).padEnd(scale.width);
  const entries = lines.flatMap((line, index) => {
    const window = windows[index];
    const span = detail === "now only" || window === undefined ? "" : ` min ${fixed(numberOrNull(window.low))} max ${fixed(numberOrNull(window.peak))}`;
    return [[`${line.name} `, style(line.role)], [fixed(line.now), line.now === null ? DIM : TEXT], [span + gap, DIM]] as const;
  });
  parts(p, rect.x + 2, rect.y + 1, [...entries, [extra, DIM]], rect.width - 3);
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** The highest point of the main line; of several lines the highest of all, and the name of each at its end. */
function marks({ lines, ends }: Plot, windows: readonly Window[]): GraphMark[] {
  if (ends !== "named") return windows.slice(0, 1).flatMap((window) => highest(window, lines[0]?.role ?? "text"));
  const top = windows.reduce((best, window, index) => (Number.isNaN(window.peak) || (windows[best]?.peak ?? NaN) >= window.peak ? best : index), 0);
  const peak = windows.slice(top, top + 1).flatMap((window) => highest(window, lines[top]?.role ?? "text"));
  return lines.flatMap((line, index) => {
    const columns = windows[index]?.columns ?? [];
    const column = columns.findLastIndex((value) => !Number.isNaN(value));
    return column < 0 ? [] : [{ column, value: columns[column] ?? 0, role: line.role, sign: line.name }];
  }).concat(peak);
}

/** A flat line has no highest point worth a mark. */
function highest({ columns, peak, low }: Window, role: Role): GraphMark[] {
  if (Number.isNaN(peak) || peak === low) return [];
  return [{ column: columns.lastIndexOf(peak), value: peak, role, sign: "peak" }];
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
