// One VM's counters of two ticks to a VmSample. Pure.
import type { CpuThrottle, DiskMetrics, GuestRam, NicMetrics, VmMetrics } from "../hypervisor/generated/quetzal/v1/metrics.js";
import { NS_PER_SECOND, PAGE_BYTES, addCounters, bytes, clampRatio, growth, latencySeconds, perSecond, ratioOfTime, sumAll, sumKnown, type Elapsed } from "./counter.js";
import type { DiskSample, GuestRamSample, NicSample, VmSample } from "./samples.js";
import { vcpuSamples } from "./steal.js";

/** `before` is null on the VM's first tick; then every rate is null. */
export function vmSample(time: Date, elapsed: Elapsed | null, before: VmMetrics | null, now: VmMetrics): VmSample {
  const vcpus = vcpuSamples(elapsed, before, now);
  const disks = now.disks.map((disk) => diskSample(elapsed, before?.disks.find(({ name }) => name === disk.name), disk));
  const nics = now.nics.map((nic) => nicSample(elapsed, before?.nics.find(({ name }) => name === nic.name), nic));
  const stolen = sumKnown(vcpus.map((vcpu) => vcpu.stealRatio));
  const knownSteal = vcpus.filter((vcpu) => vcpu.stealRatio !== null).length;
  const cpuUserRatio = ratioOfTime(elapsed, before?.processUserNs, now.processUserNs);
  const cpuSystemRatio = ratioOfTime(elapsed, before?.processSystemNs, now.processSystemNs);
  const vcpusPresent = now.vcpusPresent ?? (vcpus.length === 0 ? null : vcpus.length);
  return {
    vmId: now.vmId, time,
    cpuRatio: sumAll(cpuUserRatio, cpuSystemRatio), cpuUserRatio, cpuSystemRatio,
    vcpus,
    stealRatio: stolen === null ? null : stolen / knownSteal,
    throttledRatio: throttledRatio(elapsed, before?.cpuThrottle, now.cpuThrottle),
    throttledTimeRatio: ratioOfTime(elapsed, before?.cpuThrottle?.throttledNs, now.cpuThrottle?.throttledNs),
    vcpusPresent, vcpusUsed: vcpusPresent,
    majorFaultsPerSecond: perSecond(elapsed, before?.majorFaults, now.majorFaults),
    memoryConfiguredBytes: Number(now.memoryConfiguredBytes),
    balloonActualBytes: bytes(now.balloonActualBytes),
    pluggedBytes: bytes(now.pluggedBytes),
    guestRam: guestRam(now.guestRam),
    ...guestPart(elapsed, before, now),
    rssBytes: bytes(now.rssBytes),
    pssBytes: bytes(now.pssBytes),
    swapBytes: bytes(now.swapBytes),
    ksmMergedBytes: now.ksmMergingPages === undefined ? null : Number(now.ksmMergingPages) * PAGE_BYTES,
    ksmProfitBytes: now.ksmProfitBytes ?? null,
    diskReadBytesPerSecond: sumKnown(disks.map((disk) => disk.readBytesPerSecond)),
    diskWriteBytesPerSecond: sumKnown(disks.map((disk) => disk.writeBytesPerSecond)),
    ...diskPart(elapsed, before, now),
    networkRxBytesPerSecond: sumKnown(nics.map((nic) => nic.rxBytesPerSecond)),
    networkTxBytesPerSecond: sumKnown(nics.map((nic) => nic.txBytesPerSecond)),
    networkDropsPerSecond: sumKnown(nics.map((nic) => nic.dropsPerSecond)),
    disks, nics,
    qmpAgeMs: now.qmpAgeMs === undefined ? null : Number(now.qmpAgeMs),
  };
}

/** Of a VM that was asked to use only so many of its vCPUs; null: nobody told how many. A tick tells those plugged in alone. */
export function askedToUse(sample: VmSample, vcpus: number | null): VmSample {
  return vcpus === null || sample.vcpusPresent === null || vcpus >= sample.vcpusPresent ? sample : { ...sample, vcpusUsed: vcpus };
}

type GuestPart = Pick<VmSample, "guestTotalBytes" | "guestAvailableBytes" | "guestCacheBytes" | "guestFreeBytes" | "guestUpdatedAt" | "guestMajorFaultsPerSecond" | "guestSwapInBytesPerSecond" | "guestSwapOutBytesPerSecond">;

