// Ticks of the scripted daemon: counters that grow evenly, so that every rate is known. Pure.
import type { Vm } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import type { MetricsTick, VmMetrics } from "../../server/src/hypervisor/generated/quetzal/v1/metrics.js";

const NS_PER_SECOND = 1_000_000_000n;
const MIB = 1_048_576n;

/** Each VM runs at 0.1 of a core, reads 1 MiB/s and receives 1,000 bytes a second; with a quota it is stopped for a quarter of the time. */
export function scriptedTick(vms: readonly Pick<Vm, "id" | "room">[], nowNs: bigint, haveQuota: boolean): MetricsTick {
  const core = { userNs: nowNs / 4n, systemNs: nowNs / 4n, idleNs: nowNs / 2n, iowaitNs: 0n, stealNs: 0n, irqNs: 0n };
  return {
    time: new Date(),
    monotonicNs: nowNs,
    host: {
      cpus: [core, core], load1: 1, load5: 0.5, load15: 0.25, memoryTotalBytes: 24_576n * MIB, memoryAvailableBytes: 12_288n * MIB,
      memoryFreeBytes: 10_240n * MIB, memoryCachedBytes: 2_048n * MIB, memoryAnonymousBytes: 8_192n * MIB, memoryKernelBytes: 1_024n * MIB,
      swapTotalBytes: 4_096n * MIB, swapUsedBytes: 100n * MIB, refaults: growing(nowNs, 4n), zram: { originalBytes: 50n * MIB, compressedBytes: 20n * MIB, memoryUsedBytes: 25n * MIB },
      ksm: { running: true, pagesShared: 2_560n, pagesSharing: 25_600n, generalProfitBytes: 80n * MIB, fullScans: 3n }, ksmdNs: nowNs / 50n,
      disks: [{ path: "/scripted", totalBytes: 1_024n * MIB, availableBytes: 512n * MIB }],
      blockReadBytes: growing(nowNs, MIB), blockWriteBytes: 0n, networkRxBytes: growing(nowNs, 1_000n), networkTxBytes: 0n, networkDrops: 0n,
    },
    vms: vms.map((vm) => vmMetrics(vm, nowNs, haveQuota)),
  };
}

function vmMetrics({ id: vmId, room }: Pick<Vm, "id" | "room">, nowNs: bigint, hasQuota: boolean): VmMetrics {
  return {
    vmId,
    vcpus: [{ index: 0, runNs: nowNs / 20n, runDelayNs: 0n }, { index: 1, runNs: nowNs / 20n, runDelayNs: 0n }],
    processUserNs: nowNs / 20n, processSystemNs: nowNs / 20n, rssBytes: 200n * MIB, pssBytes: 130n * MIB, swapBytes: 0n, majorFaults: 0n,
    memoryConfiguredBytes: 256n * MIB, balloonActualBytes: room?.balloonTargetBytes ?? 256n * MIB, pluggedBytes: 0n, vcpusPresent: room?.vcpusTarget ?? 2,
    cpuThrottle: hasQuota ? { periods: growing(nowNs, 10n), throttledPeriods: growing(nowNs, 5n), throttledNs: nowNs / 4n } : undefined,
    guestRam: { sizeBytes: 256n * MIB, residentBytes: 190n * MIB, sharedBytes: 40n * MIB, swappedBytes: 20n * MIB, overheadBytes: 30n * MIB },
    guestMemory: { updatedAt: new Date(), totalBytes: 240n * MIB, freeBytes: 100n * MIB, availableBytes: 120n * MIB, cacheBytes: 40n * MIB, majorFaults: 0n, minorFaults: 0n, swapInBytes: 0n, swapOutBytes: 0n },
    disks: [{
      name: "vda", readBytes: growing(nowNs, MIB), writeBytes: 0n, readOperations: growing(nowNs, 10n), writeOperations: 0n, flushOperations: 0n,
      readTimeNs: nowNs / 1_000n, writeTimeNs: 0n, flushTimeNs: 0n, allocatedBytes: 64n * MIB, capacityBytes: 1_024n * MIB,
    }],
    nics: [{ name: "net0", rxBytes: growing(nowNs, 1_000n), txBytes: 0n, rxPackets: 0n, txPackets: 0n, rxDrops: 0n, txDrops: 0n }],
    qmpAgeMs: 3n,
  };
}

function growing(nowNs: bigint, aSecond: bigint): bigint {
  return (nowNs * aSecond) / NS_PER_SECOND;
}
