// Why a VM is slow: fetches the history of the VM, its host and, where they may matter, its neighbours, and hands it to
// the rules. Knows no GraphQL and no threshold.
import { cpuPolicy } from "../cpu/policy.js";
import { InvalidInput, VmNotFound } from "../errors.js";
import type { HostMetricName, VmMetricName } from "../metrics/catalog.js";
import type { History, HistoryQuery } from "../metrics/history.js";
import type { VmSample } from "../metrics/model.js";
import { MINUTES_TIER, SECONDS_TIER, TEN_SECONDS_TIER } from "../metrics/steps.js";
import type { Vm } from "../vm/model.js";
import { factsOf } from "./facts.js";
import { HOST_FIGURES, VM_FIGURES, type Diagnosis, type Neighbour, type Observations, type Steps } from "./model.js";
import { diagnose } from "./rules.js";

/** What is looked at when nobody says: long enough to hold what made somebody ask. */
export const DEFAULT_RANGE_SECONDS = 600;
/** Two steps are the least that can show anything. */
const SHORTEST_RANGE_SECONDS = 10;
/** Beyond a day steps are so long that they hide what was slow. */
const LONGEST_RANGE_SECONDS = 86_400;
/** A guest reports its memory every 2 s, and pressure is a mean over 10 s: shorter steps show their pace, not the VM's. */
const STEP_SECONDS = 5;
/** More steps than this cost time and tell nothing more. */
const MOST_STEPS = 720;
/** What precedes the window is compared with: as long as it is, within these. */
const SHORTEST_LOOKBACK_SECONDS = 60;
const LONGEST_LOOKBACK_SECONDS = 600;
/** Neighbours looked at, those that use most now first: a host rarely runs more, and one that matters uses much. */
export const MAX_NEIGHBOURS = 64;

export interface DiagnosisParts {
  readonly vms: { get(id: string): Vm | null; list(): readonly Vm[] };
  readonly hosts: { get(id: string): { readonly cpuCount: number } | null };
  readonly metrics: {
    vmHistory(id: string, metrics: readonly VmMetricName[], query: HistoryQuery): Promise<History<VmMetricName>>;
    hostHistory(id: string, metrics: readonly HostMetricName[], query: HistoryQuery): Promise<History<HostMetricName>>;
    latestVm(id: string): VmSample | null;
  };
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
}

export interface DiagnosisRange {
  readonly from: Date;
  /** Null or absent: now. */
  readonly to?: Date | null | undefined;
}

export interface VmDiagnosis extends Diagnosis {
  readonly vm: Vm;
}

export class DiagnosisService {
  constructor(private readonly parts: DiagnosisParts) {}

