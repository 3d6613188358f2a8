// From what travels of the past to what the store keeps of it.
import type { ResultOf } from "../client/document.js";
import type { HostFigure, HostSample, Vm, VmFigure, VmSample } from "../store/model.js";
import type { PastFrame, PastOne } from "../store/past.js";
import { vcpuPart } from "../store/detail-rings.js";
import type { DiskFigure, NicFigure, VcpuFigure } from "../store/detail-rings.js";
import { displayName, paintable } from "../store/sanitize.js";
import type { Series } from "../store/series.js";
import type { HOST_SPAN, PAST_FRAME, PAST_SPARKS, VM_SPAN } from "./past-documents.js";
import { toBreakdown, toVmMemory, toVmMemoryDetail } from "./memory-wire.js";
import { HOST_METRICS_OF, VCPU_METRICS, VM_METRICS, toDefinitionLines, toDetail, toEvent, toHostSample, toOperation, toSample } from "./wire.js";

type WireFrame = ResultOf<typeof PAST_FRAME>;
type WireVm = WireFrame["past"]["vms"][number];
type WireHistory = ResultOf<typeof VM_SPAN>["past"]["vms"][number]["history"];
type WireVcpus = NonNullable<ResultOf<typeof VM_SPAN>["past"]["vms"][number]["vcpuHistory"]>;
type WireHostSpan = NonNullable<ResultOf<typeof HOST_SPAN>["host"]>;
type WireSpark = ResultOf<typeof PAST_SPARKS>["past"]["vms"][number];

/** `at` is what was asked for. Samples stand for the instant itself: what is new then must not look stale. */
export function toPastFrame({ past, found, one, events, operations }: WireFrame, at: number, where: string): PastFrame {
  const taken = past.hosts.flatMap(({ sample }) => (sample === null ? [] : [Date.parse(sample.time)]));
  return {
    at, where,
    found: found === undefined ? null : new Set(found.vms.map((vm) => vm.id)),
    clock: taken.length === 0 ? at : Math.max(...taken),
    stepSeconds: past.stepSeconds,
    vms: new Map(past.vms.map((vm) => [vm.id, toPastVm(vm)])),
    samples: new Map(past.vms.flatMap((vm): [string, VmSample][] => (vm.sample === null ? [] : [[vm.id, { ...toSample(vm.sample), time: at }]]))),
    hostSamples: new Map(past.hosts.flatMap((host): [string, HostSample][] => (host.sample === null ? [] : [[host.id, { ...toHostSample(host.sample), time: at }]]))),
    definitions: new Map(past.vms.map((vm) => [vm.id, toDefinitionLines(vm.definition)])),
    events: events.events.map(toEvent),
    operations: operations.nodes.map(toOperation),
    memory: toPastMemory(past),
    one: toPastOne(one?.vms[0]),
  };
}

/** Null where it was not asked for. */
function toPastMemory({ hosts, vms }: WireFrame["past"]): PastFrame["memory"] {
  if (!hosts.some(({ memoryBreakdown }) => memoryBreakdown !== undefined)) return null;
  const ofVms = vms.flatMap((vm) => ("memoryPolicy" in vm ? [toVmMemory({ ...vm, room: null })] : []));
  return { hosts: new Map(hosts.map(({ id, memoryBreakdown }) => [id, toBreakdown(memoryBreakdown ?? null)])), vms: ofVms };
}

function toPastOne(wire: NonNullable<WireFrame["one"]>["vms"][number] | undefined): PastOne | null {
  if (wire === undefined) return null;
  const { sample, allDisks, cpuPolicy } = wire;
  return { detail: sample === null ? null : toDetail(sample), allDisks: allDisks === null ? null : { ...allDisks, name: paintable(allDisks.name) }, memory: toVmMemoryDetail({ ...wire, room: null, cpuPolicy, memoryDecisions: [] }) };
}

