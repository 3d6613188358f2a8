// Several VMs by one figure in one graph: each line ends in its number, and the table below says whose it is.
import { COMPARED_MAX, comparedVms } from "../store/compare.js";
import type { Vm } from "../store/model.js";
import { vmFigure } from "../store/reduce-data.js";
import { vcpusOf } from "../store/select.js";
import { COMPARED_FIGURES } from "../store/state.js";
import type { ComparedFigure, State } from "../store/state.js";
import { vmWindow } from "../store/windows.js";
import { style } from "./frame.js";
import type { Rect, Role } from "./frame.js";
import { words } from "./format.js";
import { fixedTable } from "./fixed-table.js";
import type { FixedColumn } from "./fixed-table.js";
import { cutName } from "./names.js";
import { DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { DOTS_ACROSS, GUTTER, plot } from "./plot.js";
import type { PlotLine } from "./plot.js";
import { LATENCY, PRESSURE, RATE, cpuScale, cpuUnit, sizes } from "./scales.js";
import type { Scale } from "./scales.js";
import { STATE_ROLES } from "./theme.js";
import { whyNoFigures } from "./vm-plots.js";

/** One a line, in the order of the marks. */
const ROLES: readonly Role[] = ["first", "second", "third", "fourth", "fifth", "sixth"];
const LEAST_MEMORY_BYTES = 64 * 1024 ** 2;

const TITLES: Record<ComparedFigure, string> = {
  cpu: "CPU", steal: "steal, % of the time", guestUsed: "guest memory used", rss: "host memory resident", diskRead: "disk read, B/s", diskWrite: "disk written, B/s",
  diskLatency: "disk latency", netRx: "net in, B/s", netTx: "net out, B/s",
};
const SHORT_NAMES: Record<ComparedFigure, string> = {
  cpu: "CPU", steal: "steal", guestUsed: "guest mem", rss: "RSS", diskRead: "read", diskWrite: "write", diskLatency: "latency", netRx: "net in", netTx: "net out",
};

interface Compared { vm: Vm; line: PlotLine; low: number | null; peak: number | null }

export function comparePage(p: Painter, rect: Rect): void {
  const { state } = p;
  const vms = comparedVms(state);
  figures(p, rect.y);
  if (vms.length === 0) {
    p.frame.put(rect.x + 2, rect.y + 2, "No VM to compare: space on the overview marks VMs, = compares them.", DIM);
    return;
  }
  const figure = state.ui.compared;
  const factor = (vm: Vm): number => (figure === "cpu" && state.ui.cpuScale === "vm" ? 1 / Math.max(1, vcpusOf(vm, state.samples.get(vm.id))) : 1);
  const lines = vms.map((vm, index) => line(p, vm, figure, index, factor(vm)));
  const scale = scaleOf(state, figure);
  const tableRows = vms.length + 2;
  const area: Rect = { ...rect, y: rect.y + 1, height: rect.height - 1 - tableRows };
  plot(p, { title: titleOf(state, figure), lines, scale, ends: "named", of: vms.map(({ id }) => ({ kind: "vm", id })), whyEmpty: why(vms) }, area);
  table(p, { ...rect, y: area.y + area.height, height: tableRows }, vms, lines, scale);
}

/** The figures, the chosen one marked; Tab goes on. */
function figures(p: Painter, y: number): void {
  const chosen = p.state.ui.compared;
  parts(p, 1, y, [["Tab ", style("key")], ...COMPARED_FIGURES.map((figure) => [` ${SHORT_NAMES[figure]} `, figure === chosen ? style("text", "bold", "underline") : DIM] as const)]);
}

function titleOf(state: State, figure: ComparedFigure): string {
  return figure === "cpu" ? `CPU, ${cpuUnit(state.ui.cpuScale)}` : TITLES[figure];
}

function scaleOf(state: State, figure: ComparedFigure): Scale {
  // The values of "cpu" are already in the unit that was chosen.
  if (figure === "cpu") return cpuScale(state.ui.cpuScale, 1);
  if (figure === "steal") return PRESSURE;
  if (figure === "diskLatency") return LATENCY;
  return figure === "guestUsed" || figure === "rss" ? sizes(LEAST_MEMORY_BYTES) : RATE;
}

function line(p: Painter, vm: Vm, figure: ComparedFigure, index: number, factor: number): PlotLine {
  const sample = p.state.samples.get(vm.id);
  const now = sample === undefined ? null : vmFigure(sample, figure);
  return {
    name: String(index + 1), role: ROLES[index] ?? "text", now: now === null ? null : now * factor,
    window: (columns) => {
      const window = vmWindow(p.state, vm.id, figure, columns);
      return factor === 1 ? window : { columns: window.columns.map((value) => value * factor), peak: window.peak * factor, low: window.low * factor };
    },
  };
}

function why(vms: readonly Vm[]): string {
  const [only] = vms;
  return vms.length === 1 && only !== undefined ? whyNoFigures(only, "nothing known of this figure") : "nothing known of this figure for any of them";
}

function table(p: Painter, rect: Rect, vms: readonly Vm[], lines: readonly PlotLine[], scale: Scale): void {
  const marked = p.state.ui.marks.size;
  const remark = marked > COMPARED_MAX ? `the first ${COMPARED_MAX} of ${marked} marked` : marked === 0 ? "space on the overview marks more" : "";
  rule(p, { ...rect, height: 1 }, "compared", remark);
  const columns = (rect.width - GUTTER - 1) * DOTS_ACROSS;
  const rows = vms.flatMap((vm, index): Compared[] => {
    const drawn = lines[index];
    if (drawn === undefined) return [];
    const { low, peak } = drawn.window(columns);
    return [{ vm, line: drawn, low: Number.isNaN(low) ? null : low, peak: Number.isNaN(peak) ? null : peak }];
  });
  const value = (title: string, read: (row: Compared) => number | null): FixedColumn<Compared> => ({ title, width: scale.width, align: "right", text: (row) => scale.value(read(row)) });
  fixedTable(p, { x: rect.x + 1, y: rect.y + 1, width: rect.width - 1, height: rows.length + 1 }, [
    { title: "", width: 1, align: "left", text: (row) => row.line.name, look: (row) => style(row.line.role, "bold") },
    { title: "NAME", width: 30, align: "left", cut: cutName, text: ({ vm }) => vm.label, look: () => TEXT },
    { title: "STATE", width: 9, align: "left", text: ({ vm }) => words(vm.state), look: ({ vm }) => style(STATE_ROLES[vm.state]) },
    value("NOW", (row) => row.line.now), value("MIN", (row) => row.low), value("MAX", (row) => row.peak),
  ], rows);
}
