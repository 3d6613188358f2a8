// The four graphs of one VM, as titled panes: on the VM's page two by two, beside a wide table one below the other.
import { guestUsedBytes } from "../store/reduce-data.js";
import type { Vm, VmFigure, VmSample } from "../store/model.js";
import { style } from "./frame.js";
import type { Rect, Role } from "./frame.js";
import { bytes, cut, latency, percent, ratePerSecond } from "./format.js";
import { bytesScale, RATE_SCALE } from "./host-panel.js";
import { DIM, GUTTER, TEXT, graph, parts, rule, spanLabel, spanSeconds } from "./painter.js";
import type { GraphScale, Painter } from "./painter.js";

interface Line { figure: VmFigure; role: Role; name: string; value: string }
interface Pane {
  title: string;
  /** Cells of a value in the legend, so that its neighbours stand still. */
  valueWidth: number;
  lines: readonly Line[];
  extra: string;
  scale: GraphScale;
  peakLabel: (peak: number) => string;
  /** Why there may never be a sample, when that is known. */
  whenEmpty?: string;
}

/** QEMU's user-mode network has no interface on the host, so nobody counts what goes through it. */
export function isUserNetwork(vm: Vm): boolean {
  return vm.networkInUse?.startsWith("user") ?? false;
}

/** CPU percent is of one core; the scale ends on whole cores. */
function cpuScale(): GraphScale {
  return { topFor: (peak) => Math.max(1, Math.ceil(Number.isNaN(peak) ? 1 : peak - 0.05)), label: (value) => String(Math.round(value * 100)) };
}

function panes(p: Painter, vm: Vm): Pane[] {
  const { theme } = p;
  const sample: VmSample | null = p.state.samples.get(vm.id) ?? null;
  const of = <Value>(read: (known: VmSample) => Value | null): Value | null => (sample === null ? null : read(sample));
  const rates = (value: number): string => ratePerSecond(value);
  return [
    {
      title: "CPU %", valueWidth: 7, scale: cpuScale(), peakLabel: (peak) => percent(peak), extra: "",
      lines: [
        { figure: "steal", role: "attention", name: "steal", value: percent(of((known) => known.stealRatio)) },
        { figure: "cpu", role: "first", name: "used", value: percent(of((known) => known.cpuRatio)) },
      ],
    },
    {
      title: "memory", valueWidth: 5, scale: bytesScale(vm.memoryBytes), peakLabel: (peak) => bytes(peak), extra: "",
      lines: [
        { figure: "balloon", role: "rule", name: "balloon", value: bytes(of((known) => known.balloonActualBytes)) },
        { figure: "rss", role: "second", name: "rss", value: bytes(of((known) => known.rssBytes)) },
        { figure: "guestUsed", role: "first", name: "guest", value: bytes(of(guestUsedBytes)) },
      ],
    },
    {
      title: "disk", valueWidth: 7, scale: RATE_SCALE, peakLabel: rates, extra: `${latency(of((known) => known.diskLatencySeconds))} each`,
      lines: [
        { figure: "diskWrite", role: "second", name: "w", value: ratePerSecond(of((known) => known.diskWriteBytesPerSecond)) },
        { figure: "diskRead", role: "first", name: "r", value: ratePerSecond(of((known) => known.diskReadBytesPerSecond)) },
      ],
    },
    {
      title: "network", valueWidth: 7, scale: RATE_SCALE, peakLabel: rates, extra: `drops ${ratePerSecond(of((known) => known.networkDropsPerSecond))}`,
      ...(isUserNetwork(vm) ? { whenEmpty: "user mode: no counters on host" } : {}),
      lines: [
        { figure: "netTx", role: "second", name: theme.up, value: ratePerSecond(of((known) => known.networkTxBytesPerSecond)) },
        { figure: "netRx", role: "first", name: theme.down, value: ratePerSecond(of((known) => known.networkRxBytesPerSecond)) },
      ],
    },
  ];
}

function paint(p: Painter, vm: Vm, pane: Pane, rect: Rect): void {
  const rings = p.state.rings.get(vm.id);
  const plot: Rect = { x: rect.x, y: rect.y + 2, width: rect.width - 1, height: rect.height - 2 };
  const shown = graph(p, plot, pane.lines.map((line) => ({ ring: rings?.[line.figure], role: line.role })), pane.scale, pane.whenEmpty);
  const span = spanLabel(spanSeconds(Math.max(4, plot.width - GUTTER)));
  rule(p, { ...rect, height: 1 }, pane.title, shown.known && !Number.isNaN(shown.peak) ? `peak ${pane.peakLabel(shown.peak)}, ${span}` : span);
  const legend = [...pane.lines].reverse().flatMap((line) => [[` ${line.name} `, style(line.role)], [`${line.value.padEnd(pane.valueWidth)} `, TEXT]] as const);
  parts(p, rect.x + 1, rect.y + 1, [...legend, [cut(pane.extra, 14, p.theme.ellipsis), DIM]], rect.width - 2);
}

/** Two by two. */
export function vmGraphGrid(p: Painter, vm: Vm, rect: Rect): void {
  const width = Math.floor(rect.width / 2);
  const height = Math.floor(rect.height / 2);
  panes(p, vm).forEach((pane, index) => {
    const right = index % 2 === 1;
    const below = index >= 2;
    paint(p, vm, pane, {
      x: rect.x + (right ? width : 0), y: rect.y + (below ? height : 0),
      width: right ? rect.width - width : width, height: below ? rect.height - height : height,
    });
  });
}

/** One below the other. */
export function vmGraphColumn(p: Painter, vm: Vm, rect: Rect): void {
  const all = panes(p, vm);
  const height = Math.floor(rect.height / all.length);
  all.forEach((pane, index) => {
    const last = index === all.length - 1;
    paint(p, vm, pane, { x: rect.x, y: rect.y + index * height, width: rect.width, height: last ? rect.height - index * height : height });
  });
}