function toPastVm(wire: WireVm): Vm {
  const { id, hostId, vcpus, memoryBytes, pid, autostart, restartRequired } = wire;
  const textOrNull = (text: string | null): string | null => (text === null ? null : paintable(text));
  return {
    id, hostId, vcpus, memoryBytes, pid, autostart, restartRequired,
    // Of so long ago that no state is kept nothing else is but the definition.
    state: wire.state ?? "DEFINED",
    label: displayName(wire.name, id),
    stateSince: wire.stateSince === null ? 0 : Date.parse(wire.stateSince),
    generation: BigInt(wire.generation),
    startedAt: wire.startedAt === null ? null : Date.parse(wire.startedAt),
    labels: wire.labels.map(({ key, value }) => ({ key: paintable(key), value: paintable(value) })),
    machine: paintable(wire.machine),
    accelerator: textOrNull(wire.accelerator),
    networkInUse: textOrNull(wire.networkInUse),
    protected: wire.protected,
    crashCause: textOrNull(wire.crashCause),
    verbs: {},
  };
}

/** Sizes are told by their mean; what comes in bursts by its highest second, as live. */
const BY_MEAN = new Set(["GUEST_AVAILABLE_BYTES", "GUEST_TOTAL_BYTES", "MEMORY_AVAILABLE_BYTES"]);

function values(history: WireHistory, metric: string): number[] | null {
  const series = history.series.find((one) => one.metric === metric);
  return series === undefined ? null : (BY_MEAN.has(metric) ? series.mean : series.max).map((value) => value ?? NaN);
}

function toSeries<Figure extends VmFigure | HostFigure>(key: string, history: WireHistory, spanSeconds: number, figures: Readonly<Partial<Record<string, Figure>>>, used: { figure: NoInfer<Figure>; values: readonly number[] }): Series {
  const known: Record<string, readonly number[]> = {};
  for (const { metric } of history.series) {
    const figure = figures[metric];
    if (figure !== undefined) known[figure] = figure === used.figure ? used.values : (values(history, metric) ?? []);
  }
  return { key, from: Date.parse(history.from), to: Date.parse(history.to), stepSeconds: history.stepSeconds, spanSeconds, figures: known };
}

/** Figures of parts by the names that rings of parts have for them: of the only vCPU, disk or card, or of all. */
const PART_FIGURES: Readonly<Partial<Record<string, VcpuFigure | DiskFigure | NicFigure>>> = {
  VCPU_RATIO: "ratio", DISK_READ_LATENCY_SECONDS: "readLatencySeconds", DISK_WRITE_LATENCY_SECONDS: "writeLatencySeconds", DISK_FLUSH_LATENCY_SECONDS: "flushLatencySeconds",
  NETWORK_RX_PACKETS_PER_SECOND: "rxPacketsPerSecond", NETWORK_TX_PACKETS_PER_SECOND: "txPacketsPerSecond", NETWORK_DROPS_PER_SECOND: "dropsPerSecond",
};

export function toVmSeries(vmId: string, history: WireHistory, spanSeconds: number, vcpus: WireVcpus = []): Series {
  const total = values(history, "GUEST_TOTAL_BYTES");
  const used = (values(history, "GUEST_AVAILABLE_BYTES") ?? []).map((available, step) => Math.max(0, (total?.[step] ?? NaN) - available));
  const series = toSeries(`vm ${vmId}`, history, spanSeconds, VM_METRICS, { figure: "guestUsed", values: used });
  const ofParts = Object.entries(PART_FIGURES).flatMap(([metric, figure]): [string, number[]][] => {
    const known = values(history, metric);
    return known === null || figure === undefined ? [] : [[figure, known]];
  });
  return { ...series, figures: { ...series.figures, ...Object.fromEntries([...ofParts, ...vcpus.flatMap(ofVcpu)]) } };
}

function ofVcpu({ index, history }: WireVcpus[number]): [string, number[]][] {
  return history.series.flatMap(({ metric, max }): [string, number[]][] => {
    const figure = VCPU_METRICS[metric];
    return figure === undefined ? [] : [[vcpuPart(index, figure), max.map((value) => value ?? NaN)]];
  });
}

export function toHostSeries(hostId: string, { memoryBytes, history }: WireHostSpan, spanSeconds: number): Series {
  const used = (values(history, "MEMORY_AVAILABLE_BYTES") ?? []).map((available) => memoryBytes - available);
  return toSeries(`host ${hostId}`, history, spanSeconds, HOST_METRICS_OF, { figure: "memoryUsed", values: used });
}

export function toSparkSeries({ id, history }: WireSpark, spanSeconds: number): Series {
  return { ...toVmSeries(id, history, spanSeconds), key: `spark ${id}` };
}
