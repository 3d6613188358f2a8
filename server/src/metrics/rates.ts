import type { MetricsTick } from "../hypervisor/generated/quetzal/v1/metrics.js";
import type { HostSample, VmSample } from "./model.js";
export class RateTable { constructor(readonly hostId: string) {} take(_: MetricsTick): { host: HostSample | null; vms: VmSample[] } { return { host: null, vms: [] }; } }
