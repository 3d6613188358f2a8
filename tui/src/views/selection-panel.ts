// What follows the selection on the overview, beside or below the table: the chosen VM's graphs and, where there is
// room, the last lines of its console.
import { tailIsBeside } from "../store/tail.js";
import { selectedVm } from "../store/select.js";
import type { Vm } from "../store/model.js";
import type { Rect } from "./frame.js";
import { cut } from "./format.js";
import { RULE, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { plotGrid } from "./plot-grid.js";
import { vmPlots } from "./vm-plots.js";
import { consoleLines } from "./vm-console.js";

/** Two graphs stand side by side from this many cells on. */
const TWO_ACROSS_CELLS = 78;
/** Rows that a graph needs to be read: fewer graphs rather than lower ones. */
const PLOT_ROWS = 7;
/** Rows of the console's last lines, their rule included. */
const CONSOLE_ROWS = 9;

/** Beside the table. */
export function selectionBeside(p: Painter, rect: Rect): void {
  for (let row = 0; row < rect.height; row++) p.frame.put(rect.x, rect.y + row, p.theme.bar, RULE);
  const inner: Rect = { ...rect, x: rect.x + 1, width: rect.width - 1 };
  const vm = selectedVm(p.state);
  if (vm === null) {
    rule(p, inner, "no VM chosen");
    return;
  }
  const tail = tailIsBeside(p.state) ? CONSOLE_ROWS : 0;
  const { cpu, memory, disk, latency, network, pressure } = vmPlots(p, vm);
  const above: Rect = { ...inner, height: inner.height - tail };
  const [plots, across] = inner.width >= TWO_ACROSS_CELLS ? [[cpu, memory, disk, latency, network, pressure], 2] : [[cpu, memory, disk, network], 1];
  plotGrid(p, plots.slice(0, Math.max(1, Math.floor(above.height / PLOT_ROWS)) * across), above, across);
  if (tail > 0) lastLines(p, vm, { ...inner, y: inner.y + inner.height - tail, height: tail });
}

function lastLines(p: Painter, vm: Vm, rect: Rect): void {
  rule(p, { ...rect, height: 1 }, cut(`${vm.label}: last lines of its console`, rect.width - 6, p.theme.ellipsis), "c opens it");
  consoleLines(p, vm, { ...rect, x: rect.x + 1, width: rect.width - 1, y: rect.y + 1, height: rect.height - 1 });
}

/** Below the table, all across. */
export function selectionBelow(p: Painter, rect: Rect): void {
  const vm = selectedVm(p.state);
  if (vm === null) {
    rule(p, rect, "no VM chosen");
    return;
  }
  const { cpu, memory, disk, network } = vmPlots(p, vm);
  plotGrid(p, [cpu, memory, disk, network], rect, 2);
}
