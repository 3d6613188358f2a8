// What stands in words above a graph: of each line its name, its value now, its lowest and its highest. Each line has its
// range: in the legend, on as many rows as the graph can spare, else in the title, shortened. Pure: it draws nothing.
import type { Window } from "../store/window.js";
import { cellsOf } from "../width.js";
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { DIM, TEXT } from "./painter.js";
import type { Plot } from "./plot.js";

/** Rows that the drawing keeps, its time axis not counted, however many lines there are to tell of. */
const DRAWN_ROWS_LEAST = 4;
/** Rows of a graph that are neither legend nor drawing: title and time axis. */
const FRAME_ROWS = 2;
/** What a rule takes beside its title and its remark. */
const RULE_MARGIN_CELLS = 10;

type Row = (readonly [text: string, look: Style])[];
/** `remark` stands right of the title. */
interface Legend { remark: string; rows: readonly Row[] }

export function legendOf(shown: Plot, windows: readonly Window[], rect: Rect): Legend {
  const { extra = "", title, ends } = shown;
  const room = rect.width - 2;
  const spare = Math.max(1, rect.height - FRAME_ROWS - DRAWN_ROWS_LEAST);
  const fits = (rows: readonly Row[] | null): rows is Row[] => rows !== null && (rows.length === 1 || (rows.length <= spare && ends !== "named"));
  const whole = rowsOf(shown, windows, room, "each with its range", extra);
  if (fits(whole) && whole.length === 1) return { remark: "", rows: whole };
  // What the lines do not say takes no row of its own where it can stand beside the title.
  const isBeside = cellsOf(extra) + cellsOf(title) + RULE_MARGIN_CELLS <= rect.width;
  const ranged = rowsOf(shown, windows, room, "each with its range", isBeside ? "" : extra);
  if (fits(ranged)) return { remark: isBeside ? extra : "", rows: ranged };
  // What does not fit into one row is cut there: the drawing is what the graph is for.
  const bare = rowsOf(shown, windows, room, "now only", extra);
  const row = bare?.length === 1 ? (bare[0] ?? []) : entriesOf(shown, windows, "now only", extra).flatMap(({ row }) => [...row, [" ", DIM] as const]);
  return { remark: ends === "named" ? "" : ranges(shown, windows, rect.width), rows: [row] };
}

type Detail = "each with its range" | "now only";
interface Entry { row: Row; cells: number }

/** Entries in rows of so many cells; null where one alone is too long. Cells are the same whatever the values are. */
function rowsOf(shown: Plot, windows: readonly Window[], room: number, detail: Detail, extra: string): Row[] | null {
  const entries = entriesOf(shown, windows, detail, extra);
  if (entries.some(({ cells }) => cells > room)) return null;
  const rows: Row[] = [];
  let used = Infinity;
  for (const { row, cells } of entries) {
    if (used + GAP.length + cells > room) {
      rows.push([...row]);
      used = cells;
    } else {
      rows.at(-1)?.push([GAP, DIM], ...row);
      used += GAP.length + cells;
    }
  }
  return rows;
}
const GAP = "  ";

function entriesOf({ lines, scale }: Plot, windows: readonly Window[], detail: Detail, extra: string): Entry[] {
  const fixed = (value: number | null): string => scale.value(value).padEnd(scale.width);
  const entries = lines.map((line, index): Entry => {
    const window = windows[index];
    const span = detail === "now only" || window === undefined ? "" : ` min ${fixed(numberOrNull(window.low))} max ${fixed(numberOrNull(window.peak))}`;
    return { row: [[`${line.name} `, style(line.role)], [fixed(line.now), line.now === null ? DIM : TEXT], [span, DIM]], cells: cellsOf(line.name) + 1 + scale.width + span.length };
  });
  return extra === "" ? entries : [...entries, { row: [[extra, DIM]], cells: cellsOf(extra) }];
}

/** Lowest and highest of each line beside the title, the main line's first; of those that find no room the legend's value stands. */
function ranges({ lines, title, scale }: Plot, windows: readonly Window[], width: number): string {
  const room = width - RULE_MARGIN_CELLS - cellsOf(title);
  const known = lines.flatMap((line, index) => {
    const window = windows[index];
    return window === undefined || Number.isNaN(window.peak) ? [] : [{ line, window }];
  });
  const [only] = known;
  const forms = lines.length === 1 && only !== undefined
    ? [`min ${scale.value(only.window.low)} max ${scale.value(only.window.peak)}`, `${scale.value(only.window.low)} to ${scale.value(only.window.peak)}`]
    : [known.map(({ line: { name }, window: { low, peak } }) => `${name} min ${scale.value(low)} max ${scale.value(peak)}`).join("  ")];
  const fitting = forms.find((form) => cellsOf(form) <= room);
  if (fitting !== undefined) return fitting;
  let some = "";
  for (const { line: { name }, window: { low, peak } } of known) {
    const next = `${some === "" ? "" : "  "}${name} ${scale.mark(low)}-${scale.mark(peak)}`;
    if (cellsOf(some + next) > room) break;
    some += next;
  }
  return some;
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
