// The metrics that are kept as history: their names in the API, their units, and where a sample has them. A metric is
// stored by its place in these lists, so new ones go at the end and none is ever taken out or moved.
import { sumKnown } from "./counter.js";
import type { HostSample, VmSample } from "./samples.js";

export type MetricUnit = "ratio" | "bytes" | "bytes/s" | "seconds" | "1/s" | "load" | "operations" | "count";

export interface Metric<Sample> {
  readonly unit: MetricUnit;
  readonly read: (sample: Sample) => number | null;
  /** What it is, where no field of the sample has its name. */
  readonly meaning?: string;
}

/** A profit in bytes is far below what a double holds. */
function numberOf(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}

/** Of several disks, each latency counted as often as its operations; null where there were none. */
function meanLatency(disks: readonly (readonly [perSecond: number | null, latencySeconds: number | null])[]): number | null {
  const [only] = disks;
  if (disks.length === 1 && only !== undefined) return only[1];
  let [operations, seconds] = [0, 0];
  for (const [perSecond, latency] of disks) {
    if (perSecond === null || latency === null) continue;
    operations += perSecond;
    seconds += perSecond * latency;
  }
  return operations <= 0 ? null : seconds / operations;
}

function catalog<Sample>() {
  return <Name extends string>(metrics: Readonly<Record<Name, Metric<Sample>>>): Readonly<Record<Name, Metric<Sample>>> => metrics;
}

