// The host: its CPU, memory, disk and network, as three lines of text on a small screen and as graphs on a large one.
import type { HostFigure } from "../store/model.js";
import { endSecond, windowOf } from "../store/ring.js";
import type { Ring } from "../store/ring.js";
import { host, hostSample, isStale, serverNow } from "../store/select.js";
import { style } from "./frame.js";
import type { Rect, Role } from "./frame.js";
import { UNKNOWN, bytes, count, cut, ratePerSecond, wholePercent } from "./format.js";
import { DIM, RULE, TEXT, graph, parts, rule, spanLabel, spanSeconds, GUTTER } from "./painter.js";
import type { GraphScale, Painter } from "./painter.js";
import { niceBytesTop, niceTop, sparkline } from "./sparkline.js";

export const COMPACT_ROWS = 3;
export const GRAPH_ROWS = 8;
/** Cells of the left half of the compact form; the right half takes the rest. */
const LEFT_WIDTH = 42;
const BAR_WIDTH = 20;
/** Columns of the compact CPU line; each stands for six seconds. */
const CPU_COLUMNS = 10;
const CPU_SPAN_SECONDS = 60;

function ring(p: Painter, figure: HostFigure): Ring | undefined {
  const first = host(p.state);
  return first === null ? undefined : p.state.hostRings.get(first.id)?.[figure];
}

export function hostCompact(p: Painter, y: number): void {
  const { frame, theme, state } = p;
  const sample = hostSample(state);
  const look = isStale(state) ? DIM : TEXT;
  const cores = host(state)?.cpuCount ?? null;
  const cpu = windowOf(ring(p, "cpu"), endSecond(ring(p, "cpu"), serverNow(state)), CPU_SPAN_SECONDS, CPU_COLUMNS);
  const psi = sample?.psiCpuRatio ?? null;
  parts(p, 1, y, [
    ["CPU ", DIM], [sparkline(cpu.columns, 1, theme), style("first")],
    [`${wholePercent(sample?.cpuRatio ?? null).padStart(5)} of ${cores ?? UNKNOWN} ${cores === 1 ? "core" : "cores"}`, look],
    psi === null ? null : [`  psi ${wholePercent(psi)}`, look],
  ], LEFT_WIDTH - 2);
  memoryLines(p, y + 1);
  for (let row = 0; row < COMPACT_ROWS; row++) frame.put(LEFT_WIDTH, y + row, theme.bar, RULE);
  const x = LEFT_WIDTH + 2;
  parts(p, x, y, [
    ["NET ", DIM], [`${theme.down} ${ratePerSecond(sample?.networkRxBytesPerSecond ?? null).padEnd(8)} ${theme.up} ${ratePerSecond(sample?.networkTxBytesPerSecond ?? null).padEnd(8)}`, look],
    [` drops ${count(sample?.networkDropsPerSecond ?? null)}`, look],
  ]);
  parts(p, x, y + 1, [
    ["DISK ", DIM], [`r ${ratePerSecond(sample?.diskReadBytesPerSecond ?? null).padEnd(8)} w ${ratePerSecond(sample?.diskWriteBytesPerSecond ?? null)}`, look],
  ]);
  parts(p, x, y + 2, [["KVM ", DIM], [cut(kvmNote(p), frame.width - x - 5, theme.ellipsis), look]]);
}

function kvmNote(p: Painter): string {
  const kvm = host(p.state)?.capabilities.find((capability) => capability.name === "kvm");
  if (kvm === undefined) return UNKNOWN;
  return kvm.available ? "available" : (kvm.reason ?? "not available");
}

/** The bar: what is used, within it what holds compressed pages, and the rest; below it the figures it cannot show. */
function memoryLines(p: Painter, y: number): void {
  const { theme, state } = p;
  const sample = hostSample(state);
  const look = isStale(state) ? DIM : TEXT;
  parts(p, 1, y, [["MEM ", DIM]]);
  if (sample === null) {
    parts(p, 5, y, [[`${UNKNOWN}  no sample yet`, DIM]]);
    return;
  }
  const used = sample.memoryTotalBytes - sample.memoryAvailableBytes;
  const cellsOf = (part: number): number => Math.round((part / sample.memoryTotalBytes) * BAR_WIDTH);
  const zip = Math.min(cellsOf(sample.compressedStoredBytes ?? 0), cellsOf(used));
  const usedCells = cellsOf(used) - zip;
  parts(p, 5, y, [
    [theme.fills.used.repeat(usedCells), style("bar")], [theme.fills.zip.repeat(zip), style("zip")],
    [theme.fills.free.repeat(Math.max(0, BAR_WIDTH - usedCells - zip)), RULE],
    [` ${bytes(used)} of ${bytes(sample.memoryTotalBytes)}`, look],
  ], LEFT_WIDTH - 6);
  parts(p, 5, y + 1, memoryWords(p).map((text) => [text, DIM] as const), LEFT_WIDTH - 6);
}

