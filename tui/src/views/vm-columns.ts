// Every column the table of VMs can have: its head, its width, and what stands in it. A cell is a pure function of a VM
// and its newest sample. Which columns are shown is chosen here too, by the room there is or by the person.
import { guestUsedBytes } from "../guest-memory.js";
import type { ColumnId } from "../store/columns.js";
import type { Vm, VmSample } from "../store/model.js";
import { ageSince, memoryOf, runningOperation, serverNow, sum, vcpusOf } from "../store/select.js";
import type { CpuScale, SortColumn, State } from "../store/state.js";
import { vmWindow } from "../store/windows.js";
import { style } from "./frame.js";
import type { Style } from "./frame.js";
import { UNKNOWN, age, bytes, count, cut, latency, percent, rate, words } from "./format.js";
import { NAME_LEAST_CELLS, NAME_MOST_CELLS, cutName } from "./names.js";
import type { NameNeeds } from "./names.js";
import { DIM, TEXT } from "./painter.js";
import { cpuPercent } from "./scales.js";
import { sparkline } from "./sparkline.js";
import { STATE_ROLES } from "./theme.js";
import type { Theme } from "./theme.js";

/** Columns of the small CPU graph and the seconds they span. */
const SPARK_COLUMNS = 8;
const SPARK_SPAN_SECONDS = 64;
/** Before the first column: the mark, the sign, a blank. */
const LEAD_CELLS = 3;

export interface RowSource { vm: Vm; sample: VmSample | null; state: State; theme: Theme }

export interface Column {
  id: ColumnId;
  title: (theme: Theme, cpuScale: CpuScale) => string;
  /** One line for the page on which columns are chosen. */
  help: string;
  sort?: SortColumn;
  width: number;
  align: "left" | "right";
  /** 0 is always shown unless the person chose; the others as the width allows, lowest first; null by choice only. */
  rank: number | null;
  text: (row: RowSource) => string;
  /** How a text that is too long is cut; absent: at its end. */
  cut?: (text: string, width: number, mark: string) => string;
  look?: (row: RowSource) => Style;
}

export const COLUMNS: readonly Column[] = [
  { id: "name", title: () => "NAME", help: "its name, or its id", sort: "name", width: NAME_LEAST_CELLS, align: "left", rank: 0, cut: cutName, text: ({ vm }) => vm.label },
  { id: "state", title: () => "STATE", help: "its state, or the operation under way", sort: "state", width: 9, align: "left", rank: 0, text: stateText, look: ({ vm }) => style(STATE_ROLES[vm.state]) },
  { id: "cpu", title: (_, cpuScale) => (cpuScale === "core" ? "CORE%" : "VM%"), help: "CPU used, of a core or of the VM (% changes it)", sort: "cpu", width: 5, align: "right", rank: 0, text: ({ sample, vm, state }) => cpuPercent(sample?.cpuRatio ?? null, state.ui.cpuScale, vcpusOf(vm, sample)) },
  { id: "last", title: () => `last ${SPARK_SPAN_SECONDS}s`, help: "CPU of the last minute", width: SPARK_COLUMNS, align: "left", rank: 0, text: spark, look: () => style("first") },
  { id: "steal", title: () => "steal%", help: "time it waited for a core", width: 6, align: "right", rank: 4, text: ({ sample }) => percent(sample?.stealRatio ?? null) },
  { id: "throttled", title: () => "throttled%", help: "time that its CPU limit stopped it, of a core", width: 10, align: "right", rank: null, text: ({ sample }) => percent(sample?.throttledTimeRatio ?? null) },
  { id: "memory", title: () => "GUEST / CONF", help: "memory used by the guest, and configured", sort: "memory", width: 13, align: "right", rank: 0, text: memoryText },
  { id: "configured", title: () => "CONF", help: "memory that it was started with", width: 5, align: "right", rank: null, text: ({ vm, sample }) => bytes(memoryOf(vm, sample)) },
  { id: "available", title: () => "AVAIL", help: "memory that the guest could still use, as it says", width: 5, align: "right", rank: null, text: ({ sample }) => bytes(sample?.guestAvailableBytes ?? null) },
  { id: "rss", title: () => "RSS", help: "memory that the host has for it", width: 5, align: "right", rank: 2, text: ({ sample }) => bytes(sample?.rssBytes ?? null) },
  { id: "balloon", title: () => "BALLOON", help: "memory that the balloon leaves it", width: 7, align: "right", rank: 5, text: ({ sample }) => bytes(sample?.balloonActualBytes ?? null) },
  { id: "shared", title: () => "SHARED", help: "memory merged with that of others", width: 6, align: "right", rank: 6, text: ({ sample }) => bytes(sample?.ksmMergedBytes ?? null) },
  { id: "disk", title: () => "DISK/s", help: "read and written a second", sort: "disk", width: 6, align: "right", rank: 0, text: diskText },
  { id: "latency", title: () => "LATENCY", help: "how long a disk operation takes", width: 7, align: "right", rank: 3, text: ({ sample }) => latency(sample?.diskLatencySeconds ?? null) },
  { id: "rx", title: (theme) => `NET${theme.down}/s`, help: "received a second", sort: "rx", width: 6, align: "right", rank: 0, text: ({ sample }) => rate(sample?.networkRxBytesPerSecond ?? null) },
  { id: "tx", title: (theme) => `NET${theme.up}/s`, help: "sent a second", sort: "tx", width: 6, align: "right", rank: 0, text: ({ sample }) => rate(sample?.networkTxBytesPerSecond ?? null) },
  { id: "drops", title: () => "DROPS", help: "packets dropped a second", width: 5, align: "right", rank: null, text: ({ sample }) => count(sample?.networkDropsPerSecond ?? null) },
  { id: "age", title: () => "AGE", help: "since it was started or last changed state", sort: "age", width: 4, align: "right", rank: 0, text: ({ vm, state }) => age(serverNow(state) - ageSince(vm)) },
  { id: "vcpus", title: () => "VCPU", help: "its vCPUs", width: 4, align: "right", rank: null, text: ({ vm, sample }) => String(vcpusOf(vm, sample)) },
  { id: "host", title: () => "HOST", help: "where it runs", width: 10, align: "left", rank: 7, text: ({ vm, state }) => state.hosts.find((host) => host.id === vm.hostId)?.name ?? vm.hostId },
  { id: "on", title: () => "ON", help: "KVM, or TCG where emulated", width: 6, align: "left", rank: 1, text: ({ vm }) => vm.accelerator ?? UNKNOWN },
  { id: "labels", title: () => "LABELS", help: "its labels (L edits them)", width: 20, align: "left", rank: null, text: labelText },
  { id: "protected", title: () => "PROTECTED", help: "whether it refuses deletion and power-off (K)", width: 9, align: "left", rank: null, text: ({ vm }) => (vm.protected ? "yes" : "no"), look: ({ vm }) => (vm.protected ? TEXT : DIM) },
  { id: "id", title: () => "ID", help: "its id", width: 16, align: "left", rank: null, cut: cutName, text: ({ vm }) => vm.id },
];

