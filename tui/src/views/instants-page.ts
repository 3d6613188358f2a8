// The page that compares two instants: per VM what it was at each and by how much it changed.
import { comparedInstants, difference } from "../store/instants.js";
import type { Change, ComparedVm, InstantFigure } from "../store/instants.js";
import { isCompared } from "../store/past.js";
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { UNKNOWN, bytes, latency, longAge, percent, rate } from "./format.js";
import { columnGap, fixedTable } from "./fixed-table.js";
import type { FixedColumn } from "./fixed-table.js";
import { scrolled } from "./lists.js";
import { cutName, nameCells, nameNeeds } from "./names.js";
import { DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { instantWords } from "./past-words.js";
import { STATE_ROLES } from "./theme.js";
import type { Theme } from "./theme.js";

/** Rows of the page above its table: its rule and the two clocks. */
const HEAD_ROWS = 3;
const STATE_WIDTH = 10;

interface FigureColumn { figure: InstantFigure; title: string; width: number; format: (value: number) => string }

/** In the order in which they are given room. */
const FIGURES: readonly FigureColumn[] = [
  { figure: "cpu", title: "CPU%", width: 5, format: percent },
  { figure: "guestUsed", title: "GUEST", width: 5, format: bytes },
  { figure: "disk", title: "DISK/s", width: 6, format: rate },
  { figure: "rss", title: "RSS", width: 5, format: bytes },
  { figure: "rx", title: "IN/s", width: 6, format: rate },
  { figure: "tx", title: "OUT/s", width: 6, format: rate },
  { figure: "latency", title: "LATENCY", width: 7, format: latency },
  { figure: "steal", title: "STEAL%", width: 6, format: percent },
];

export function instantsPage(p: Painter, rect: Rect): void {
  const { comparison } = p.state.past;
  if (comparison === null) {
    rule(p, { ...rect, height: 1 }, "two instants");
    p.frame.put(rect.x + 2, rect.y + 1, "M marks the instant shown, live or of the past; M at another one compares the two here.", DIM, rect.width - 3);
    return;
  }
  const { first, second, frames } = comparison;
  const rows = comparedInstants(p.state);
  rule(p, { ...rect, height: 1 }, `two instants, ${longAge(second - first)} apart`, isCompared(p.state.past) ? `${rows.length} VMs` : "asking the server");
  parts(p, rect.x + 1, rect.y + 1, [["a ", style("key")], [`${instantWords(frames[0]?.clock ?? first)} UTC`, TEXT], ["    b ", style("key")], [`${instantWords(frames[1]?.clock ?? second)} UTC`, TEXT], ["    + is more at b", DIM]], rect.width - 2);
  if (frames[0] === null || frames[1] === null) {
    p.frame.put(rect.x + 2, rect.y + HEAD_ROWS, "Asking the server.", DIM);
    return;
  }
  if (rows.length === 0) {
    p.frame.put(rect.x + 2, rect.y + HEAD_ROWS, "No VM was defined at either of them, or nothing is kept of so long ago.", DIM, rect.width - 3);
    return;
  }
  const below: Rect = { x: rect.x + 1, y: rect.y + HEAD_ROWS, width: rect.width - 2, height: rect.height - HEAD_ROWS };
  fixedTable(p, below, columns(p, below, nameCells(nameNeeds(rows.map(({ label }) => label)), below.width)), rows, scrolled(p.state, "instants", below.height - 1, rows.length));
}

/** Name and state, then as many figures as fit: a, b and the difference of each, their name above the three. */
function columns({ frame, theme }: Painter, { x, y, width }: Rect, name: number): FixedColumn<ComparedVm>[] {
  const shown: FixedColumn<ComparedVm>[] = [
    { title: "NAME", width: name, align: "left", cut: cutName, text: ({ label }) => label },
    { title: "STATE", width: STATE_WIDTH, align: "left", text: (row) => stateText(row, theme), look: stateLook },
  ];
  const gap = columnGap(width);
  let used = name + STATE_WIDTH + 2 * gap;
  for (const { figure, title, width: cells, format } of FIGURES) {
    const needed = 3 * (cells + gap) + 1;
    if (used + needed > width) break;
    frame.putRight(x + used + needed - gap, y - 1, title, DIM);
    used += needed;
    const text = (value: number | null): string => (value === null ? UNKNOWN : format(value));
    shown.push(
      { title: "a", width: cells, align: "right", text: ({ figures }) => text(figures[figure].before) },
      { title: "b", width: cells, align: "right", text: ({ figures }) => text(figures[figure].after) },
      { title: "b-a", width: cells + 1, align: "right", text: ({ figures }) => signed(figures[figure], format), look: ({ figures }) => changeLook(figures[figure], format) },
    );
  }
  return shown;
}

function stateText({ before, after }: ComparedVm, theme: Theme): string {
  if (before === null) return "made since";
  if (after === null) return "gone";
  return before.state === after.state ? `${theme.states[after.state]} ${after.state.toLowerCase()}`.slice(0, STATE_WIDTH) : `${theme.states[before.state]} to ${theme.states[after.state]}`;
}

function stateLook({ before, after }: ComparedVm): Style {
  if (before === null || after === null) return style("between");
  return before.state === after.state ? style(STATE_ROLES[after.state]) : style(STATE_ROLES[after.state], "bold");
}

/** What is less than what is shown is no difference. */
function signed(change: Change, format: (value: number) => string): string {
  const by = difference(change);
  if (by === null) return UNKNOWN;
  const size = format(Math.abs(by));
  return size === format(0) ? "=" : `${by > 0 ? "+" : "-"}${size}`;
}

function changeLook(change: Change, format: (value: number) => string): Style {
  const text = signed(change, format);
  return text === UNKNOWN || text === "=" ? DIM : style("text", "bold");
}
