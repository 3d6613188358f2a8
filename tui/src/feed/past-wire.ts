// From what travels of the past to what the store keeps of it.
import type { ResultOf } from "../client/document.js";
import type { HostFigure, HostSample, Vm, VmFigure, VmSample } from "../store/model.js";
import type { PastFrame } from "../store/past.js";
import { displayName, paintable } from "../store/sanitize.js";
import type { Series } from "../store/series.js";
import type { HOST_SPAN, PAST_FRAME, PAST_SPARKS, VM_SPAN } from "./past-documents.js";
import { HOST_METRICS_OF, VM_METRICS, toDefinitionLines, toEvent, toHostSample, toOperation, toSample } from "./wire.js";

type WireFrame = ResultOf<typeof PAST_FRAME>;
type WireVm = WireFrame["past"]["vms"][number];
type WireHistory = ResultOf<typeof VM_SPAN>["past"]["vms"][number]["history"];
type WireHostSpan = NonNullable<ResultOf<typeof HOST_SPAN>["host"]>;
type WireSpark = ResultOf<typeof PAST_SPARKS>["past"]["vms"][number];

/** `at` is what was asked for. Samples stand for the instant itself: what is new then must not look stale. */
export function toPastFrame({ past, found, events, operations }: WireFrame, at: number, where: string): PastFrame {
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
  };
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

export function toVmSeries(vmId: string, history: WireHistory, spanSeconds: number): Series {
  const total = values(history, "GUEST_TOTAL_BYTES");
  const used = (values(history, "GUEST_AVAILABLE_BYTES") ?? []).map((available, step) => Math.max(0, (total?.[step] ?? NaN) - available));
  return toSeries(`vm ${vmId}`, history, spanSeconds, VM_METRICS, { figure: "guestUsed", values: used });
}

export function toHostSeries(hostId: string, { memoryBytes, history }: WireHostSpan, spanSeconds: number): Series {
  const used = (values(history, "MEMORY_AVAILABLE_BYTES") ?? []).map((available) => memoryBytes - available);
  return toSeries(`host ${hostId}`, history, spanSeconds, HOST_METRICS_OF, { figure: "memoryUsed", values: used });
}

export function toSparkSeries({ id, history }: WireSpark, spanSeconds: number): Series {
  return { ...toVmSeries(id, history, spanSeconds), key: `spark ${id}` };
}
