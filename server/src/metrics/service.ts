// Metrics: turns each tick into samples once, keeps the newest in memory, publishes one batch and hands it to history.
import { Broadcast } from "../broadcast.js";
import type { Feed, Positioned } from "../feed.js";
import type { MetricsTick } from "../hypervisor/generated/quetzal/v1/metrics.js";
import type { HostMetricName, VmMetricName } from "./catalog.js";
import type { History, HistoryQuery, MetricsHistory, VcpuHistory } from "./history.js";
import type { HostSample, MetricsBatch, VmSample } from "./model.js";
import { RateMeter } from "./rates.js";
import type { VcpuMetricName } from "./vcpus.js";
import { askedToUse } from "./vm-rates.js";
import type { TickSamples } from "./samples.js";
import { refined } from "../streams.js";

/** Batches a reader may fall behind in memory; the latest is what counts. */
const MAX_BATCHES_BEHIND = 4;
/** Ticks nearer to each other than this are of one second. */
const SHORTEST_RECORDED_MS = 500;

export class MetricsService {
  readonly #rates = new Map<string, RateMeter>();
  readonly #vms = new Map<string, VmSample>();
  readonly #hosts = new Map<string, HostSample>();
  readonly #batches = new Map<string, MetricsBatch>();
  readonly #batchFeed = new Broadcast<Positioned<MetricsBatch>>();
  readonly #hostFeed = new Broadcast<Positioned<HostSample>>();
  readonly #recordedAt = new Map<string, number>();
  #position = 0n;

  constructor(private readonly history: MetricsHistory) {}

  /** `askedVcpus` says how many vCPUs a VM was last asked to use; null: not known. */
  ingest(hostId: string, tick: MetricsTick, askedVcpus: (vmId: string) => number | null): void {
    let rates = this.#rates.get(hostId);
    if (rates === undefined) this.#rates.set(hostId, (rates = new RateMeter(hostId)));
    const { time, host, vms: measured } = rates.take(tick, new Date());
    const vms = measured.map((sample) => askedToUse(sample, askedVcpus(sample.vmId)));
    const batch: MetricsBatch = { time, hostId, samples: vms };
    for (const gone of this.#batches.get(hostId)?.samples ?? []) this.#vms.delete(gone.vmId);
    for (const sample of vms) this.#vms.set(sample.vmId, sample);
    this.#batches.set(hostId, batch);
    this.#position += 1n;
    this.#batchFeed.publish({ position: this.#position, key: hostId, value: batch });
    if (host !== null) {
      this.#hosts.set(hostId, host);
      this.#hostFeed.publish({ position: this.#position, key: hostId, value: host });
    }
    this.#record(hostId, { time, host, vms });
  }

  /** What was measured before the line broke is no longer the newest truth, and rates must not span the gap. */
  hostLost(hostId: string): void {
    this.#rates.delete(hostId);
    this.#hosts.delete(hostId);
    for (const sample of this.#batches.get(hostId)?.samples ?? []) this.#vms.delete(sample.vmId);
    this.#batches.delete(hostId);
  }

  latestVm(id: string): VmSample | null {
    return this.#vms.get(id) ?? null;
  }

  latestHost(id: string): HostSample | null {
    return this.#hosts.get(id) ?? null;
  }

  vmHistory(id: string, metrics: readonly VmMetricName[], query: HistoryQuery): Promise<History<VmMetricName>> {
    return this.history.vmHistory(id, metrics, query);
  }

  vcpuHistory(id: string, metrics: readonly VcpuMetricName[], query: HistoryQuery): Promise<VcpuHistory[]> {
    return this.history.vcpuHistory({ vmId: id, endedAt: null }, metrics, query);
  }

  hostHistory(id: string, metrics: readonly HostMetricName[], query: HistoryQuery): Promise<History<HostMetricName>> {
    return this.history.hostHistory(id, metrics, query);
  }

  /** A VM is gone: another under its id starts with a history of its own. */
  retireVm(id: string, endedAt: Date): Promise<void> {
    return this.history.retireVm(id, endedAt);
  }

  /** The newest batch of each host, then every batch; with `vmIds`, only their samples. */
  batches(vmIds: readonly string[] | null): Feed<MetricsBatch> {
    const wanted = vmIds === null ? null : new Set(vmIds);
    const narrow = (batch: MetricsBatch): MetricsBatch =>
      wanted === null ? batch : { ...batch, samples: batch.samples.filter((sample) => wanted.has(sample.vmId)) };
    return latestFeed(() => this.#position, this.#batches, this.#batchFeed, narrow, () => true);
  }

  hostSamples(hostId: string | null): Feed<HostSample> {
    return latestFeed(() => this.#position, this.#hosts, this.#hostFeed, (sample) => sample, (id) => hostId === null || id === hostId);
  }

  /** History keeps seconds; a daemon that ticks faster (as in benches) is thinned out for it. */
  #record(hostId: string, samples: TickSamples): void {
    const time = samples.time.getTime();
    if (time - (this.#recordedAt.get(hostId) ?? 0) < SHORTEST_RECORDED_MS) return;
    this.#recordedAt.set(hostId, time);
    this.history.record(samples);
  }
}

function latestFeed<T>(
  position: () => bigint, newest: ReadonlyMap<string, T>, live: Broadcast<Positioned<T>>, narrow: (value: T) => T, wants: (hostId: string) => boolean,
): Feed<T> {
  return {
    replay() {
      const now = position();
      return [...newest].filter(([key]) => wants(key)).map(([key, value]) => ({ position: now, key, value: narrow(value) }));
    },
    live: () =>
      refined(live.subscribe(MAX_BATCHES_BEHIND, "drop-oldest"), (item) => (wants(item.key) ? { ...item, value: narrow(item.value) } : undefined)),
  };
}
