// What every view is given, and the small pieces they share: rules with titles, labelled graphs, texts in parts.
import { endSecond, windowOf } from "../store/ring.js";
import type { Ring } from "../store/ring.js";
import { serverNow } from "../store/select.js";
import type { State } from "../store/state.js";
import { Frame, style } from "./frame.js";
import type { Rect, Role, Style } from "./frame.js";
import { cut } from "./format.js";
import type { Theme } from "./theme.js";
import { cellsOf } from "../width.js";

export interface Painter { frame: Frame; theme: Theme; state: State }

/** A graph spans at least this long. */
export const GRAPH_SPAN_SECONDS = 300;
/** Cells left of a graph for its scale: four digits with unit and the axis. */
export const GUTTER = 6;

export const TEXT = style("text");
export const DIM = style("dim");
export const BOLD = style("text", "bold");
export const RULE = style("rule");

/** A line across with a title and, at its right, a remark: ── VMs ─ by CPU ▾ ───── 2 of 7 ── */
export function rule(p: Painter, rect: Rect, title: string, remark = "", look: Style = BOLD): void {
  const { frame, theme } = p;
  frame.put(rect.x, rect.y, theme.rule.repeat(rect.width), RULE, rect.width);
  const room = rect.width - 6 - (remark === "" ? 0 : cellsOf(remark) + 4);
  if (title !== "" && room > 0) frame.put(rect.x + 2, rect.y, ` ${cut(title, room, theme.ellipsis)} `, look);
  if (remark !== "") frame.putRight(rect.x + rect.width - 2, rect.y, ` ${remark} `, DIM);
}

/** Text in parts of different looks, one after the other. Returns the column after. */
export function parts(p: Painter, x: number, y: number, texts: readonly (readonly [string, Style] | null)[], limit = p.frame.width): number {
  let column = x;
  for (const part of texts) if (part !== null) column = p.frame.put(column, y, part[0], part[1], Math.max(0, x + limit - column));
  return column;
}

export interface GraphLine { ring: Ring | undefined; role: Role }
export interface GraphScale {
  /** The top of the scale for the highest value shown (NaN when nothing is known). */
  topFor: (peak: number) => number;
  label: (value: number) => string;
}

export interface GraphShown {
  /** Highest value shown of the main line, the last one given. */
  peak: number;
  spanSeconds: number;
  known: boolean;
}

/** Seconds a graph of this width spans. */
export function spanSeconds(cells: number): number {
  return Math.max(1, Math.ceil(GRAPH_SPAN_SECONDS / (2 * cells))) * 2 * cells;
}

export function spanLabel(seconds: number): string {
  const minutes = seconds / 60;
  return `${Number.isInteger(minutes) ? minutes : minutes.toFixed(1)} min`;
}

/** A graph with its scale at the left, or `whenEmpty` in it. Returns what was shown, for the title. */
export function graph(p: Painter, rect: Rect, lines: readonly GraphLine[], scale: GraphScale, whenEmpty = "no samples yet"): GraphShown {
  const cells = rect.width - GUTTER;
  if (cells < 4 || rect.height < 2) return { peak: NaN, spanSeconds: 0, known: false };
  const now = serverNow(p.state);
  const windows = lines.map((line) => ({
    role: line.role,
    window: windowOf(line.ring, endSecond(lines[0]?.ring, now), GRAPH_SPAN_SECONDS, cells * 2),
  }));
  const peaks = windows.map(({ window }) => window.peak).filter((peak) => !Number.isNaN(peak));
  const peak = peaks.length === 0 ? NaN : Math.max(...peaks);
  const main = windows.at(-1)?.window.peak ?? NaN;
  const top = scale.topFor(peak);
  axis(p, rect, top, scale);
  const area = { x: rect.x + GUTTER, y: rect.y, width: cells, height: rect.height };
  if (peaks.length === 0) {
    p.frame.put(area.x + 1, rect.y + Math.floor(rect.height / 2), cut(whenEmpty, cells - 2, p.theme.ellipsis), DIM);
    return { peak, spanSeconds: spanSeconds(cells), known: false };
  }
  p.frame.graphs.push({ rect: area, top, series: windows.map(({ role, window }) => ({ role, values: window.columns })) });
  return { peak: main, spanSeconds: spanSeconds(cells), known: true };
}

function axis(p: Painter, rect: Rect, top: number, scale: GraphScale): void {
  const { frame, theme } = p;
  const x = rect.x + GUTTER - 1;
  for (let row = 0; row < rect.height; row++) frame.put(x, rect.y + row, theme.bar, RULE);
  const mark = (row: number, value: number): void => {
    frame.putRight(x, rect.y + row, scale.label(value), DIM);
    frame.put(x, rect.y + row, theme.kind === "unicode" ? "┤" : "+", RULE);
  };
  mark(0, top);
  if (rect.height >= 5 && rect.height % 2 === 1) mark((rect.height - 1) / 2, top / 2);
  mark(rect.height - 1, 0);
}
