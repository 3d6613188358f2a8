// From what travels to what the store keeps: times become milliseconds, texts become paintable, absent stays null.
import type { ResultOf } from "../client/document.js";
import type { HistoryOf } from "../store/actions.js";
import { vcpuPart } from "../store/detail-rings.js";
import type { VcpuFigure } from "../store/detail-rings.js";
import type { Event, Host, HostFigure, HostSample, Operation, Vm, VmDetail, VmFigure, VmSample } from "../store/model.js";
import { displayName, paintable } from "../store/sanitize.js";
import type { DETAIL, EVENTS, HOST_HISTORY, HOST_METRICS, OPERATION, VCPU_HISTORY, VMS, VM_HISTORY, WELCOME } from "./documents.js";

type WireVm = ResultOf<typeof VMS>["vms"]["nodes"][number];
type WireSample = NonNullable<WireVm["latest"]>;
type WireHost = ResultOf<typeof WELCOME>["hosts"][number];
type WireHostSample = ResultOf<typeof HOST_METRICS>["hostMetrics"];
type WireEvent = Extract<ResultOf<typeof EVENTS>["events"], { __typename: "Event" }>;
type WireOperation = ResultOf<typeof OPERATION>["operation"];
type WireDetail = ResultOf<typeof DETAIL>["metrics"]["samples"][number];
type WireVmHistory = NonNullable<ResultOf<typeof VM_HISTORY>["vm"]>;
type WireVcpus = NonNullable<ResultOf<typeof VCPU_HISTORY>["vm"]>["vcpuHistory"];
type WireHostHistory = NonNullable<ResultOf<typeof HOST_HISTORY>["host"]>;
interface WireSeries { metric: string; times: string[]; mean: (number | null)[] }

function instant(text: string): number {
  return Date.parse(text);
}
function instantOrNull(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}
/** A profit of 64 bits in bytes is far below what a double holds. */
function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}
function textOrNull(text: string | null): string | null {
  return text === null ? null : paintable(text);
}

export function toVm(wire: Omit<WireVm, "latest">): Vm {
  const { id, state, vcpus, memoryBytes, pid, autostart, restartRequired } = wire;
  return {
    id, state, vcpus, memoryBytes, pid, autostart, restartRequired,
    label: displayName(wire.name, id),
    hostId: wire.host.id,
    stateSince: instant(wire.stateSince),
    generation: BigInt(wire.generation),
    startedAt: instantOrNull(wire.startedAt),
    machine: paintable(wire.machine),
    accelerator: textOrNull(wire.accelerator),
    networkInUse: textOrNull(wire.networkInUse),
    protected: wire.protected,
    labels: wire.labels.map(({ key, value }) => ({ key: paintable(key), value: paintable(value) })),
    crashCause: textOrNull(wire.crash?.cause ?? null),
    verbs: Object.fromEntries(wire.verbs.map(({ verb, allowed, reason }) => [verb, { allowed, reason: textOrNull(reason) }])),
  };
}

export function toSample(wire: WireSample): VmSample {
  return { ...wire, time: instant(wire.time) };
}

export function toHost(wire: Omit<WireHost, "latest">): Host {
  const { id, connected, cpuCount, memoryBytes } = wire;
  return {
    id, connected, cpuCount, memoryBytes,
    name: displayName(wire.name, id),
    connectionError: textOrNull(wire.connectionError),
    connectedSince: instantOrNull(wire.connectedSince),
    bootedAt: instantOrNull(wire.bootedAt),
    cpuModel: paintable(wire.cpuModel),
    daemonVersion: paintable(wire.daemonVersion),
    qemuVersion: paintable(wire.qemuVersion),
    kernel: paintable(wire.kernel),
    capabilities: wire.capabilities.map(({ name, available, reason, mend }) => ({ name, available, reason: textOrNull(reason), mend: textOrNull(mend) })),
  };
}

export function toHostSample(wire: WireHostSample): HostSample {
  const diskSpaces = wire.diskSpaces.map((space) => ({ ...space, path: paintable(space.path) }));
  return { ...wire, time: instant(wire.time), ksmProfitBytes: numberOrNull(wire.ksmProfitBytes), diskSpaces };
}

export function toEvent(wire: Omit<WireEvent, "__typename">): Event {
  const { kind, vmId, operationId, state } = wire;
  return { kind, vmId, operationId, state, cursor: BigInt(wire.cursor), time: instant(wire.time), actor: textOrNull(wire.actor), message: paintable(wire.message) };
}

/** History that was trimmed before it could be read, as a line among the events. */
export function gapEvent(trimmedBefore: string, time: number): Event {
  const message = "Some events were trimmed before they could be read here.";
  return { cursor: BigInt(trimmedBefore), time, kind: "GAP", vmId: null, operationId: null, state: null, actor: null, message };
}

export function toOperation(wire: WireOperation): Operation {
  const { id, kind, vmId, state, progressRatio, cancellable } = wire;
  return {
    id, kind, vmId, state, progressRatio, cancellable,
    error: textOrNull(wire.error),
    requestedBy: paintable(wire.requestedBy),
    startedAt: instant(wire.startedAt),
    endedAt: instantOrNull(wire.endedAt),
  };
}

