// Samples as the API shows them (VmSample and HostSample of schema.graphql): rates instead of counters, null for unknown.
// Types only.

/** A monotonic counter's growth a second; null on the first sample, after a reset, and when unknown. Never negative. */
export type Rate = number | null;

export interface VcpuSample {
  readonly index: number;
  /** 1 is one core. */
  readonly ratio: Rate;
  /** See steal.ts: what a CPU quota stopped it for is left out. */
  readonly stealRatio: Rate;
}

export interface DiskSample {
  readonly name: string;
  readonly readBytesPerSecond: Rate;
  readonly writeBytesPerSecond: Rate;
  readonly readsPerSecond: Rate;
  readonly writesPerSecond: Rate;
  readonly flushesPerSecond: Rate;
  /** Mean over the tick's operations; null when there were none. */
  readonly readLatencySeconds: number | null;
  readonly writeLatencySeconds: number | null;
  readonly flushLatencySeconds: number | null;
  /** That its file takes on the host's disk. */
  readonly allocatedBytes: number | null;
  /** Its size as the guest sees it. */
  readonly capacityBytes: number | null;
}

/** As the guest sees it. */
export interface NicSample {
  readonly name: string;
  readonly rxBytesPerSecond: Rate;
  readonly txBytesPerSecond: Rate;
  readonly rxPacketsPerSecond: Rate;
  readonly txPacketsPerSecond: Rate;
  readonly dropsPerSecond: Rate;
}

/** The host's side of a guest's memory, its parts at one instant. */
export interface GuestRamSample {
  /** Mapped for the guest. */
  readonly sizeBytes: number;
  /** In the host's memory, shared pages counted whole. */
  readonly residentBytes: number;
  /** Of the resident: merged with other pages. */
  readonly sharedBytes: number;
  /** Paged out, compressed or not. */
  readonly swappedBytes: number;
  /** Resident outside of the guest's memory: QEMU's own. */
  readonly overheadBytes: number;
}

export interface VmSample {
  readonly vmId: string;
  readonly time: Date;
  readonly cpuRatio: Rate;
  readonly cpuUserRatio: Rate;
  readonly cpuSystemRatio: Rate;
  readonly vcpus: readonly VcpuSample[];
  /** Mean over the vCPUs that say it. */
  readonly stealRatio: Rate;
  /** Share of a CPU quota's periods in which QEMU was stopped; 0 without a quota. */
  readonly throttledRatio: Rate;
  /** Time in which QEMU was stopped by a CPU quota, over the time that passed: 1 is one core's, several vCPUs may exceed it; 0 without a quota. */
  readonly throttledTimeRatio: Rate;
  /** vCPUs that its QEMU runs with, whatever the definition says by now. */
  readonly vcpusPresent: number | null;
  /** Of these the ones that the guest was last asked to use: one that it was to leave may stay plugged in. */
  readonly vcpusUsed: number | null;
  /** Major faults of the QEMU process: its own memory read back from the host's swap or files. */
  readonly majorFaultsPerSecond: Rate;
  readonly memoryConfiguredBytes: number;
  readonly balloonActualBytes: number | null;
  /** What the guest has plugged in beyond its boot memory. */
  readonly pluggedBytes: number | null;
  readonly guestRam: GuestRamSample | null;
  readonly guestTotalBytes: number | null;
  readonly guestAvailableBytes: number | null;
  readonly guestCacheBytes: number | null;
  readonly guestFreeBytes: number | null;
  readonly guestUpdatedAt: Date | null;
  readonly guestMajorFaultsPerSecond: Rate;
  readonly guestSwapInBytesPerSecond: Rate;
  readonly guestSwapOutBytesPerSecond: Rate;
  readonly rssBytes: number | null;
  readonly pssBytes: number | null;
  readonly swapBytes: number | null;
  readonly ksmMergedBytes: number | null;
  /** May be negative: KSM's own bookkeeping can cost more than it saves. */
  readonly ksmProfitBytes: bigint | null;
  readonly diskReadBytesPerSecond: Rate;
  readonly diskWriteBytesPerSecond: Rate;
  readonly diskLatencySeconds: number | null;
  /** Reads and writes that ended. */
  readonly diskOperationsPerSecond: Rate;
  /** Mean number of reads and writes under way: their summed time over the tick's. */
  readonly diskQueueDepth: Rate;
  readonly networkRxBytesPerSecond: Rate;
  readonly networkTxBytesPerSecond: Rate;
  readonly networkDropsPerSecond: Rate;
  readonly disks: readonly DiskSample[];
  readonly nics: readonly NicSample[];
  readonly qmpAgeMs: number | null;
}

export interface DiskSpaceSample {
  readonly path: string;
  readonly totalBytes: number;
  readonly availableBytes: number;
}

export interface HostSample {
  readonly hostId: string;
  readonly time: Date;
  readonly cpuRatio: Rate;
  readonly cpuCoreRatios: readonly number[] | null;
  readonly cpuStealRatio: Rate;
  readonly cpuIowaitRatio: Rate;
  readonly load1: number | null;
  readonly load5: number | null;
  readonly load15: number | null;
  readonly psiCpuRatio: number | null;
  readonly psiMemoryRatio: number | null;
  readonly psiIoRatio: number | null;
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  readonly memoryFreeBytes: number | null;
  readonly memoryCachedBytes: number | null;
  readonly memoryAnonymousBytes: number | null;
  /** Slab, page tables, kernel stacks, vmalloc, per-CPU. */
  readonly memoryKernelBytes: number | null;
  readonly swapTotalBytes: number | null;
  readonly swapUsedBytes: number | null;
  /** Pages fetched back from swap, compressed or not. */
  readonly refaultsPerSecond: Rate;
  readonly ksmSavedBytes: number | null;
  /** What the merged pages take. */
  readonly ksmSharedBytes: number | null;
  /** CPU of the merging thread; 1 is one core. */
  readonly ksmdRatio: Rate;
  readonly ksmProfitBytes: bigint | null;
  readonly compressedOriginalBytes: number | null;
  readonly compressedStoredBytes: number | null;
  readonly diskReadBytesPerSecond: Rate;
  readonly diskWriteBytesPerSecond: Rate;
  readonly networkRxBytesPerSecond: Rate;
  readonly networkTxBytesPerSecond: Rate;
  readonly networkDropsPerSecond: Rate;
  readonly diskSpaces: readonly DiskSpaceSample[];
}

/** One tick of one host. */
export interface TickSamples {
  readonly time: Date;
  /** Null when the tick had no host part. */
  readonly host: HostSample | null;
  readonly vms: readonly VmSample[];
}
