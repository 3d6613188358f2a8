// What metrics need of a store. Pure.
import type { History, HostMetric, HostSample, TimeRange, VmMetric, VmSample } from "./model.js";

export interface SampleSink {
  /** Takes a tick's samples; must not wait. `host` is null when the tick had none. */
  append(host: HostSample | null, vms: readonly VmSample[]): void;
}

export interface HistoryReader {
  vmHistory(id: string, range: TimeRange, stepSeconds: number | null, metrics: readonly VmMetric[]): Promise<History>;
  hostHistory(id: string, range: TimeRange, stepSeconds: number | null, metrics: readonly HostMetric[]): Promise<History>;
}