export function toDetail(wire: WireDetail): VmDetail {
  const { cpuUserRatio, cpuSystemRatio, vcpus, guestCacheBytes, guestMajorFaultsPerSecond, guestSwapInBytesPerSecond, guestSwapOutBytesPerSecond, pssBytes, swapBytes, qmpAgeMs, pluggedBytes, vcpusPresent, throttledTimeRatio, majorFaultsPerSecond } = wire;
  return {
    cpuUserRatio, cpuSystemRatio, vcpus, guestCacheBytes, guestMajorFaultsPerSecond, guestSwapInBytesPerSecond, guestSwapOutBytesPerSecond, pssBytes, swapBytes, qmpAgeMs, pluggedBytes, vcpusPresent, throttledTimeRatio, majorFaultsPerSecond,
    time: instant(wire.time),
    guestUpdatedAt: instantOrNull(wire.guestUpdatedAt),
    ksmProfitBytes: numberOrNull(wire.ksmProfitBytes),
    disks: wire.disks.map((disk) => ({ ...disk, name: paintable(disk.name) })),
    nics: wire.nics.map((nic) => ({ ...nic, name: paintable(nic.name) })),
  };
}

export const VM_METRICS: Readonly<Partial<Record<string, VmFigure>>> = {
  CPU_RATIO: "cpu", STEAL_RATIO: "steal", THROTTLED_TIME_RATIO: "throttled", GUEST_AVAILABLE_BYTES: "guestUsed", BALLOON_ACTUAL_BYTES: "balloon", RSS_BYTES: "rss",
  DISK_READ_BYTES_PER_SECOND: "diskRead", DISK_WRITE_BYTES_PER_SECOND: "diskWrite", DISK_LATENCY_SECONDS: "diskLatency",
  NETWORK_RX_BYTES_PER_SECOND: "netRx", NETWORK_TX_BYTES_PER_SECOND: "netTx", NETWORK_DROPS_PER_SECOND: "netDrops",
};
export const HOST_METRICS_OF: Readonly<Partial<Record<string, HostFigure>>> = {
  CPU_RATIO: "cpu", CPU_STEAL_RATIO: "steal", CPU_IOWAIT_RATIO: "iowait", PSI_CPU_RATIO: "psiCpu", PSI_MEMORY_RATIO: "psiMemory", PSI_IO_RATIO: "psiIo",
  MEMORY_AVAILABLE_BYTES: "memoryUsed", KSM_SAVED_BYTES: "ksmSaved", DISK_READ_BYTES_PER_SECOND: "diskRead", DISK_WRITE_BYTES_PER_SECOND: "diskWrite",
  NETWORK_RX_BYTES_PER_SECOND: "netRx", NETWORK_TX_BYTES_PER_SECOND: "netTx",
};

function toHistory<Figure extends string>(series: readonly WireSeries[], figures: Readonly<Partial<Record<string, Figure>>>, used: { figure: NoInfer<Figure>; totalBytes: number | null } | null): HistoryOf<Figure> {
  const history: HistoryOf<Figure> = {};
  for (const one of series) {
    const figure = figures[one.metric];
    if (figure === undefined) continue;
    // History keeps what is available; the graphs show what is used.
    const totalBytes = used?.totalBytes ?? null;
    const values = figure !== used?.figure ? one.mean : one.mean.map((value) => (value === null || totalBytes === null ? null : Math.max(0, totalBytes - value)));
    history[figure] = { times: one.times.map(instant), values };
  }
  return history;
}

export function toVmHistory(wire: WireVmHistory): HistoryOf<VmFigure> {
  return toHistory(wire.history.series, VM_METRICS, { figure: "guestUsed", totalBytes: wire.latest?.guestTotalBytes ?? null });
}

/** Metrics of a vCPU by the names that its rings have. */
export const VCPU_METRICS: Readonly<Partial<Record<string, VcpuFigure>>> = { RATIO: "ratio", STEAL_RATIO: "stealRatio" };

/** By the names of parts. */
export function toVcpuHistory(vcpus: WireVcpus): HistoryOf<string> {
  const kept: HistoryOf<string> = {};
  for (const { index, history } of vcpus) {
    for (const { metric, times, mean } of history.series) {
      const figure = VCPU_METRICS[metric];
      if (figure !== undefined) kept[vcpuPart(index, figure)] = { times: times.map(instant), values: mean };
    }
  }
  return kept;
}

/** The one figure of the table's small graphs. */
export function toHistoryOfCpu(series: readonly WireSeries[]): HistoryOf<VmFigure> {
  return toHistory<VmFigure>(series, { CPU_RATIO: "cpu" }, null);
}

export function toHostHistory(wire: WireHostHistory): HistoryOf<HostFigure> {
  return toHistory(wire.history.series, HOST_METRICS_OF, { figure: "memoryUsed", totalBytes: wire.memoryBytes });
}

/** The definition as lines of indented JSON. */
export function toDefinitionLines(definition: unknown): string[] {
  return JSON.stringify(definition, null, 2).split("\n").map(paintable);
}