/** An operation under way is more news than the state it started from. */
function stateText({ vm, state }: RowSource): string {
  const operation = vm.state === "RUNNING" || vm.state === "PAUSED" ? runningOperation(state, vm.id) : null;
  return operation === null ? vm.state.toLowerCase() : cut(`${words(operation.kind)}…`, 9);
}

/** As the command line writes them; a VM without any has none, which is known. */
function labelText({ vm }: RowSource): string {
  return vm.labels.map(({ key, value }) => (value === "" ? key : `${key}=${value}`)).join(" ");
}

function memoryText({ vm, sample }: RowSource): string {
  const used = sample === null ? null : guestUsedBytes(sample);
  return `${bytes(used).padStart(5)} / ${bytes(memoryOf(vm, sample)).padStart(5)}`;
}

function diskText({ sample }: RowSource): string {
  return rate(sample === null ? null : sum(sample.diskReadBytesPerSecond, sample.diskWriteBytesPerSecond));
}

function spark({ vm, state, theme }: RowSource): string {
  const { columns, peak } = vmWindow(state, vm.id, "cpu", SPARK_COLUMNS, SPARK_SPAN_SECONDS);
  return sparkline(columns, Math.max(1, Number.isNaN(peak) ? 1 : peak), theme);
}

/** Names of which nothing is known take the least. */
const NO_NAMES: NameNeeds = { told: NAME_LEAST_CELLS, whole: NAME_LEAST_CELLS };
/** Goes where names could not be told apart beside it: the graphs of the chosen VM say more. */
const GIVES_WAY: ColumnId = "last";

/**
 * The columns that fit: the person's in their order, else those of rank 0 and the rest by their ranks while there is room.
 * Names come before the rest: nobody can use the figures of a VM that looks like another one.
 */
export function fittingColumns(width: number, wished: readonly ColumnId[] | null = null, names: NameNeeds = NO_NAMES): readonly Column[] {
  const chosen = wished === null ? byRank(width, names) : whileRoom(wished.flatMap((id) => COLUMNS.find((column) => column.id === id) ?? []), width);
  const spare = Math.min(Math.max(0, width - cellsUsed(chosen)), NAME_MOST_CELLS - NAME_LEAST_CELLS);
  return chosen.map((column) => (column.id === "name" ? { ...column, width: column.width + spare } : column));
}

function cellsUsed(columns: readonly Column[]): number {
  return columns.reduce((total, column) => total + column.width + 1, LEAD_CELLS);
}

function whileRoom(columns: readonly Column[], width: number): Column[] {
  const shown: Column[] = [];
  for (const column of columns) if (cellsUsed([...shown, column]) <= width + 1) shown.push(column);
  return shown;
}

function byRank(width: number, { told, whole }: NameNeeds): Column[] {
  const ranked = COLUMNS.filter((column) => column.rank !== null && column.rank > 0).sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const first = COLUMNS.filter((column) => column.rank === 0);
  const isTold = cellsUsed(first) + told - NAME_LEAST_CELLS <= width + 1;
  const chosen = new Set(isTold ? first : first.filter(({ id }) => id !== GIVES_WAY));
  for (const column of ranked) {
    if (cellsUsed([...chosen, column]) + whole - NAME_LEAST_CELLS > width) break;
    chosen.add(column);
  }
  return COLUMNS.filter((column) => chosen.has(column));
}