function memoryWords(p: Painter): string[] {
  const sample = hostSample(p.state);
  if (sample === null) return [];
  const shown = [`free ${bytes(sample.memoryAvailableBytes)}`];
  if ((sample.ksmSavedBytes ?? 0) > 0) shown.push(`  shared ${bytes(sample.ksmSavedBytes)}`);
  if ((sample.compressedOriginalBytes ?? 0) > 0) shown.push(`  zip ${bytes(sample.compressedOriginalBytes)}`);
  else if (sample.memoryCachedBytes !== null) shown.push(`  cache ${bytes(sample.memoryCachedBytes)}`);
  if ((sample.swapUsedBytes ?? 0) > 0) shown.push(`  swap ${bytes(sample.swapUsedBytes)}`);
  return shown;
}

interface Pane { title: string; lines: readonly { figure: HostFigure; role: Role }[]; scale: GraphScale }

/** Rates end on a round number and never below 10 kB/s, so that idle noise stays at the floor. */
export const RATE_SCALE: GraphScale = { topFor: (peak) => niceTop(peak, 10_000), label: (value) => (value === 0 ? "0" : ratePerSecond(value).replace("/s", "").replace(".00", "").replace(".0", "")) };
export const RATIO_SCALE: GraphScale = { topFor: () => 1, label: (value) => `${Math.round(value * 100)}%` };

export function bytesScale(least: number): GraphScale {
  return { topFor: (peak) => Math.max(least, Number.isNaN(peak) ? 0 : niceBytesTop(peak, least)), label: (value) => (value === 0 ? "0" : bytes(value).replace(".00", "").replace(".0", "")) };
}

function panes(p: Painter): Pane[] {
  const { theme, state } = p;
  const sample = hostSample(state);
  const first = host(state);
  const used = sample === null ? null : sample.memoryTotalBytes - sample.memoryAvailableBytes;
  const total = sample?.memoryTotalBytes ?? first?.memoryBytes ?? 1;
  return [
    { title: `CPU ${wholePercent(sample?.cpuRatio ?? null)} of ${first?.cpuCount ?? UNKNOWN} cores`, lines: [{ figure: "cpu", role: "first" }], scale: RATIO_SCALE },
    {
      title: `memory ${bytes(used)} of ${bytes(sample?.memoryTotalBytes ?? null)}`, lines: [{ figure: "memoryUsed", role: "first" }],
      scale: { topFor: () => total, label: (value) => (value === 0 ? "0" : bytes(value)) },
    },
    {
      title: `disk r ${ratePerSecond(sample?.diskReadBytesPerSecond ?? null)} w ${ratePerSecond(sample?.diskWriteBytesPerSecond ?? null)}`,
      lines: [{ figure: "diskRead", role: "first" }, { figure: "diskWrite", role: "second" }], scale: RATE_SCALE,
    },
    {
      title: `net ${theme.down} ${ratePerSecond(sample?.networkRxBytesPerSecond ?? null)} ${theme.up} ${ratePerSecond(sample?.networkTxBytesPerSecond ?? null)}`,
      lines: [{ figure: "netRx", role: "first" }, { figure: "netTx", role: "second" }], scale: RATE_SCALE,
    },
  ];
}

/** Four graphs side by side, and a line of what they cannot show. */
export function hostGraphs(p: Painter, rect: Rect): void {
  const { frame, theme, state } = p;
  const shown = panes(p);
  const width = Math.floor(rect.width / shown.length);
  shown.forEach((pane, index) => {
    const last = index === shown.length - 1;
    const box: Rect = { x: rect.x + index * width, y: rect.y, width: last ? rect.width - index * width : width, height: rect.height - 1 };
    rule(p, box, pane.title, spanLabel(spanSeconds(box.width - GUTTER - 1)));
    graph(p, { x: box.x, y: box.y + 1, width: box.width - 1, height: box.height - 1 }, pane.lines.map((line) => ({ ring: ring(p, line.figure), role: line.role })), pane.scale);
    if (index > 0) frame.put(box.x, box.y, theme.kind === "unicode" ? "─" : "-", RULE);
  });
  const sample = hostSample(state);
  const psi = [["cpu", sample?.psiCpuRatio], ["memory", sample?.psiMemoryRatio], ["io", sample?.psiIoRatio]] as const;
  parts(p, 1, rect.y + rect.height - 1, [
    ["waiting ", DIM], [psi.map(([name, ratio]) => `${name} ${wholePercent(ratio ?? null)}`).join("  "), TEXT],
    ["   load ", DIM], [sample?.load1?.toFixed(2) ?? UNKNOWN, TEXT],
    ["   memory ", DIM], [memoryWords(p).join(""), TEXT], ["   KVM ", DIM], [kvmNote(p), TEXT],
  ], rect.width - 2);
}