/** The guest reports at a pace of its own; between two reports its counters stand still, and so does their rate: 0. */
function guestPart(elapsed: Elapsed | null, before: VmMetrics | null, now: VmMetrics): GuestPart {
  const was = before?.guestMemory;
  const is = now.guestMemory;
  return {
    guestTotalBytes: bytes(is?.totalBytes),
    guestAvailableBytes: bytes(is?.availableBytes),
    guestCacheBytes: bytes(is?.cacheBytes),
    guestFreeBytes: bytes(is?.freeBytes),
    guestUpdatedAt: is?.updatedAt ?? null,
    guestMajorFaultsPerSecond: perSecond(elapsed, was?.majorFaults, is?.majorFaults),
    guestSwapInBytesPerSecond: perSecond(elapsed, was?.swapInBytes, is?.swapInBytes),
    guestSwapOutBytesPerSecond: perSecond(elapsed, was?.swapOutBytes, is?.swapOutBytes),
  };
}

function guestRam(wire: GuestRam | undefined): GuestRamSample | null {
  return wire === undefined ? null : {
    sizeBytes: Number(wire.sizeBytes), residentBytes: Number(wire.residentBytes), sharedBytes: Number(wire.sharedBytes),
    swappedBytes: Number(wire.swappedBytes), overheadBytes: Number(wire.overheadBytes),
  };
}

function diskSample(elapsed: Elapsed | null, before: DiskMetrics | undefined, now: DiskMetrics): DiskSample {
  return {
    name: now.name,
    readBytesPerSecond: perSecond(elapsed, before?.readBytes, now.readBytes),
    writeBytesPerSecond: perSecond(elapsed, before?.writeBytes, now.writeBytes),
    readsPerSecond: perSecond(elapsed, before?.readOperations, now.readOperations),
    writesPerSecond: perSecond(elapsed, before?.writeOperations, now.writeOperations),
    flushesPerSecond: perSecond(elapsed, before?.flushOperations, now.flushOperations),
    readLatencySeconds: latencySeconds(growth(before?.readOperations, now.readOperations), growth(before?.readTimeNs, now.readTimeNs)),
    writeLatencySeconds: latencySeconds(growth(before?.writeOperations, now.writeOperations), growth(before?.writeTimeNs, now.writeTimeNs)),
    flushLatencySeconds: latencySeconds(growth(before?.flushOperations, now.flushOperations), growth(before?.flushTimeNs, now.flushTimeNs)),
    allocatedBytes: bytes(now.allocatedBytes),
    capacityBytes: bytes(now.capacityBytes),
  };
}

function nicSample(elapsed: Elapsed | null, before: NicMetrics | undefined, now: NicMetrics): NicSample {
  return {
    name: now.name,
    rxBytesPerSecond: perSecond(elapsed, before?.rxBytes, now.rxBytes),
    txBytesPerSecond: perSecond(elapsed, before?.txBytes, now.txBytes),
    rxPacketsPerSecond: perSecond(elapsed, before?.rxPackets, now.rxPackets),
    txPacketsPerSecond: perSecond(elapsed, before?.txPackets, now.txPackets),
    dropsPerSecond: perSecond(elapsed, addCounters(before?.rxDrops, before?.txDrops), addCounters(now.rxDrops, now.txDrops)),
  };
}

type DiskPart = Pick<VmSample, "diskLatencySeconds" | "diskOperationsPerSecond" | "diskQueueDepth">;
const UNKNOWN_DISK: DiskPart = { diskLatencySeconds: null, diskOperationsPerSecond: null, diskQueueDepth: null };

/**
 * Over the reads and writes of all disks together; a disk that is new or was reset is left out. By Little's law the
 * mean number under way is their summed time over the elapsed time.
 */
function diskPart(elapsed: Elapsed | null, before: VmMetrics | null, now: VmMetrics): DiskPart {
  let operations: number | null = null;
  let spentNs = 0;
  for (const disk of now.disks) {
    const was = before?.disks.find(({ name }) => name === disk.name);
    const grown = sumAll(growth(was?.readOperations, disk.readOperations), growth(was?.writeOperations, disk.writeOperations));
    const spent = sumAll(growth(was?.readTimeNs, disk.readTimeNs), growth(was?.writeTimeNs, disk.writeTimeNs));
    if (grown === null || spent === null) continue;
    operations = (operations ?? 0) + grown;
    spentNs += spent;
  }
  if (operations === null || elapsed === null) return UNKNOWN_DISK;
  return {
    diskLatencySeconds: latencySeconds(operations, spentNs),
    diskOperationsPerSecond: (operations * NS_PER_SECOND) / elapsed.ns,
    diskQueueDepth: spentNs / elapsed.ns,
  };
}

/** No period passed: nothing ran, so nothing was held back. */
function throttledRatio(elapsed: Elapsed | null, before: CpuThrottle | undefined, now: CpuThrottle | undefined): number | null {
  const periods = growth(before?.periods, now?.periods);
  const throttled = growth(before?.throttledPeriods, now?.throttledPeriods);
  if (elapsed === null || periods === null || throttled === null) return null;
  return periods === 0 ? 0 : clampRatio(throttled / periods);
}
