// Questions views and keys ask of the state. Pure; the table's order is remembered for the state it was made from.
import { isFound } from "./filter.js";
import { guestUsedBytes } from "../guest-memory.js";
import type { Event, Host, HostSample, Operation, Vm, VmSample, VmState } from "./model.js";
import type { CpuScale, Page, SortColumn, State } from "./state.js";

/** A sample older than this is shown dimmed: at one a second, three were missed. */
export const STALE_AFTER_MS = 3_000;

export function page(state: State): Page {
  return state.ui.pages.at(-1) ?? "overview";
}

/** The host whose figures the overview shows: that of the chosen VM, else the first. */
export function host(state: State): Host | null {
  if (state.hosts.length < 2) return state.hosts[0] ?? null;
  const hostId = selectedVm(state)?.hostId;
  return state.hosts.find((one) => one.id === hostId) ?? state.hosts[0] ?? null;
}

/** The host chosen on the page of hosts. */
export function selectedHost(state: State): Host | null {
  return state.hosts.find((one) => one.id === state.ui.selectedHostId) ?? host(state);
}

/** VMs on one host. */
export function countOn(state: State, hostId: string): number {
  let count = 0;
  for (const vm of state.vms.values()) if (vm.hostId === hostId) count++;
  return count;
}

export function hostSample(state: State): HostSample | null {
  const first = host(state);
  return first === null ? null : (state.hostSamples.get(first.id) ?? null);
}

/** The server's clock now. */
export function serverNow(state: State): number {
  return state.now + state.clockSkewMs;
}

/** Age of the newest sample of the host; null before the first. */
export function sampleAgeMs(state: State): number | null {
  const sample = hostSample(state);
  return sample === null ? null : Math.max(0, serverNow(state) - sample.time);
}

export function isStale(state: State): boolean {
  const age = sampleAgeMs(state);
  return age !== null && age > STALE_AFTER_MS;
}

export function countByState(state: State): Map<VmState, number> {
  const counts = new Map<VmState, number>();
  for (const vm of state.vms.values()) counts.set(vm.state, (counts.get(vm.state) ?? 0) + 1);
  return counts;
}

export function sum(first: number | null, second: number | null): number | null {
  if (first === null) return second;
  return second === null ? first : first + second;
}

/** Start of what AGE counts: the power-on while it runs, else the last change of state. */
export function ageSince(vm: Vm): number {
  return vm.startedAt ?? vm.stateSince;
}

/** vCPUs that a VM uses: of a definition that was changed meanwhile they are others, and more may be plugged in. */
export function vcpusOf(vm: Vm, sample: VmSample | null | undefined): number {
  return sample?.vcpusUsed ?? vm.vcpus;
}

/** The same of its memory, in bytes. */
export function memoryOf(vm: Vm, sample: VmSample | null | undefined): number {
  return sample?.memoryConfiguredBytes ?? vm.memoryBytes;
}

const STATE_ORDER: Record<VmState, number> = {
  CRASHED: 0, STARTING: 1, STOPPING: 2, MIGRATING: 3, RUNNING: 4, PAUSED: 5, STOPPED: 6, DEFINED: 7,
};

/** Unknown figures sort below every known one. */
function sortKey(vm: Vm, sample: VmSample | undefined, column: SortColumn, cpuScale: CpuScale): number | string {
  switch (column) {
    case "name": return vm.label;
    case "state": return STATE_ORDER[vm.state];
    case "cpu": return (sample?.cpuRatio ?? -1) / (cpuScale === "vm" ? Math.max(1, vcpusOf(vm, sample)) : 1);
    case "memory": return sample === undefined ? -1 : (guestUsedBytes(sample) ?? sample.rssBytes ?? -1);
    case "disk": return sample === undefined ? -1 : (sum(sample.diskReadBytesPerSecond, sample.diskWriteBytesPerSecond) ?? -1);
    case "rx": return sample?.networkRxBytesPerSecond ?? -1;
    case "tx": return sample?.networkTxBytesPerSecond ?? -1;
    case "age": return -ageSince(vm);
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

let remembered: { state: State; rows: Vm[] } | null = null;

/** The table's rows: filtered, sorted, ties by label so that equal rows never change places. */
export function visibleVms(state: State): Vm[] {
  if (remembered?.state === state) return remembered.rows;
  const { column, direction } = state.ui.sort;
  const sign = direction === "ascending" ? 1 : -1;
  const keyed = [...state.vms.values()]
    .filter((vm) => isFound(state, vm.id))
    .map((vm) => ({ vm, key: sortKey(vm, state.samples.get(vm.id), column, state.ui.cpuScale) }));
  keyed.sort((a, b) => {
    const order = typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : compareText(String(a.key), String(b.key));
    return order === 0 ? compareText(a.vm.label, b.vm.label) : sign * order;
  });
  const rows = keyed.map((entry) => entry.vm);
  remembered = { state, rows };
  return rows;
}

export function selectedVm(state: State): Vm | null {
  return state.ui.selectedVmId === null ? null : (state.vms.get(state.ui.selectedVmId) ?? null);
}

/** After rows came or went: keep the chosen VM while it is shown, else take the first row. */
export function keepSelection(state: State): State {
  const rows = visibleVms(state);
  const chosen = state.ui.selectedVmId;
  const onVmPage = page(state) === "vm";
  if (chosen !== null && (rows.some((vm) => vm.id === chosen) || (onVmPage && state.vms.has(chosen)))) return state;
  const selectedVmId = rows[0]?.id ?? null;
  const pages: Page[] = onVmPage && selectedVmId !== chosen ? ["overview"] : state.ui.pages;
  const prompt = state.ui.prompt !== null && "vmId" in state.ui.prompt && state.ui.prompt.vmId !== null && !state.vms.has(state.ui.prompt.vmId) ? null : state.ui.prompt;
  return { ...state, ui: { ...state.ui, selectedVmId, pages, prompt } };
}

/** A VM's events, oldest first: those kept of all VMs, behind what was fetched of its past. */
export function eventsOf(state: State, vmId: string): Event[] {
  const kept = state.events.filter((event) => event.vmId === vmId);
  if (state.vmRecord?.vmId !== vmId) return kept;
  const first = kept[0]?.cursor;
  const past = first === undefined ? state.vmRecord.events : state.vmRecord.events.filter((event) => event.cursor < first);
  return [...past, ...kept];
}

/** What a VM is called on the screen: its label, of one that is gone its id. */
export function vmLabel(state: State, vmId: string | null): string {
  return vmId === null ? "" : (state.vms.get(vmId)?.label ?? vmId);
}

export function operationsOf(state: State, vmId: string): Operation[] {
  return state.operations.filter((operation) => operation.vmId === vmId);
}

/** Operations under way on a VM, the newest first. */
export function runningOperation(state: State, vmId: string): Operation | null {
  return state.operations.find((operation) => operation.vmId === vmId && operation.state === "RUNNING") ?? null;
}

export function selectedOperation(state: State): Operation | null {
  return state.operations.find((operation) => `operation ${operation.id}` === state.ui.chosenRows.operations) ?? state.operations[0] ?? null;
}
