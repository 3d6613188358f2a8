// Samples and history as readers see them: rates and gauges; null is unknown, never 0. Pure.
export interface VcpuSample {
  readonly index: number;
  readonly ratio: number | null;
  readonly stealRatio: number | null;
}

export interface DiskSample {
  readonly name: string;
  readonly readBytesPerSecond: number | null;
  readonly writeBytesPerSecond: number | null;
  readonly readsPerSecond: number | null;
  readonly writesPerSecond: number | null;
  readonly flushesPerSecond: number | null;
  readonly readLatencySeconds: number | null;
  readonly writeLatencySeconds: number | null;
  readonly flushLatencySeconds: number | null;
  readonly allocatedBytes: number | null;
}

export interface NicSample {
  readonly name: string;
  readonly rxBytesPerSecond: number | null;
  readonly txBytesPerSecond: number | null;
  readonly rxPacketsPerSecond: number | null;
  readonly txPacketsPerSecond: number | null;
  readonly dropsPerSecond: number | null;
}

export interface VmSample {
  readonly vmId: string;
  readonly time: Date;
  readonly cpuRatio: number | null;
  readonly cpuUserRatio: number | null;
  readonly cpuSystemRatio: number | null;
  readonly vcpus: readonly VcpuSample[];
  readonly stealRatio: number | null;
  readonly memoryConfiguredBytes: number;
  readonly balloonActualBytes: number | null;
  readonly guestTotalBytes: number | null;
  readonly guestAvailableBytes: number | null;
  readonly guestCacheBytes: number | null;
  readonly guestUpdatedAt: Date | null;
  readonly guestMajorFaultsPerSecond: number | null;
  readonly guestSwapInBytesPerSecond: number | null;
  readonly guestSwapOutBytesPerSecond: number | null;
  readonly rssBytes: number | null;
  readonly pssBytes: number | null;
  readonly swapBytes: number | null;
  readonly ksmMergedBytes: number | null;
  readonly ksmProfitBytes: bigint | null;
  readonly diskReadBytesPerSecond: number | null;
  readonly diskWriteBytesPerSecond: number | null;
  readonly diskLatencySeconds: number | null;
  readonly networkRxBytesPerSecond: number | null;
  readonly networkTxBytesPerSecond: number | null;
  readonly networkDropsPerSecond: number | null;
  readonly disks: readonly DiskSample[];
  readonly nics: readonly NicSample[];
  readonly qmpAgeMs: number | null;
}

export interface DiskSpace {
  readonly path: string;
  readonly totalBytes: number;
  readonly availableBytes: number;
}

export interface HostSample {
  readonly hostId: string;
  readonly time: Date;
  readonly cpuRatio: number | null;
  readonly cpuCoreRatios: readonly number[] | null;
  readonly cpuStealRatio: number | null;
  readonly cpuIowaitRatio: number | null;
  readonly load1: number | null;
  readonly load5: number | null;
  readonly load15: number | null;
  readonly psiCpuRatio: number | null;
  readonly psiMemoryRatio: number | null;
  readonly psiIoRatio: number | null;
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  readonly memoryCachedBytes: number | null;
  readonly swapTotalBytes: number | null;
  readonly swapUsedBytes: number | null;
  readonly ksmSavedBytes: number | null;
  readonly ksmProfitBytes: bigint | null;
  readonly compressedOriginalBytes: number | null;
  readonly compressedStoredBytes: number | null;
  readonly diskReadBytesPerSecond: number | null;
  readonly diskWriteBytesPerSecond: number | null;
  readonly networkRxBytesPerSecond: number | null;
  readonly networkTxBytesPerSecond: number | null;
  readonly networkDropsPerSecond: number | null;
  readonly diskSpaces: readonly DiskSpace[];
}

export interface MetricsBatch {
  readonly time: Date;
  readonly hostId: string;
  readonly samples: readonly VmSample[];
}

export interface TimeRange {
  readonly from: Date;
  readonly to: Date;
}

export interface Series {
  readonly metric: string;
  readonly unit: string;
  readonly times: readonly Date[];
  readonly mean: readonly (number | null)[];
  readonly max: readonly (number | null)[];
}

export interface History {
  readonly from: Date;
  readonly to: Date;
  readonly stepSeconds: number;
  readonly series: readonly Series[];
}

export const VM_METRICS = [
  "CPU_RATIO", "STEAL_RATIO", "GUEST_AVAILABLE_BYTES", "BALLOON_ACTUAL_BYTES", "RSS_BYTES", "PSS_BYTES", "SWAP_BYTES",
  "KSM_MERGED_BYTES", "GUEST_MAJOR_FAULTS_PER_SECOND",
  "DISK_READ_BYTES_PER_SECOND", "DISK_WRITE_BYTES_PER_SECOND", "DISK_LATENCY_SECONDS",
  "NETWORK_RX_BYTES_PER_SECOND", "NETWORK_TX_BYTES_PER_SECOND", "NETWORK_DROPS_PER_SECOND",
] as const;
export type VmMetric = (typeof VM_METRICS)[number];

export const HOST_METRICS = [
  "CPU_RATIO", "CPU_STEAL_RATIO", "CPU_IOWAIT_RATIO", "LOAD1", "PSI_CPU_RATIO", "PSI_MEMORY_RATIO", "PSI_IO_RATIO",
  "MEMORY_AVAILABLE_BYTES", "SWAP_USED_BYTES", "KSM_SAVED_BYTES", "COMPRESSED_STORED_BYTES",
  "DISK_READ_BYTES_PER_SECOND", "DISK_WRITE_BYTES_PER_SECOND", "NETWORK_RX_BYTES_PER_SECOND", "NETWORK_TX_BYTES_PER_SECOND",
] as const;
export type HostMetric = (typeof HOST_METRICS)[number];
