// The table of VMs: which columns fit, and a row as cells. A row is a pure function of a VM and its newest sample.
import { marksText } from "../store/marks.js";
import { guestUsedBytes } from "../store/reduce-data.js";
import type { Vm, VmSample } from "../store/model.js";
import { ageSince, isStale, runningOperation, serverNow, sum, visibleVms } from "../store/select.js";
import { vmWindow } from "../store/windows.js";
import type { CpuScale, SortColumn, State } from "../store/state.js";
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { UNKNOWN, age, bytes, cut, latency, percent, rate, words } from "./format.js";
import { DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { cpuPercent } from "./scales.js";
import { sparkline } from "./sparkline.js";
import { STATE_ROLES } from "./theme.js";
import type { Theme } from "./theme.js";

/** Columns of the small CPU graph and the seconds they span. */
const SPARK_COLUMNS = 8;
const SPARK_SPAN_SECONDS = 64;
const NAME_WIDTH = 12;
/** Longest name shown where there is room: a VM's name holds 64 characters, few use more than this. */
const NAME_MAX_WIDTH = 32;

export interface RowSource { vm: Vm; sample: VmSample | null; state: State; theme: Theme }

interface Column {
  title: (theme: Theme, cpuScale: CpuScale) => string;
  sort?: SortColumn;
  width: number;
  align: "left" | "right";
  /** 0 is always shown; the others as the width allows, lowest first. */
  rank: number;
  text: (row: RowSource) => string;
  look?: (row: RowSource) => Style;
}

const COLUMNS: readonly Column[] = [
  { title: () => "NAME", sort: "name", width: NAME_WIDTH, align: "left", rank: 0, text: ({ vm }) => vm.label },
  { title: () => "STATE", sort: "state", width: 9, align: "left", rank: 0, text: stateText, look: ({ vm }) => style(STATE_ROLES[vm.state]) },
  { title: (_, cpuScale) => (cpuScale === "core" ? "CORE%" : "VM%"), sort: "cpu", width: 5, align: "right", rank: 0, text: ({ sample, vm, state }) => cpuPercent(sample?.cpuRatio ?? null, state.ui.cpuScale, vm.vcpus) },
  { title: () => `last ${SPARK_SPAN_SECONDS}s`, width: SPARK_COLUMNS, align: "left", rank: 0, text: spark, look: () => style("first") },
  { title: () => "steal%", width: 6, align: "right", rank: 4, text: ({ sample }) => percent(sample?.stealRatio ?? null) },
  { title: () => "GUEST / CONF", sort: "memory", width: 13, align: "right", rank: 0, text: memoryText },
  { title: () => "RSS", width: 5, align: "right", rank: 2, text: ({ sample }) => bytes(sample?.rssBytes ?? null) },
  { title: () => "BALLOON", width: 7, align: "right", rank: 5, text: ({ sample }) => bytes(sample?.balloonActualBytes ?? null) },
  { title: () => "SHARED", width: 6, align: "right", rank: 6, text: ({ sample }) => bytes(sample?.ksmMergedBytes ?? null) },
  { title: () => "DISK/s", sort: "disk", width: 6, align: "right", rank: 0, text: diskText },
  { title: () => "LATENCY", width: 7, align: "right", rank: 3, text: ({ sample }) => latency(sample?.diskLatencySeconds ?? null) },
  { title: (theme) => `NET${theme.down}/s`, sort: "rx", width: 6, align: "right", rank: 0, text: ({ sample }) => rate(sample?.networkRxBytesPerSecond ?? null) },
  { title: (theme) => `NET${theme.up}/s`, sort: "tx", width: 6, align: "right", rank: 0, text: ({ sample }) => rate(sample?.networkTxBytesPerSecond ?? null) },
  { title: () => "AGE", sort: "age", width: 4, align: "right", rank: 0, text: ({ vm, state }) => age(serverNow(state) - ageSince(vm)) },
  { title: () => "HOST", width: 10, align: "left", rank: 7, text: ({ vm, state }) => state.hosts.find((host) => host.id === vm.hostId)?.name ?? vm.hostId },
  { title: () => "ON", width: 6, align: "left", rank: 1, text: ({ vm }) => vm.accelerator ?? UNKNOWN },
];

/** An operation under way is more news than the state it started from. */
function stateText({ vm, state }: RowSource): string {
  const operation = vm.state === "RUNNING" || vm.state === "PAUSED" ? runningOperation(state, vm.id) : null;
  return operation === null ? vm.state.toLowerCase() : cut(`${words(operation.kind)}…`, 9);
}

function memoryText({ vm, sample }: RowSource): string {
  const used = sample === null ? null : guestUsedBytes(sample);
  return `${bytes(used).padStart(5)} / ${bytes(sample?.memoryConfiguredBytes ?? vm.memoryBytes).padStart(5)}`;
}

function diskText({ sample }: RowSource): string {
  return rate(sample === null ? null : sum(sample.diskReadBytesPerSecond, sample.diskWriteBytesPerSecond));
}

function spark({ vm, state, theme }: RowSource): string {
  const { columns, peak } = vmWindow(state, vm.id, "cpu", SPARK_COLUMNS, SPARK_SPAN_SECONDS);
  return sparkline(columns, Math.max(1, Number.isNaN(peak) ? 1 : peak), theme);
}

/** The columns that fit: those of rank 0 always, the rest in the order of their ranks while there is room. */
export function fittingColumns(width: number): readonly Column[] {
  const chosen = new Set(COLUMNS.filter((column) => column.rank === 0));
  let used = [...chosen].reduce((total, column) => total + column.width + 1, 3);
  for (const column of COLUMNS.filter((candidate) => candidate.rank > 0).sort((a, b) => a.rank - b.rank)) {
    if (used + column.width + 1 > width) break;
    chosen.add(column);
    used += column.width + 1;
  }
  const spare = Math.min(Math.max(0, width - used), NAME_MAX_WIDTH - NAME_WIDTH);
  return COLUMNS.filter((column) => chosen.has(column)).map((column) => (column.title === COLUMNS[0]?.title ? { ...column, width: column.width + spare } : column));
}

/** First row shown so that the chosen one stays in sight, in the middle where there are rows on both sides. */
export function firstRow(chosen: number, rows: number, total: number): number {
  return Math.max(0, Math.min(chosen - Math.floor(rows / 2), total - rows));
}

export function vmTable(p: Painter, rect: Rect): void {
  const { frame, theme, state } = p;
  const rows = visibleVms(state);
  const { sort, filter } = state.ui;
  const chosen = Math.max(0, rows.findIndex((vm) => vm.id === state.ui.selectedVmId));
  const arrow = sort.direction === "descending" ? theme.sortDown : theme.sortUp;
  const marks = marksText(state) === "" ? "" : `${theme.mark} ${marksText(state)}, `;
  const remark = rows.length === 0 ? marks.replace(/, $/, "") : `${marks}${chosen + 1} of ${rows.length}${filter === "" ? "" : ` (all: ${state.vms.size})`}`;
  rule(p, { ...rect, height: 1 }, `VMs ${theme.rule} by ${sortName(sort.column)} ${arrow}${filter === "" ? "" : ` ${theme.rule} /${filter}`}`, remark);
  const columns = fittingColumns(rect.width);
  let x = rect.x + 3;
  for (const column of columns) {
    const title = column.title(theme, state.ui.cpuScale);
    const look = column.sort === sort.column ? style("text", "bold") : DIM;
    frame.put(x, rect.y + 1, column.align === "right" ? title.padStart(column.width) : title, look, column.width);
    x += column.width + 1;
  }
  const shown = rect.height - 2;
  if (rows.length === 0) {
    frame.put(rect.x + 3, rect.y + 2, cut(emptyText(state), rect.width - 4, theme.ellipsis), DIM);
    return;
  }
  const first = firstRow(chosen, shown, rows.length);
  rows.slice(first, first + shown).forEach((vm, index) => {
    row(p, rect, rect.y + 2 + index, vm, columns);
    if (first + index === chosen) frame.invert(rect.x + 2, rect.y + 2 + index, rect.width - 2);
  });
}

const SORT_NAMES: Record<SortColumn, string> = {
  name: "name", state: "state", cpu: "CPU", memory: "memory", disk: "disk", rx: "net in", tx: "net out", age: "age",
};
export function sortName(column: SortColumn): string {
  return SORT_NAMES[column];
}

function emptyText(state: State): string {
  if (!state.vmsKnown) return "Waiting for the first list of VMs.";
  if (state.vms.size > 0) return `No VM matches /${state.ui.filter}. Esc clears the filter.`;
  return "No VM is defined. Write a config.json and run: quetzal apply FOLDER";
}

function row(p: Painter, rect: Rect, y: number, vm: Vm, columns: readonly Column[]): void {
  const { frame, theme, state } = p;
  const source: RowSource = { vm, sample: state.samples.get(vm.id) ?? null, state, theme };
  const chosen = vm.id === state.ui.selectedVmId;
  const faded = isStale(state) || vm.state === "STOPPED" || vm.state === "DEFINED";
  if (state.ui.marks.has(vm.id)) frame.put(rect.x, y, theme.mark, style("mark", "bold"));
  frame.put(rect.x + 1, y, theme.states[vm.state], style(STATE_ROLES[vm.state]));
  let x = rect.x + 3;
  for (const column of columns) {
    const text = cut(column.text(source), column.width, theme.ellipsis);
    const look = chosen ? TEXT : (column.look?.(source) ?? (faded || text === UNKNOWN ? DIM : TEXT));
    frame.put(x, y, column.align === "right" ? text.padStart(column.width) : text, look, column.width);
    x += column.width + 1;
  }
}
