// The tab of a VM's CPU: each vCPU with its time and steal as figures, a bar and its last minute; below, the VM over time.
import { vcpuPart } from "../store/detail-rings.js";
import type { VcpuSample, Vm } from "../store/model.js";
import { partWindow } from "../store/windows.js";
import { bar } from "./bars.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { percent } from "./format.js";
import { scrolled } from "./lists.js";
import { BOLD, DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { plot } from "./plot.js";
import { sparkline } from "./sparkline.js";
import { cpuPlot, whyNoFigures } from "./vm-plots.js";

/** Rows the graph keeps below the vCPUs. */
const PLOT_ROWS = 8;
const BAR_CELLS = 24;
/** Columns of a vCPU's small graph and the seconds they span. */
const SPARK_CELLS = 20;
const SPARK_SPAN_SECONDS = 60;
/** Cells of one vCPU's line, and from how many of them two stand side by side. */
const LINE_CELLS = 76;

export function vmCpu(p: Painter, vm: Vm, rect: Rect): void {
  const detail = p.state.details.get(vm.id);
  const vcpus = detail?.vcpus ?? [];
  const across = Math.max(1, Math.floor(rect.width / LINE_CELLS));
  const rows = Math.max(1, Math.ceil(vcpus.length / across));
  const shown = Math.min(rows, rect.height - 2 - PLOT_ROWS);
  const first = scrolled(p.state, "vm.cpu", shown, rows);
  const more = rows > shown ? `, lines ${first + 1} to ${first + shown} of ${rows}` : "";
  rule(p, { ...rect, height: 1 }, `vCPUs, each 100 % of a core${more}`, detail === undefined ? "" : `QEMU: user ${percent(detail.cpuUserRatio)} system ${percent(detail.cpuSystemRatio)}`);
  heads(p, rect.x + 1, rect.y + 1, Math.min(across, Math.max(1, vcpus.length)));
  if (vcpus.length === 0) p.frame.put(rect.x + 2, rect.y + 2, whyNoFigures(vm), DIM);
  for (let row = 0; row < shown; row++) {
    for (let column = 0; column < across; column++) {
      const vcpu = vcpus[(first + row) * across + column];
      if (vcpu !== undefined) line(p, vm, vcpu, rect.x + 1 + column * LINE_CELLS, rect.y + 2 + row);
    }
  }
  const used = 2 + shown;
  plot(p, cpuPlot(p, vm), { ...rect, y: rect.y + used, height: rect.height - used });
}

function heads(p: Painter, x: number, y: number, across: number): void {
  for (let column = 0; column < across; column++) p.frame.put(x + column * LINE_CELLS, y, `vCPU   used steal%  ${"used and stolen".padEnd(BAR_CELLS)} last ${SPARK_SPAN_SECONDS}s`, DIM);
}

function line(p: Painter, vm: Vm, vcpu: VcpuSample, x: number, y: number): void {
  const { columns } = partWindow(p.state, vm.id, vcpuPart(vcpu.index, "ratio"), SPARK_CELLS, SPARK_SPAN_SECONDS);
  parts(p, x, y, [
    [String(vcpu.index).padStart(4), BOLD], [percent(vcpu.ratio).padStart(7), vcpu.ratio === null ? DIM : TEXT], [percent(vcpu.stealRatio).padStart(7), vcpu.stealRatio === null ? DIM : TEXT],
    ["  ", TEXT], ...bar(p.theme, BAR_CELLS, vcpu.ratio, vcpu.stealRatio), [" ", TEXT], [sparkline(columns, 1, p.theme), style("first")],
  ], LINE_CELLS);
}