export const VM_METRICS = catalog<VmSample>()({
  CPU_RATIO: { unit: "ratio", read: (sample) => sample.cpuRatio },
  STEAL_RATIO: { unit: "ratio", read: (sample) => sample.stealRatio },
  GUEST_AVAILABLE_BYTES: { unit: "bytes", read: (sample) => sample.guestAvailableBytes },
  BALLOON_ACTUAL_BYTES: { unit: "bytes", read: (sample) => sample.balloonActualBytes },
  RSS_BYTES: { unit: "bytes", read: (sample) => sample.rssBytes },
  PSS_BYTES: { unit: "bytes", read: (sample) => sample.pssBytes },
  SWAP_BYTES: { unit: "bytes", read: (sample) => sample.swapBytes },
  KSM_MERGED_BYTES: { unit: "bytes", read: (sample) => sample.ksmMergedBytes },
  GUEST_MAJOR_FAULTS_PER_SECOND: { unit: "1/s", read: (sample) => sample.guestMajorFaultsPerSecond },
  DISK_READ_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.diskReadBytesPerSecond },
  DISK_WRITE_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.diskWriteBytesPerSecond },
  DISK_LATENCY_SECONDS: { unit: "seconds", read: (sample) => sample.diskLatencySeconds },
  NETWORK_RX_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.networkRxBytesPerSecond },
  NETWORK_TX_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.networkTxBytesPerSecond },
  NETWORK_DROPS_PER_SECOND: { unit: "1/s", read: (sample) => sample.networkDropsPerSecond },
  THROTTLED_RATIO: { unit: "ratio", read: (sample) => sample.throttledRatio },
  GUEST_SWAP_IN_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.guestSwapInBytesPerSecond },
  GUEST_SWAP_OUT_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.guestSwapOutBytesPerSecond },
  MAJOR_FAULTS_PER_SECOND: { unit: "1/s", read: (sample) => sample.majorFaultsPerSecond },
  DISK_OPERATIONS_PER_SECOND: { unit: "1/s", read: (sample) => sample.diskOperationsPerSecond },
  DISK_QUEUE_DEPTH: { unit: "operations", read: (sample) => sample.diskQueueDepth },
  GUEST_TOTAL_BYTES: { unit: "bytes", read: (sample) => sample.guestTotalBytes },
  THROTTLED_TIME_RATIO: { unit: "ratio", read: (sample) => sample.throttledTimeRatio },
  PLUGGED_BYTES: { unit: "bytes", read: (sample) => sample.pluggedBytes },
  VCPUS_PRESENT: { unit: "count", read: (sample) => sample.vcpusPresent },
  GUEST_RAM_SIZE_BYTES: { unit: "bytes", read: ({ guestRam }) => guestRam?.sizeBytes ?? null, meaning: "As guestRam.sizeBytes of the samples." },
  GUEST_RAM_RESIDENT_BYTES: { unit: "bytes", read: ({ guestRam }) => guestRam?.residentBytes ?? null, meaning: "As guestRam.residentBytes of the samples." },
  GUEST_RAM_SHARED_BYTES: { unit: "bytes", read: ({ guestRam }) => guestRam?.sharedBytes ?? null, meaning: "As guestRam.sharedBytes of the samples." },
  GUEST_RAM_SWAPPED_BYTES: { unit: "bytes", read: ({ guestRam }) => guestRam?.swappedBytes ?? null, meaning: "As guestRam.swappedBytes of the samples." },
  GUEST_RAM_OVERHEAD_BYTES: { unit: "bytes", read: ({ guestRam }) => guestRam?.overheadBytes ?? null, meaning: "As guestRam.overheadBytes of the samples." },
  GUEST_FREE_BYTES: { unit: "bytes", read: (sample) => sample.guestFreeBytes },
  GUEST_CACHE_BYTES: { unit: "bytes", read: (sample) => sample.guestCacheBytes },
  KSM_PROFIT_BYTES: { unit: "bytes", read: ({ ksmProfitBytes }) => numberOf(ksmProfitBytes) },
  CPU_USER_RATIO: { unit: "ratio", read: (sample) => sample.cpuUserRatio },
  VCPU_RATIO: { unit: "ratio", read: ({ vcpus }) => sumKnown(vcpus.map(({ ratio }) => ratio)), meaning: "Time of all vCPUs on host CPUs; 1 is one core." },
  DISK_READS_PER_SECOND: { unit: "1/s", read: ({ disks }) => sumKnown(disks.map((disk) => disk.readsPerSecond)), meaning: "Reads a second, all disks." },
  DISK_WRITES_PER_SECOND: { unit: "1/s", read: ({ disks }) => sumKnown(disks.map((disk) => disk.writesPerSecond)), meaning: "Writes a second, all disks." },
  DISK_FLUSHES_PER_SECOND: { unit: "1/s", read: ({ disks }) => sumKnown(disks.map((disk) => disk.flushesPerSecond)), meaning: "Flushes a second, all disks." },
  DISK_READ_LATENCY_SECONDS: { unit: "seconds", read: ({ disks }) => meanLatency(disks.map((disk) => [disk.readsPerSecond, disk.readLatencySeconds])), meaning: "Mean time of a read, all disks." },
  DISK_WRITE_LATENCY_SECONDS: { unit: "seconds", read: ({ disks }) => meanLatency(disks.map((disk) => [disk.writesPerSecond, disk.writeLatencySeconds])), meaning: "Mean time of a write, all disks." },
  DISK_FLUSH_LATENCY_SECONDS: { unit: "seconds", read: ({ disks }) => meanLatency(disks.map((disk) => [disk.flushesPerSecond, disk.flushLatencySeconds])), meaning: "Mean time of a flush, all disks." },
  DISK_ALLOCATED_BYTES: { unit: "bytes", read: ({ disks }) => sumKnown(disks.map((disk) => disk.allocatedBytes)), meaning: "Bytes that its disks take on the host's." },
  NETWORK_RX_PACKETS_PER_SECOND: { unit: "1/s", read: ({ nics }) => sumKnown(nics.map((nic) => nic.rxPacketsPerSecond)), meaning: "Packets that the guest received a second, all NICs." },
  NETWORK_TX_PACKETS_PER_SECOND: { unit: "1/s", read: ({ nics }) => sumKnown(nics.map((nic) => nic.txPacketsPerSecond)), meaning: "Packets that the guest sent a second, all NICs." },
  DISK_CAPACITY_BYTES: { unit: "bytes", read: ({ disks }) => sumKnown(disks.map((disk) => disk.capacityBytes)), meaning: "Size of its disks as the guest sees them." },
  VCPUS_USED: { unit: "count", read: (sample) => sample.vcpusUsed },
});

