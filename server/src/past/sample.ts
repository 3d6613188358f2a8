// Stored metrics of an instant as the samples that were shown live then. What belongs to one of several disks is kept of all
// together: of the only one it is its own, of several each is null. So were vCPUs before each was kept. Pure.
import { HOST_METRICS, VM_METRICS, type HostMetricName, type VmMetricName } from "../metrics/catalog.js";
import type { Instant } from "../metrics/instants.js";
import type { DiskSample, GuestRamSample, HostSample, NicSample, VcpuSample, VmSample } from "../metrics/model.js";
import { vcpuSamplesOf } from "../metrics/vcpus.js";
import { definitionFields } from "../hypervisor/wire.js";
import type { VmDefinition } from "../vm/model.js";
import type { PastLife } from "./model.js";

/** What a daemon calls a VM's network interface: it has one at most. */
const NIC_NAME = "net0";

type Known<Name extends string> = (metric: Name) => number | null;

/** Stored values by name; null where unknown. Bytes and counts are whole, whatever the mean of a step is. */
function known<Name extends string>(catalog: Readonly<Record<Name, { readonly unit: string }>>, { values }: Instant): Known<Name> {
  const places = new Map(Object.keys(catalog).map((name, place) => [name, place]));
  return (metric) => {
    const value = values[places.get(metric) ?? -1] ?? null;
    const { unit } = catalog[metric];
    return value !== null && (unit === "bytes" || unit === "count") ? Math.round(value) : value;
  };
}

/** `vcpus`: what is kept of each; null: nothing. */
export function vmSampleThen({ vmId, definition, running }: PastLife, instant: Instant, vcpus: Instant | null): VmSample {
  const ran = running ?? definition;
  const { memoryBytes, vcpus: defined } = definitionFields(ran, vmId);
  const get = known<VmMetricName>(VM_METRICS, instant);
  const cpuRatio = get("CPU_RATIO");
  const cpuUserRatio = get("CPU_USER_RATIO");
  const vcpusPresent = get("VCPUS_PRESENT") ?? defined;
  return {
    vmId, time: new Date(instant.timeMs), memoryConfiguredBytes: memoryBytes, vcpusPresent, vcpusUsed: get("VCPUS_USED") ?? vcpusPresent,
    cpuRatio, cpuUserRatio, cpuSystemRatio: cpuRatio === null || cpuUserRatio === null ? null : Math.max(0, cpuRatio - cpuUserRatio),
    stealRatio: get("STEAL_RATIO"), throttledRatio: get("THROTTLED_RATIO"), throttledTimeRatio: get("THROTTLED_TIME_RATIO"),
    vcpus: vcpus === null ? vcpusTogether(get, vcpusPresent) : vcpuSamplesOf(vcpus.values), disks: disksThen(get, ran), nics: nicsThen(get), guestRam: guestRamThen(get),
    majorFaultsPerSecond: get("MAJOR_FAULTS_PER_SECOND"), balloonActualBytes: get("BALLOON_ACTUAL_BYTES"), pluggedBytes: get("PLUGGED_BYTES"),
    guestTotalBytes: get("GUEST_TOTAL_BYTES"), guestAvailableBytes: get("GUEST_AVAILABLE_BYTES"), guestCacheBytes: get("GUEST_CACHE_BYTES"), guestFreeBytes: get("GUEST_FREE_BYTES"), guestUpdatedAt: null,
    guestMajorFaultsPerSecond: get("GUEST_MAJOR_FAULTS_PER_SECOND"), guestSwapInBytesPerSecond: get("GUEST_SWAP_IN_BYTES_PER_SECOND"), guestSwapOutBytesPerSecond: get("GUEST_SWAP_OUT_BYTES_PER_SECOND"),
    rssBytes: get("RSS_BYTES"), pssBytes: get("PSS_BYTES"), swapBytes: get("SWAP_BYTES"), ksmMergedBytes: get("KSM_MERGED_BYTES"), ksmProfitBytes: whole(get("KSM_PROFIT_BYTES")),
    diskReadBytesPerSecond: get("DISK_READ_BYTES_PER_SECOND"), diskWriteBytesPerSecond: get("DISK_WRITE_BYTES_PER_SECOND"), diskLatencySeconds: get("DISK_LATENCY_SECONDS"),
    diskOperationsPerSecond: get("DISK_OPERATIONS_PER_SECOND"), diskQueueDepth: get("DISK_QUEUE_DEPTH"),
    networkRxBytesPerSecond: get("NETWORK_RX_BYTES_PER_SECOND"), networkTxBytesPerSecond: get("NETWORK_TX_BYTES_PER_SECOND"), networkDropsPerSecond: get("NETWORK_DROPS_PER_SECOND"),
    qmpAgeMs: null,
  };
}

/** What is kept of all disks of a VM together. */
export function diskTotals(instant: Instant): DiskSample {
  return allDisks(known<VmMetricName>(VM_METRICS, instant), "all");
}

