// Metrics as readers see them: names for what samples.ts and history.ts hold. Types only.
import type { History } from "./history.js";
import type { HostMetricName, VmMetricName } from "./catalog.js";
import type { VcpuMetricName } from "./vcpus.js";
import type { VmSample } from "./samples.js";

export type { DiskSample, DiskSpaceSample as DiskSpace, GuestRamSample, HostSample, NicSample, VcpuSample, VmSample } from "./samples.js";
export type { VcpuHistory } from "./history.js";
export type AnyHistory = History<VmMetricName> | History<HostMetricName> | History<VcpuMetricName>;
export type AnySeries = AnyHistory["series"][number];

/** One tick of one host. */
export interface MetricsBatch {
  readonly time: Date;
  readonly hostId: string;
  readonly samples: readonly VmSample[];
}
