// What news from the server does to the state. It knows nothing of pages and keys.
import { guestUsedBytes } from "../guest-memory.js";
import type { DataAction, HistoryOf } from "./actions.js";
import { withMatches } from "./filter.js";
import { HOST_FIGURES, VM_FIGURES } from "./model.js";
import type { Event, HostFigure, HostSample, Operation, Vm, VmFigure, VmSample } from "./model.js";
import { withDetail, withPartHistory } from "./detail-rings.js";
import { Ring } from "./ring.js";
import { EVENTS_KEPT, OPERATIONS_KEPT } from "./state.js";
import type { State } from "./state.js";

export function reduceData(state: State, action: DataAction): State {
  switch (action.type) {
    case "tick":
      return { ...state, now: action.now };
    case "connection":
      return { ...state, connection: action.connection };
    case "welcomed": {
      const hostSamples = new Map(state.hostSamples);
      for (const sample of action.hostSamples) recordHost(state, hostSamples, sample);
      const { role, clockSkewMs, databaseConnected, hosts } = action;
      return { ...state, role, clockSkewMs, databaseConnected, hosts, hostSamples };
    }
    case "health":
      return { ...state, databaseConnected: action.databaseConnected, hosts: action.hosts };
    case "vmsListed":
      return vmsListed(state, action.vms, action.samples);
    case "vmChanged":
      return vmChanged(state, action.id, action.vm, action.sample);
    case "samples":
      // A sample taken just before the end may arrive after it: what does not run has no figures.
      for (const sample of action.samples) if (mayRun(state.vms.get(sample.vmId))) record(state, sample);
      return { ...state };
    case "hostSample": {
      const hostSamples = new Map(state.hostSamples);
      recordHost(state, hostSamples, action.sample);
      return { ...state, hostSamples };
    }
    case "detail":
      return { ...state, details: new Map([[action.vmId, action.detail]]), detailRings: withDetail(state.detailRings, action.vmId, action.detail) };
    case "partHistory":
      return { ...state, detailRings: withPartHistory(state.detailRings, action.vmId, action.history) };
    case "vmRecord":
      return { ...state, vmRecord: action.record };
    case "consoleTail":
      return { ...state, consoleTail: action.tail };
    case "vmHistory":
      fill(ringsOf(state, action.vmId), action.history);
      return { ...state };
    case "hostHistory":
      fill(hostRingsOf(state, action.hostId), action.history);
      return { ...state };
    case "events":
      return withEvents(state, action.events, action.newestCursor);
    case "matches":
      return withMatches(state, action);
    case "alerts":
      return { ...state, alerts: action.alerts };
    case "operations":
      return { ...state, operations: mergeOperations(state.operations, action.operations) };
    case "definition":
      return { ...state, definition: action.definition };
  }
}

function vmsListed(state: State, vms: readonly Vm[], samples: readonly VmSample[]): State {
  const listed = new Map(vms.map((vm) => [vm.id, vm]));
  for (const id of state.rings.keys()) if (!listed.has(id)) forget(state, id);
  for (const vm of vms) if (!mayRun(vm)) state.samples.delete(vm.id);
  for (const sample of samples) if (mayRun(listed.get(sample.vmId))) record(state, sample);
  return { ...state, vms: listed, vmsKnown: true };
}

function vmChanged(state: State, id: string, vm: Vm | null, sample: VmSample | null): State {
  const known = state.vms.get(id);
  if (vm !== null && known !== undefined && vm.generation < known.generation) return state;
  const vms = new Map(state.vms);
  if (vm === null) {
    vms.delete(id);
    forget(state, id);
  } else {
    vms.set(id, vm);
    if (sample === null || !mayRun(vm)) state.samples.delete(id);
    else record(state, sample);
  }
  return { ...state, vms };
}

/** A VM that is not listed yet may: its samples can come before it. */
function mayRun(vm: Vm | undefined): boolean {
  return vm === undefined || (vm.state !== "DEFINED" && vm.state !== "STOPPED" && vm.state !== "CRASHED");
}

function forget(state: State, vmId: string): void {
  state.samples.delete(vmId);
  state.rings.delete(vmId);
}

/** Samples of VMs that were deleted meanwhile are let through: the list that follows forgets them. */
function record(state: State, sample: VmSample): void {
  const newest = state.samples.get(sample.vmId);
  if (newest !== undefined && sample.time < newest.time) return;
  state.samples.set(sample.vmId, sample);
  const rings = ringsOf(state, sample.vmId);
  for (const figure of VM_FIGURES) rings[figure].push(sample.time, vmFigure(sample, figure));
}