export const HOST_METRICS = catalog<HostSample>()({
  CPU_RATIO: { unit: "ratio", read: (sample) => sample.cpuRatio },
  CPU_STEAL_RATIO: { unit: "ratio", read: (sample) => sample.cpuStealRatio },
  CPU_IOWAIT_RATIO: { unit: "ratio", read: (sample) => sample.cpuIowaitRatio },
  LOAD1: { unit: "load", read: (sample) => sample.load1 },
  PSI_CPU_RATIO: { unit: "ratio", read: (sample) => sample.psiCpuRatio },
  PSI_MEMORY_RATIO: { unit: "ratio", read: (sample) => sample.psiMemoryRatio },
  PSI_IO_RATIO: { unit: "ratio", read: (sample) => sample.psiIoRatio },
  MEMORY_AVAILABLE_BYTES: { unit: "bytes", read: (sample) => sample.memoryAvailableBytes },
  SWAP_USED_BYTES: { unit: "bytes", read: (sample) => sample.swapUsedBytes },
  KSM_SAVED_BYTES: { unit: "bytes", read: (sample) => sample.ksmSavedBytes },
  COMPRESSED_STORED_BYTES: { unit: "bytes", read: (sample) => sample.compressedStoredBytes },
  DISK_READ_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.diskReadBytesPerSecond },
  DISK_WRITE_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.diskWriteBytesPerSecond },
  NETWORK_RX_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.networkRxBytesPerSecond },
  NETWORK_TX_BYTES_PER_SECOND: { unit: "bytes/s", read: (sample) => sample.networkTxBytesPerSecond },
  NETWORK_DROPS_PER_SECOND: { unit: "1/s", read: (sample) => sample.networkDropsPerSecond },
  MEMORY_TOTAL_BYTES: { unit: "bytes", read: (sample) => sample.memoryTotalBytes },
  MEMORY_CACHED_BYTES: { unit: "bytes", read: (sample) => sample.memoryCachedBytes },
  COMPRESSED_ORIGINAL_BYTES: { unit: "bytes", read: (sample) => sample.compressedOriginalBytes },
  KSMD_RATIO: { unit: "ratio", read: (sample) => sample.ksmdRatio },
  MEMORY_ANONYMOUS_BYTES: { unit: "bytes", read: (sample) => sample.memoryAnonymousBytes },
  MEMORY_KERNEL_BYTES: { unit: "bytes", read: (sample) => sample.memoryKernelBytes },
  MEMORY_FREE_BYTES: { unit: "bytes", read: (sample) => sample.memoryFreeBytes },
  SWAP_TOTAL_BYTES: { unit: "bytes", read: (sample) => sample.swapTotalBytes },
  KSM_SHARED_BYTES: { unit: "bytes", read: (sample) => sample.ksmSharedBytes },
  KSM_PROFIT_BYTES: { unit: "bytes", read: ({ ksmProfitBytes }) => numberOf(ksmProfitBytes) },
  REFAULTS_PER_SECOND: { unit: "1/s", read: (sample) => sample.refaultsPerSecond },
});

export type VmMetricName = keyof typeof VM_METRICS;
export type HostMetricName = keyof typeof HOST_METRICS;

const VM_READERS = Object.values(VM_METRICS).map((metric) => metric.read);
const HOST_READERS = Object.values(HOST_METRICS).map((metric) => metric.read);

/** A sample's kept values, by place. */
export function vmValues(sample: VmSample): (number | null)[] {
  return VM_READERS.map((read) => read(sample));
}

export function hostValues(sample: HostSample): (number | null)[] {
  return HOST_READERS.map((read) => read(sample));
}