function allDisks(get: Known<VmMetricName>, name: string): DiskSample {
  return {
    name, readBytesPerSecond: get("DISK_READ_BYTES_PER_SECOND"), writeBytesPerSecond: get("DISK_WRITE_BYTES_PER_SECOND"),
    readsPerSecond: get("DISK_READS_PER_SECOND"), writesPerSecond: get("DISK_WRITES_PER_SECOND"), flushesPerSecond: get("DISK_FLUSHES_PER_SECOND"),
    readLatencySeconds: get("DISK_READ_LATENCY_SECONDS"), writeLatencySeconds: get("DISK_WRITE_LATENCY_SECONDS"), flushLatencySeconds: get("DISK_FLUSH_LATENCY_SECONDS"),
    allocatedBytes: get("DISK_ALLOCATED_BYTES"), capacityBytes: get("DISK_CAPACITY_BYTES"),
  };
}

function disksThen(get: Known<VmMetricName>, ran: VmDefinition): DiskSample[] {
  const defined = Array.isArray(ran["disks"]) ? (ran["disks"] as { readonly name?: unknown }[]) : [];
  const names = defined.map(({ name }, place) => (typeof name === "string" ? name : `disk ${place + 1}`));
  return names.map((name) => allDisks(names.length === 1 ? get : () => null, name));
}

function nicsThen(get: Known<VmMetricName>): NicSample[] {
  const nic: NicSample = {
    name: NIC_NAME, rxBytesPerSecond: get("NETWORK_RX_BYTES_PER_SECOND"), txBytesPerSecond: get("NETWORK_TX_BYTES_PER_SECOND"),
    rxPacketsPerSecond: get("NETWORK_RX_PACKETS_PER_SECOND"), txPacketsPerSecond: get("NETWORK_TX_PACKETS_PER_SECOND"), dropsPerSecond: get("NETWORK_DROPS_PER_SECOND"),
  };
  // What has no counters on the host is no NIC of the samples.
  return nic.rxBytesPerSecond === null && nic.txBytesPerSecond === null ? [] : [nic];
}

function vcpusTogether(get: Known<VmMetricName>, present: number): VcpuSample[] {
  const isOnly = present === 1;
  return Array.from({ length: present }, (_, index) => ({ index, ratio: isOnly ? get("VCPU_RATIO") : null, stealRatio: isOnly ? get("STEAL_RATIO") : null }));
}

function guestRamThen(get: Known<VmMetricName>): GuestRamSample | null {
  const [sizeBytes, residentBytes, sharedBytes, swappedBytes, overheadBytes] = [
    get("GUEST_RAM_SIZE_BYTES"), get("GUEST_RAM_RESIDENT_BYTES"), get("GUEST_RAM_SHARED_BYTES"), get("GUEST_RAM_SWAPPED_BYTES"), get("GUEST_RAM_OVERHEAD_BYTES"),
  ];
  if (sizeBytes === null || residentBytes === null || sharedBytes === null || swappedBytes === null || overheadBytes === null) return null;
  return { sizeBytes, residentBytes, sharedBytes, swappedBytes, overheadBytes };
}

/** Null where there was no sample: a host always says how much memory is available. */
export function hostSampleThen(host: { readonly id: string; readonly memoryBytes: number }, instant: Instant): HostSample | null {
  const get = known<HostMetricName>(HOST_METRICS, instant);
  const memoryAvailableBytes = get("MEMORY_AVAILABLE_BYTES");
  if (memoryAvailableBytes === null) return null;
  return {
    hostId: host.id, time: new Date(instant.timeMs), cpuRatio: get("CPU_RATIO"), cpuCoreRatios: null, cpuStealRatio: get("CPU_STEAL_RATIO"), cpuIowaitRatio: get("CPU_IOWAIT_RATIO"),
    load1: get("LOAD1"), load5: null, load15: null, psiCpuRatio: get("PSI_CPU_RATIO"), psiMemoryRatio: get("PSI_MEMORY_RATIO"), psiIoRatio: get("PSI_IO_RATIO"),
    memoryTotalBytes: get("MEMORY_TOTAL_BYTES") ?? host.memoryBytes, memoryAvailableBytes, memoryFreeBytes: get("MEMORY_FREE_BYTES"), memoryCachedBytes: get("MEMORY_CACHED_BYTES"),
    memoryAnonymousBytes: get("MEMORY_ANONYMOUS_BYTES"), memoryKernelBytes: get("MEMORY_KERNEL_BYTES"), swapTotalBytes: get("SWAP_TOTAL_BYTES"), swapUsedBytes: get("SWAP_USED_BYTES"),
    refaultsPerSecond: get("REFAULTS_PER_SECOND"),
    ksmSavedBytes: get("KSM_SAVED_BYTES"), ksmSharedBytes: get("KSM_SHARED_BYTES"), ksmdRatio: get("KSMD_RATIO"), ksmProfitBytes: whole(get("KSM_PROFIT_BYTES")),
    compressedOriginalBytes: get("COMPRESSED_ORIGINAL_BYTES"), compressedStoredBytes: get("COMPRESSED_STORED_BYTES"),
    diskReadBytesPerSecond: get("DISK_READ_BYTES_PER_SECOND"), diskWriteBytesPerSecond: get("DISK_WRITE_BYTES_PER_SECOND"), networkRxBytesPerSecond: get("NETWORK_RX_BYTES_PER_SECOND"),
    networkTxBytesPerSecond: get("NETWORK_TX_BYTES_PER_SECOND"), networkDropsPerSecond: get("NETWORK_DROPS_PER_SECOND"), diskSpaces: [],
  };
}

function whole(value: number | null): bigint | null {
  return value === null ? null : BigInt(Math.round(value));
}