export function vmFigure(sample: VmSample, figure: VmFigure): number | null {
  switch (figure) {
    case "cpu": return sample.cpuRatio;
    case "steal": return sample.stealRatio;
    case "throttled": return sample.throttledTimeRatio;
    case "guestUsed": return guestUsedBytes(sample);
    case "balloon": return sample.balloonActualBytes;
    case "rss": return sample.rssBytes;
    case "diskRead": return sample.diskReadBytesPerSecond;
    case "diskWrite": return sample.diskWriteBytesPerSecond;
    case "diskLatency": return sample.diskLatencySeconds;
    case "netRx": return sample.networkRxBytesPerSecond;
    case "netTx": return sample.networkTxBytesPerSecond;
    case "netDrops": return sample.networkDropsPerSecond;
  }
}

function recordHost(state: State, into: Map<string, HostSample>, sample: HostSample): void {
  into.set(sample.hostId, sample);
  const rings = hostRingsOf(state, sample.hostId);
  for (const figure of HOST_FIGURES) rings[figure].push(sample.time, hostFigure(sample, figure));
}

export function hostFigure(sample: HostSample, figure: HostFigure): number | null {
  switch (figure) {
    case "cpu": return sample.cpuRatio;
    case "steal": return sample.cpuStealRatio;
    case "iowait": return sample.cpuIowaitRatio;
    case "psiCpu": return sample.psiCpuRatio;
    case "psiMemory": return sample.psiMemoryRatio;
    case "psiIo": return sample.psiIoRatio;
    case "memoryUsed": return sample.memoryTotalBytes - sample.memoryAvailableBytes;
    case "ksmSaved": return sample.ksmSavedBytes;
    case "diskRead": return sample.diskReadBytesPerSecond;
    case "diskWrite": return sample.diskWriteBytesPerSecond;
    case "netRx": return sample.networkRxBytesPerSecond;
    case "netTx": return sample.networkTxBytesPerSecond;
  }
}

function ringsOf(state: State, vmId: string): Record<VmFigure, Ring> {
  let rings = state.rings.get(vmId);
  if (rings === undefined) {
    rings = Object.fromEntries(VM_FIGURES.map((figure) => [figure, new Ring()])) as Record<VmFigure, Ring>;
    state.rings.set(vmId, rings);
  }
  return rings;
}

function hostRingsOf(state: State, hostId: string): Record<HostFigure, Ring> {
  let rings = state.hostRings.get(hostId);
  if (rings === undefined) {
    rings = Object.fromEntries(HOST_FIGURES.map((figure) => [figure, new Ring()])) as Record<HostFigure, Ring>;
    state.hostRings.set(hostId, rings);
  }
  return rings;
}

function fill<Figure extends string>(rings: Record<Figure, Ring>, history: HistoryOf<Figure>): void {
  for (const figure of Object.keys(history) as Figure[]) {
    const series = history[figure];
    if (series === undefined) continue;
    series.times.forEach((time, index) => rings[figure].backfill(time, series.values[index] ?? null));
  }
}

/** Events arrive in the order of their cursors; what was already seen (a replay after a reconnect) is skipped. */
function withEvents(state: State, events: readonly Event[], newestCursor: bigint | null): State {
  const seen = state.newestCursor ?? -1n;
  const fresh = events.filter((event) => event.cursor > seen || event.kind === "GAP");
  const last = fresh.at(-1)?.cursor ?? seen;
  const newest = newestCursor !== null && newestCursor > last ? newestCursor : last;
  const kept = [...state.events, ...fresh].slice(-EVENTS_KEPT);
  return { ...state, events: kept, newestCursor: newest < 0n ? null : newest };
}

/** Newest first, each operation once, its latest word kept. */
function mergeOperations(known: readonly Operation[], news: readonly Operation[]): Operation[] {
  const byId = new Map(known.map((operation) => [operation.id, operation]));
  for (const operation of news) {
    const before = byId.get(operation.id);
    if (before === undefined || before.state === "RUNNING" || operation.state !== "RUNNING") byId.set(operation.id, operation);
  }
  return [...byId.values()].sort((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1)).slice(0, OPERATIONS_KEPT);
}
