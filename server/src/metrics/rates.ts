// Ticks of one host in, samples out. Pure but for remembering the last tick; knows neither history nor clients.
import type { MetricsTick, VmMetrics } from "../hypervisor/generated/quetzal/v1/metrics.js";
import { elapsedBetween } from "./counter.js";
import { hostSample } from "./host-rates.js";
import type { TickSamples } from "./samples.js";
import { vmSample } from "./vm-rates.js";

/**
 * Rates are means over the time between two ticks. Over a longer hole (a lost connection) such a mean would be shown
 * as one second's value, so the first tick after it counts as a first one.
 */
export const LONGEST_TICK_MS = 5_000;
const NS_PER_MS = 1e6;

/** Samples of a tick, given the one before (null: none). A tick without a time is taken as of `receivedAt`. */
export function tickSamples(hostId: string, before: MetricsTick | null, now: MetricsTick, receivedAt: Date): TickSamples {
  const time = now.time ?? receivedAt;
  const elapsed = before === null ? null : elapsedBetween(before.monotonicNs, now.monotonicNs);
  const isFirst = elapsed === null || elapsed.ns > LONGEST_TICK_MS * NS_PER_MS;
  const last = isFirst ? null : before;
  const vmsBefore = new Map<string, VmMetrics>();
  for (const vm of last?.vms ?? []) vmsBefore.set(vm.vmId, vm);
  return {
    time,
    host: now.host === undefined ? null : hostSample(hostId, time, elapsed, last?.host ?? null, now.host),
    vms: now.vms.map((vm) => vmSample(time, elapsed, vmsBefore.get(vm.vmId) ?? null, vm)),
  };
}

/** Remembers one host's last tick. Make a new one for every connection to the daemon: its monotonic clock may be another. */
export class RateMeter {
  readonly #hostId: string;
  #before: MetricsTick | null = null;

  constructor(hostId: string) {
    this.#hostId = hostId;
  }

  /** The samples of the next tick, in the order they arrive. */
  take(now: MetricsTick, receivedAt: Date): TickSamples {
    const samples = tickSamples(this.#hostId, this.#before, now, receivedAt);
    this.#before = now;
    return samples;
  }
}
