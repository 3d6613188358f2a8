// The chosen VM's graphs where the overview has but a few rows for them: each one a row, with its unit, now, lowest and
// highest. Which figures, units and reasons those are is vm-plots.ts's business.
import { selectedVm } from "../store/select.js";
import { graphSpan } from "../store/windows.js";
import { cellsOf } from "../width.js";
import type { Rect } from "./frame.js";
import { style } from "./frame.js";
import { cut, spanWords } from "./format.js";
import { DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { whyEmptyThen } from "./past-words.js";
import type { Plot } from "./plot.js";
import { sparkline } from "./sparkline.js";
import { vmPlots } from "./vm-plots.js";

/** A rule and two graphs. */
export const SELECTION_LINES_ROWS = 3;
/** Cells of what is drawn and in which unit. */
const TITLE_CELLS = 18;
/** No row is so narrow that its graph has fewer. */
const LEAST_GRAPH_CELLS = 8;

export function selectionLines(p: Painter, rect: Rect): void {
  const vm = selectedVm(p.state);
  if (vm === null) return;
  rule(p, { ...rect, height: 1 }, vm.label, `${spanWords(graphSpan(p.state).seconds)}, Enter for more`);
  const { cpu, memory } = vmPlots(p, vm);
  [cpu, memory].forEach((shown, index) => line(p, shown, { ...rect, y: rect.y + 1 + index, height: 1 }));
}

/** The main line of a graph. */
function line(p: Painter, shown: Plot, { x, y, width }: Rect): void {
  const [main] = shown.lines;
  if (main === undefined) return;
  const { scale } = shown;
  const value = (of: number | null): string => scale.value(of).padStart(scale.width);
  const known = (of: number): number | null => (Number.isNaN(of) ? null : of);
  const start = `${cut(shown.title, TITLE_CELLS, p.theme.ellipsis).padEnd(TITLE_CELLS)} ${value(main.now)} `;
  const cells = Math.max(LEAST_GRAPH_CELLS, width - 2 - cellsOf(start) - cellsOf(ends(value(null), value(null))));
  const { columns, peak, low } = main.window(cells);
  parts(p, x + 1, y, [[start.slice(0, TITLE_CELLS + 1), DIM], [start.slice(TITLE_CELLS + 1), main.now === null ? DIM : TEXT]], width - 2);
  if (Number.isNaN(peak)) {
    p.frame.put(x + 1 + cellsOf(start), y, cut(whyEmptyThen(p.state, shown.of, shown.whyEmptyThen) ?? shown.whyEmpty, width - 2 - cellsOf(start), p.theme.ellipsis), DIM);
    return;
  }
  parts(p, x + 1 + cellsOf(start), y, [[sparkline(columns, scale.topFor(peak), p.theme), style(main.role)], [ends(value(known(low)), value(known(peak))), DIM]], width - 2 - cellsOf(start));
}

function ends(low: string, peak: string): string {
  return ` min ${low} max ${peak}`;
}
