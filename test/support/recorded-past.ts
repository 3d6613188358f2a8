// The past of a recorded fleet: its figures are functions of the second, so what was then is what was painted live then.
// States are remembered at each change. It knows the schema's shapes and nothing of how they travel.
import type { RecordedMemory } from "./recorded-memory.js";
import { HOST_ID, hasTap, hostFigures, hostSample, vmFigures, vmSample, type RecordedVm } from "./recorded-fleet.js";

type Payload = Record<string, unknown>;
interface HistoryArgs { range: { from: string; to?: string | null }; stepSeconds?: number | null; metrics: string[] }
type Figures = (second: number) => Record<string, number | null>;

/** How far back the recording goes. */
const KEPT_SECONDS = 3_600;
const POINTS_MAX = 600;

export class RecordedPast {
  private readonly states: { until: number; vms: RecordedVm[] }[] = [];

  constructor(private readonly now: () => number, private readonly memory: RecordedMemory) {}

  /** Called before a change: the fleet was so until now. */
  remember(vms: readonly RecordedVm[]): void {
    this.states.push({ until: this.now(), vms: vms.map((vm) => ({ ...vm })) });
  }

  get oldest(): number { return this.now() - KEPT_SECONDS * 1000; }

  /** `where` is only understood as `id="ID"`, as the dashboard asks for a graph, and as part of an id. */
  frame(present: readonly RecordedVm[], { at, where }: { at: string; where?: string | null }): Payload {
    const time = Math.min(Date.parse(at), this.now());
    const isKept = time >= this.oldest;
    const then = this.states.find(({ until }) => time < until)?.vms ?? present;
    const wanted = /^id="(.*)"$/.exec(where ?? "")?.[1];
    const part = wanted === undefined ? (where ?? "").toLowerCase() : "";
    const host = hostSample(Math.floor(time / 1000) * 1000);
    const { memoryBreakdown } = this.memory.host(then.filter(isAlive), time);
    return {
      at: new Date(time).toISOString(), stepSeconds: 1, hosts: [{ id: HOST_ID, name: HOST_ID, sample: isKept ? host : null, memoryBreakdown: isKept ? memoryBreakdown : null }],
      vms: isKept ? then.filter((vm) => (wanted === undefined ? vm.id.includes(part) : vm.id === wanted)).map((vm) => this.vm(vm, time)) : [],
    };
  }

  host(args: HistoryArgs): Payload { return this.history(args, hostFigures); }

  private vm(vm: RecordedVm, time: number): Payload {
    const alive = isAlive(vm);
    const definition = { id: vm.id, memory_mb: vm.memoryBytes / 1024 ** 2, vcpus: vm.vcpus, disks: [{ name: "vda", path: "disk.img", size_gb: 20 }] };
    return {
      ...vm, hostId: HOST_ID, stateSince: new Date(vm.stateSince).toISOString(), startedAt: vm.startedAt === null ? null : new Date(vm.startedAt).toISOString(),
      generation: String(vm.generation), machine: "q35", accelerator: alive ? "tcg" : null, networkInUse: alive ? (hasTap(vm) ? "tap on br0" : "user (bridge qzbr0: does not exist)") : null,
      pid: alive ? 4_711 : null, labels: [], autostart: false, restartRequired: false, definition, deletedAt: null,
      sample: alive ? { ...vmSample(vm, Math.floor(time / 1000) * 1000), ...this.memory.sampled(vm), guestUpdatedAt: null, qmpAgeMs: null } : null, allDisks: alive ? { ...vmSample(vm, Math.floor(time / 1000) * 1000).disks[0], name: "all" } : null,
      ...this.memory.vm(vm, alive, time), room: null,
      history: (args: HistoryArgs) => this.history(args, alive ? (second) => figuresWithParts(vm, second) : () => ({})),
      vcpuHistory: (args: HistoryArgs) => (alive ? vcpuFigures(vm).map((figures, index) => ({ index, history: this.history(args, figures) })) : []),
    };
  }

  private history({ range, stepSeconds, metrics }: HistoryArgs, figures: Figures): Payload {
    const [from, to] = [Date.parse(range.from) / 1000, (range.to == null ? this.now() : Date.parse(range.to)) / 1000];
    const step = stepSeconds ?? Math.max(1, Math.ceil((to - from) / POINTS_MAX));
    const first = Math.floor(from / step) * step;
    const seconds = Array.from({ length: Math.ceil((to - first) / step) }, (_, index) => first + index * step);
    const camel = (metric: string): string => metric.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const isKept = (second: number): boolean => second * 1000 >= this.oldest && second * 1000 <= this.now();
    const series = metrics.map((metric) => {
      const mean = seconds.map((second) => (isKept(second) ? (figures(second)[camel(metric)] ?? null) : null));
      return { metric, unit: "", times: seconds.map((second) => new Date(second * 1000).toISOString()), mean, max: mean };
    });
    return { from: new Date(first * 1000).toISOString(), to: new Date((first + seconds.length * step) * 1000).toISOString(), stepSeconds: step, series };
  }
}

function isAlive({ state }: RecordedVm): boolean {
  return state === "RUNNING" || state === "PAUSED";
}

/** What history keeps of each vCPU. */
export function vcpuFigures(vm: RecordedVm): Figures[] {
  return Array.from({ length: vm.vcpus }, (_, index) => (second: number) => {
    const { ratio = null, stealRatio = null } = vmSample(vm, second * 1000).vcpus[index] ?? {};
    return { ratio, stealRatio };
  });
}

/** What history keeps of disks and the card, as the samples of recorded-fleet.ts have it of the only one. */
function figuresWithParts(vm: RecordedVm, second: number): ReturnType<Figures> {
  const figures = vmFigures(vm, second);
  const { diskLatencySeconds: latency, networkRxBytesPerSecond: rx, networkTxBytesPerSecond: tx } = figures;
  return {
    ...figures, diskReadLatencySeconds: latency, diskWriteLatencySeconds: latency === null ? null : latency * 2, diskFlushLatencySeconds: latency === null ? null : latency * 4,
    networkRxPacketsPerSecond: rx === null ? null : rx / 900, networkTxPacketsPerSecond: tx === null ? null : tx / 300,
  };
}
