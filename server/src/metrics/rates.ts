import type { MetricsTick } from "../hypervisor/generated/quetzal/v1/metrics.js";
import type { HostSample, VmSample } from "./model.js";
export class RateMeter { constructor(readonly hostId: string) {} take(now: MetricsTick, receivedAt: Date): { time: Date; host: HostSample | null; vms: VmSample[] } { return { time: now.time ?? receivedAt, host: null, vms: [] }; } }
