// The host: its CPU, memory, disk and network, as three lines of text on a small screen and as graphs on a large one.
import { host, hostSample, isStale } from "../store/select.js";
import { hostWindow } from "../store/windows.js";
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { UNKNOWN, bytes, count, cut, isIdle, ratePerSecond, wholePercent } from "./format.js";
import { hostPlots, kvmNote, pressureWords } from "./host-plots.js";
import { DIM, RULE, TEXT, parts } from "./painter.js";
import type { Painter } from "./painter.js";
import { whyNoSample } from "./past-words.js";
import { plotGrid } from "./plot-grid.js";
import { sparkline } from "./sparkline.js";
import { wholePieces } from "./whole-pieces.js";
import type { Piece } from "./whole-pieces.js";
import { cellsOf } from "../width.js";

export const COMPACT_ROWS = 3;
export const GRAPH_ROWS = 9;
/** From this many columns on, five graphs stand side by side. */
const FIVE_PLOTS_COLUMNS = 180;
/** Cells of the left half of the compact form; the right half takes the rest. */
const LEFT_WIDTH = 42;
const BAR_WIDTH = 20;
/** Columns of the compact CPU line; each stands for six seconds. */
const CPU_COLUMNS = 10;
const CPU_SPAN_SECONDS = 60;

export function hostCompact(p: Painter, y: number): void {
  const { frame, theme, state } = p;
  const sample = hostSample(state);
  const look = isStale(state) ? DIM : TEXT;
  const cores = host(state)?.cpuCount ?? null;
  const cpu = hostWindow(state, host(state)?.id ?? "", "cpu", CPU_COLUMNS, CPU_SPAN_SECONDS);
  const psi = sample?.psiCpuRatio ?? null;
  const read = sample?.diskReadBytesPerSecond;
  const written = sample?.diskWriteBytesPerSecond;
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
    ["DISK ", DIM], [isIdle(read, written) ? "idle" : `r ${ratePerSecond(read ?? null).padEnd(8)} w ${ratePerSecond(written ?? null)}`, look],
  ]);
  const { label, note } = kvmWords(p);
  parts(p, x, y + 2, [[`${label} `, DIM], [cut(note, frame.width - x - cellsOf(label) - 2, theme.ellipsis), look]]);
}

/** Of several hosts the one shown is named. */
function kvmWords({ state }: Painter): { label: string; note: string } {
  const { label, note } = kvmNote(host(state));
  return { label: state.hosts.length > 1 ? `${host(state)?.name ?? ""}: ${label}` : label, note };
}

/** The bar: what is used, within it what holds compressed pages, and the rest; below it the figures it cannot show. */
function memoryLines(p: Painter, y: number): void {
  const { theme, state } = p;
  const sample = hostSample(state);
  const look = isStale(state) ? DIM : TEXT;
  parts(p, 1, y, [["MEM ", DIM]]);
  if (sample === null) {
    parts(p, 5, y, [[cut(`${UNKNOWN}  ${whyNoSample(state, host(state)?.id ?? "")}`, LEFT_WIDTH - 6, theme.ellipsis), DIM]]);
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
  parts(p, 5, y + 1, wholePieces(memoryWords(p, DIM), LEFT_WIDTH - 6));
}

/** What an application can still get (MemAvailable, not what is free), and what saves or costs memory; swap weighs more than cache. */
function memoryWords(p: Painter, look: Style): Piece[] {
  const sample = hostSample(p.state);
  if (sample === null) return [];
  const piece = (text: string, weight: number): Piece => ({ texts: [[text, look]], weight });
  const shown = [piece(`avail ${bytes(sample.memoryAvailableBytes)}`, 4)];
  if ((sample.ksmSavedBytes ?? 0) > 0) shown.push(piece(`  shared ${bytes(sample.ksmSavedBytes)}`, 2));
  if ((sample.compressedOriginalBytes ?? 0) > 0) shown.push(piece(`  zip ${bytes(sample.compressedOriginalBytes)}`, 1));
  else if (sample.memoryCachedBytes !== null) shown.push(piece(`  cache ${bytes(sample.memoryCachedBytes)}`, 0));
  if ((sample.swapUsedBytes ?? 0) > 0) shown.push(piece(`  swap ${bytes(sample.swapUsedBytes)}`, 3));
  return shown;
}

/** Graphs side by side, and a line of what they cannot show. */
export function hostGraphs(p: Painter, rect: Rect): void {
  const first = host(p.state);
  if (first === null) {
    p.frame.put(rect.x + 2, rect.y, "No host is known yet.", DIM);
    return;
  }
  const plots = hostPlots(p, first);
  const shown = rect.width >= FIVE_PLOTS_COLUMNS ? [plots.cpu, plots.memory, plots.disk, plots.network, plots.pressure] : [plots.cpu, plots.memory, plots.disk, plots.network];
  plotGrid(p, shown, { ...rect, height: rect.height - 1 }, shown.length);
  const sample = hostSample(p.state);
  const kvm = kvmWords(p);
  parts(p, 1, rect.y + rect.height - 1, [
    ["waiting ", DIM], [pressureWords(sample), TEXT], ["   load ", DIM], [(sample?.load1?.toFixed(2) ?? UNKNOWN).padEnd(5), TEXT],
    ["  memory ", DIM], ...wholePieces(memoryWords(p, TEXT), Infinity), [`   ${kvm.label} `, DIM], [kvm.note, TEXT],
  ], rect.width - 2);
}
