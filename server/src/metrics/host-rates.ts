// One host's counters of two ticks to a HostSample. Pure.
import type { CpuTime, HostMetrics } from "../hypervisor/generated/quetzal/v1/metrics.js";
import { PAGE_BYTES, bytes, clampRatio, growth, perSecond, ratioOfTime, sumKnown, type Elapsed } from "./counter.js";
import type { HostSample } from "./samples.js";

/** `before` is null on the first tick; then every rate is null. */
export function hostSample(hostId: string, time: Date, elapsed: Elapsed | null, before: HostMetrics | null, now: HostMetrics): HostSample {
  const rate = (pick: (metrics: HostMetrics) => bigint | undefined): number | null => (before === null ? null : perSecond(elapsed, pick(before), pick(now)));
  return {
    hostId, time,
    ...cpuRatios(before?.cpus ?? [], now.cpus),
    load1: now.load1 ?? null,
    load5: now.load5 ?? null,
    load15: now.load15 ?? null,
    psiCpuRatio: now.psiCpu?.someAvg10Ratio ?? null,
    psiMemoryRatio: now.psiMemory?.someAvg10Ratio ?? null,
    psiIoRatio: now.psiIo?.someAvg10Ratio ?? null,
    memoryTotalBytes: Number(now.memoryTotalBytes),
    memoryAvailableBytes: Number(now.memoryAvailableBytes),
    memoryFreeBytes: bytes(now.memoryFreeBytes),
    memoryCachedBytes: bytes(now.memoryCachedBytes),
    memoryAnonymousBytes: bytes(now.memoryAnonymousBytes),
    memoryKernelBytes: bytes(now.memoryKernelBytes),
    swapTotalBytes: bytes(now.swapTotalBytes),
    swapUsedBytes: bytes(now.swapUsedBytes),
    refaultsPerSecond: rate((metrics) => metrics.refaults),
    ksmSavedBytes: now.ksm === undefined ? null : Number(now.ksm.pagesSharing) * PAGE_BYTES,
    ksmSharedBytes: now.ksm === undefined ? null : Number(now.ksm.pagesShared) * PAGE_BYTES,
    ksmdRatio: before === null ? null : ratioOfTime(elapsed, before.ksmdNs, now.ksmdNs),
    ksmProfitBytes: now.ksm?.generalProfitBytes ?? null,
    compressedOriginalBytes: sumKnown([bytes(now.zram?.originalBytes), bytes(now.zswap?.storedBytes)]),
    compressedStoredBytes: sumKnown([bytes(now.zram?.memoryUsedBytes), bytes(now.zswap?.poolBytes)]),
    diskReadBytesPerSecond: rate((metrics) => metrics.blockReadBytes),
    diskWriteBytesPerSecond: rate((metrics) => metrics.blockWriteBytes),
    networkRxBytesPerSecond: rate((metrics) => metrics.networkRxBytes),
    networkTxBytesPerSecond: rate((metrics) => metrics.networkTxBytes),
    networkDropsPerSecond: rate((metrics) => metrics.networkDrops),
    diskSpaces: now.disks.map((disk) => ({ path: disk.path, totalBytes: Number(disk.totalBytes), availableBytes: Number(disk.availableBytes) })),
  };
}

type CpuRatios = Pick<HostSample, "cpuRatio" | "cpuCoreRatios" | "cpuStealRatio" | "cpuIowaitRatio">;
const UNKNOWN_CPU: CpuRatios = { cpuRatio: null, cpuCoreRatios: null, cpuStealRatio: null, cpuIowaitRatio: null };

/**
 * Shares of the time the kernel accounted for (its ticks, not our clock: the sum is what makes 100 %). Busy is all but
 * idle and waiting for I/O. Unknown when a core came, went or was reset.
 */
function cpuRatios(before: readonly CpuTime[], now: readonly CpuTime[]): CpuRatios {
  if (before.length !== now.length || now.length === 0) return UNKNOWN_CPU;
  const cores: number[] = [];
  const all = { busy: 0, steal: 0, iowait: 0, total: 0 };
  for (const [index, cpu] of now.entries()) {
    const part = coreGrowth(before[index], cpu);
    if (part === null) return UNKNOWN_CPU;
    cores.push(part.total === 0 ? 0 : part.busy / part.total);
    all.busy += part.busy;
    all.steal += part.steal;
    all.iowait += part.iowait;
    all.total += part.total;
  }
  if (all.total === 0) return UNKNOWN_CPU;
  return {
    cpuRatio: clampRatio(all.busy / all.total), cpuCoreRatios: cores,
    cpuStealRatio: clampRatio(all.steal / all.total), cpuIowaitRatio: clampRatio(all.iowait / all.total),
  };
}

interface CoreGrowth {
  readonly busy: number;
  readonly steal: number;
  readonly iowait: number;
  readonly total: number;
}

function coreGrowth(before: CpuTime | undefined, now: CpuTime): CoreGrowth | null {
  if (before === undefined) return null;
  const user = growth(before.userNs, now.userNs);
  const system = growth(before.systemNs, now.systemNs);
  const irq = growth(before.irqNs, now.irqNs);
  const steal = growth(before.stealNs, now.stealNs);
  const idle = growth(before.idleNs, now.idleNs);
  // The kernel does not promise that iowait never falls; a small step back is none, a reset shows in the others.
  const iowait = growth(before.iowaitNs, now.iowaitNs) ?? 0;
  if (user === null || system === null || irq === null || steal === null || idle === null) return null;
  const busy = user + system + irq + steal;
  return { busy, steal, iowait, total: busy + idle + iowait };
}
