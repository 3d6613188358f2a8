// The tab of a VM's disks: rates, operations and latency of each kind of operation, what its file takes and its size; below, over time.
import { diskPart } from "../store/detail-rings.js";
import type { DiskFigure } from "../store/detail-rings.js";
import type { DiskSample, Vm } from "../store/model.js";
import type { State } from "../store/state.js";
import { partWindow } from "../store/windows.js";
import type { Rect, Role } from "./frame.js";
import { UNKNOWN, bytes, count, latency, rate } from "./format.js";
import { fixedTable } from "./fixed-table.js";
import type { FixedColumn } from "./fixed-table.js";
import { scrolled } from "./lists.js";
import { BOLD, DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { ASKING, UNKEPT, whyUnknownThen } from "./past-words.js";
import { plotGrid } from "./plot-grid.js";
import type { Plot, PlotLine } from "./plot.js";
import { diskRatePlot, latencyPlot, whyNoFigures } from "./vm-plots.js";

/** Rows the graphs keep below the disks. */
const PLOT_ROWS = 9;

/** A disk, or all together. */
interface Row { disk: DiskSample; isKept: boolean }

const right = (title: string, width: number, text: (disk: DiskSample) => string): FixedColumn<Row> =>
  ({ title, width, align: "right", text: ({ disk, isKept }) => (isKept ? text(disk) : width < UNKEPT.length ? UNKNOWN : UNKEPT), look: ({ disk, isKept }) => (isKept && text(disk) !== UNKNOWN ? TEXT : DIM) });

const COLUMNS: readonly FixedColumn<Row>[] = [
  { title: "disk", width: 8, align: "left", text: ({ disk }) => disk.name, look: () => BOLD },
  right("read/s", 6, (disk) => rate(disk.readBytesPerSecond)), right("write/s", 7, (disk) => rate(disk.writeBytesPerSecond)),
  right("r op/s", 6, (disk) => count(disk.readsPerSecond)), right("w op/s", 6, (disk) => count(disk.writesPerSecond)), right("f op/s", 6, (disk) => count(disk.flushesPerSecond)),
  right("a read", 6, (disk) => latency(disk.readLatencySeconds)), right("a write", 7, (disk) => latency(disk.writeLatencySeconds)), right("a flush", 7, (disk) => latency(disk.flushLatencySeconds)),
  right("taken", 5, (disk) => bytes(disk.allocatedBytes)), right("size", 5, (disk) => bytes(disk.capacityBytes)),
];

export function vmDisks(p: Painter, vm: Vm, rect: Rect): void {
  const disks = rowsOf(p.state, vm);
  const rows = Math.max(1, Math.min(disks.length, rect.height - 2 - PLOT_ROWS));
  const first = scrolled(p.state, "vm.disks", rows, disks.length);
  const more = disks.length > rows ? `${first + 1} to ${first + rows} of ${disks.length}` : "";
  rule(p, { ...rect, height: 1 }, "disks: bytes, operations, time of each; taken on the host of what size", more);
  if (disks.length === 0) p.frame.put(rect.x + 2, rect.y + 1, p.state.past.at === null ? whyNoFigures(vm, "No disk, or no sample yet.") : whyUnknownThen(p.state, { kind: "vm", id: vm.id }, p.state.details.has(vm.id) ? "No disk then." : ASKING), DIM);
  else fixedTable(p, { x: rect.x + 1, y: rect.y + 1, width: rect.width - 1, height: rows + 1 }, COLUMNS, disks, first);
  const used = 2 + rows;
  plotGrid(p, [diskRatePlot(p, vm), latencies(p, vm, disks[first]?.disk ?? null)], { ...rect, y: rect.y + used, height: rect.height - used }, 2);
}

/** Of several disks history has what they did together: a row of its own, before those of which it has nothing. */
function rowsOf({ past, details }: State, vm: Vm): Row[] {
  const disks = details.get(vm.id)?.disks ?? [];
  const all = past.at === null || disks.length < 2 ? null : (past.frame?.one?.allDisks ?? null);
  return [...(all === null ? [] : [{ disk: all, isKept: true }]), ...disks.map((disk) => ({ disk, isKept: past.at === null || disks.length === 1 }))];
}

/** The VM's mean, which has a history, and the kinds of operation of one disk since the page was opened. */
function latencies(p: Painter, vm: Vm, disk: DiskSample | null): Plot {
  const mean = latencyPlot(p, vm);
  if (disk === null) return mean;
  const line = (name: string, role: Role, figure: DiskFigure, now: number | null): PlotLine =>
    ({ name, role, now, window: (columns) => partWindow(p.state, vm.id, diskPart(disk.name, figure), columns) });
  const kinds = [
    line("r", "second", "readLatencySeconds", disk.readLatencySeconds), line("w", "third", "writeLatencySeconds", disk.writeLatencySeconds), line("f", "fourth", "flushLatencySeconds", disk.flushLatencySeconds),
  ];
  return { ...mean, title: `latency, ${disk.name}`, lines: [...mean.lines, ...kinds] };
}