  /** Throws VmNotFound, InvalidInput, DatabaseUnavailable. */
  async diagnose(vmId: string, range: DiagnosisRange | null): Promise<VmDiagnosis> {
    const vm = this.parts.vms.get(vmId);
    if (vm === null) throw new VmNotFound(vmId);
    const window = windowOf(range, (this.parts.now?.() ?? Date.now()) / 1000);
    const query: HistoryQuery = { from: new Date(window.lookbackSecond * 1000), to: new Date(window.toSecond * 1000), stepSeconds: window.stepSeconds };
    const [figures, host] = await Promise.all([this.parts.metrics.vmHistory(vmId, VM_FIGURES, query), this.parts.metrics.hostHistory(vm.hostId, HOST_FIGURES, query)]);
    const alone: Observations = {
      vm: factsOf(vm, this.parts.metrics.latestVm(vmId), this.parts.hosts.get(vm.hostId)?.cpuCount ?? null), fromSecond: window.lookbackSecond, stepSeconds: window.stepSeconds,
      windowStart: (window.fromSecond - window.lookbackSecond) / window.stepSeconds,
      figures: byMetric(VM_FIGURES, figures), host: byMetric(HOST_FIGURES, host), neighbours: null,
    };
    const first = diagnose(alone);
    // Only a VM that waited had something taken from it; the neighbours of one that did not are not read.
    if (!first.causes.some(({ kind }) => kind === "STEAL" || kind === "DISK_LATENCY")) return { ...first, vm };
    return { ...diagnose({ ...alone, neighbours: await this.#neighbours(vm, query) }), vm };
  }

  async #neighbours(vm: Vm, query: HistoryQuery): Promise<Neighbour[]> {
    const use = ({ id }: Vm): number => this.parts.metrics.latestVm(id)?.cpuRatio ?? -1;
    const others = this.parts.vms.list().filter((other) => other.hostId === vm.hostId && other.id !== vm.id).sort((a, b) => use(b) - use(a));
    return Promise.all(others.slice(0, MAX_NEIGHBOURS).map(async ({ id, name, definition }) => {
      const figures = byMetric(NEIGHBOUR_FIGURES, await this.parts.metrics.vmHistory(id, NEIGHBOUR_FIGURES, query));
      const written = figures.DISK_WRITE_BYTES_PER_SECOND;
      const diskBytesPerSecond = figures.DISK_READ_BYTES_PER_SECOND.map((read, step) => (read === null ? null : read + (written[step] ?? 0)));
      return { id, name, weight: cpuPolicy(definition).weight, cpu: figures.CPU_RATIO, diskBytesPerSecond };
    }));
  }
}

const NEIGHBOUR_FIGURES = ["CPU_RATIO", "DISK_READ_BYTES_PER_SECOND", "DISK_WRITE_BYTES_PER_SECOND"] as const satisfies readonly VmMetricName[];

interface Window {
  readonly lookbackSecond: number;
  readonly fromSecond: number;
  readonly toSecond: number;
  readonly stepSeconds: number;
}

/** The window in whole steps; the step that is not over yet is left out. */
function windowOf(range: DiagnosisRange | null, nowSecond: number): Window {
  const to = Math.min((range?.to?.getTime() ?? nowSecond * 1000) / 1000, nowSecond);
  const from = range === null ? to - DEFAULT_RANGE_SECONDS : range.from.getTime() / 1000;
  if (!(to - from >= SHORTEST_RANGE_SECONDS)) throw new InvalidInput(`The range must last ${SHORTEST_RANGE_SECONDS} s or more before now; give an earlier \`from\`.`, "range");
  if (to - from > LONGEST_RANGE_SECONDS) throw new InvalidInput("The range is longer than a day; give the hours in which it was slow.", "range");
  const lookback = Math.min(Math.max(to - from, SHORTEST_LOOKBACK_SECONDS), LONGEST_LOOKBACK_SECONDS);
  const stepSeconds = stepFor(to - from, nowSecond - (from - lookback));
  const down = (second: number): number => Math.floor(second / stepSeconds) * stepSeconds;
  const [fromSecond, toSecond] = [down(from), Math.max(down(to), down(from) + stepSeconds)];
  return { lookbackSecond: fromSecond - Math.ceil(lookback / stepSeconds) * stepSeconds, fromSecond, toSecond, stepSeconds };
}

/** A multiple of the finest step that is still kept for all of it. */
function stepFor(rangeSeconds: number, oldestSeconds: number): number {
  const kept = oldestSeconds < SECONDS_TIER.keptSeconds ? STEP_SECONDS : oldestSeconds < TEN_SECONDS_TIER.keptSeconds ? TEN_SECONDS_TIER.stepSeconds : MINUTES_TIER.stepSeconds;
  return Math.max(Math.ceil(rangeSeconds / MOST_STEPS / kept), 1) * kept;
}

function byMetric<Name extends string>(names: readonly Name[], history: { readonly series: readonly { readonly metric: string; readonly mean: Steps }[] }): Record<Name, Steps> {
  return Object.fromEntries(names.map((name, index) => [name, history.series[index]?.mean ?? []])) as Record<Name, Steps>;
}
