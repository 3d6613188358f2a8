// One frame of the past, put together from what was kept: lives, moments and stored metrics. Pure.
import { HOST_METRICS, VM_METRICS } from "../metrics/catalog.js";
import type { Instant } from "../metrics/instants.js";
import type { HostSample, VmSample } from "../metrics/model.js";
import { definitionFields } from "../hypervisor/wire.js";
import { isAlive } from "../vm/verbs.js";
import type { PastHost, PastLife, PastVm } from "./model.js";

const NO_VM_SAMPLE: Omit<VmSample, "vmId" | "time" | "memoryConfiguredBytes"> = {
  cpuRatio: null, cpuUserRatio: null, cpuSystemRatio: null, vcpus: [], stealRatio: null, throttledRatio: null, throttledTimeRatio: null, vcpusPresent: null, pluggedBytes: null, guestRam: null, guestFreeBytes: null, majorFaultsPerSecond: null, balloonActualBytes: null,
  guestTotalBytes: null, guestAvailableBytes: null, guestCacheBytes: null, guestUpdatedAt: null, guestMajorFaultsPerSecond: null,
  guestSwapInBytesPerSecond: null, guestSwapOutBytesPerSecond: null, rssBytes: null, pssBytes: null, swapBytes: null,
  ksmMergedBytes: null, ksmProfitBytes: null, diskReadBytesPerSecond: null, diskWriteBytesPerSecond: null, diskLatencySeconds: null,
  diskOperationsPerSecond: null, diskQueueDepth: null, networkRxBytesPerSecond: null, networkTxBytesPerSecond: null, networkDropsPerSecond: null, disks: [], nics: [], qmpAgeMs: null,
};
const NO_HOST_SAMPLE: Omit<HostSample, "hostId" | "time" | "memoryTotalBytes" | "memoryAvailableBytes"> = {
  cpuRatio: null, cpuCoreRatios: null, cpuStealRatio: null, cpuIowaitRatio: null, load1: null, load5: null, load15: null,
  psiCpuRatio: null, psiMemoryRatio: null, psiIoRatio: null, memoryFreeBytes: null, memoryCachedBytes: null, memoryAnonymousBytes: null, memoryKernelBytes: null, swapTotalBytes: null, swapUsedBytes: null,
  ksmSavedBytes: null, ksmSharedBytes: null, ksmdRatio: null, ksmProfitBytes: null, compressedOriginalBytes: null, compressedStoredBytes: null, diskReadBytesPerSecond: null,
  diskWriteBytesPerSecond: null, networkRxBytesPerSecond: null, networkTxBytesPerSecond: null, networkDropsPerSecond: null, diskSpaces: [],
};

/** A VM as it was; `instant` null: nothing was measured then, or it is not kept. What did not live has no sample, as live. */
export function pastVm(life: PastLife, instant: Instant | null): PastVm {
  const { moment } = life;
  const shown = definitionFields(life.definition, life.vmId);
  const ran = definitionFields(life.running ?? life.definition, life.vmId);
  const mayHaveSample = moment === null || isAlive(moment.state);
  return {
    ...shown,
    id: life.vmId, hostId: life.hostId, generation: life.generation, deletedAt: life.endedAt,
    state: moment?.state ?? null, stateSince: moment?.stateSince ?? null, startedAt: moment?.startedAt ?? null,
    accelerator: moment?.accelerator ?? null, networkInUse: moment?.networkInUse ?? null, pid: moment?.pid ?? null,
    restartRequired: moment?.restartRequired ?? false, crashCause: moment?.crashCause ?? null,
    sample: instant === null || !mayHaveSample ? null : {
      ...NO_VM_SAMPLE, ...known(VM_METRICS, instant), vmId: life.vmId, time: new Date(instant.timeMs), memoryConfiguredBytes: ran.memoryBytes,
      vcpusPresent: known(VM_METRICS, instant)["vcpusPresent"] ?? ran.vcpus,
    },
  };
}

/** `memoryBytes` stands for the total where history has none of its own. */
export function pastHost(host: { readonly id: string; readonly name: string; readonly memoryBytes: number }, instant: Instant | null): PastHost {
  const { id, name, memoryBytes } = host;
  const values: Partial<HostSample> = instant === null ? {} : known(HOST_METRICS, instant);
  const { memoryAvailableBytes } = values;
  // A host always says how much memory is available: without it there was no sample.
  if (instant === null || memoryAvailableBytes == null) return { id, name, sample: null };
  return { id, name, sample: { ...NO_HOST_SAMPLE, ...values, hostId: id, time: new Date(instant.timeMs), memoryTotalBytes: values.memoryTotalBytes ?? memoryBytes, memoryAvailableBytes } };
}

/** Stored values under the names that samples have for them; bytes are whole. Nulls stay out. */
function known(catalog: typeof VM_METRICS | typeof HOST_METRICS, { values }: Instant): Record<string, number> {
  const sample: Record<string, number> = {};
  for (const [place, [name, { unit }]] of Object.entries(catalog).entries()) {
    const value = values[place];
    if (value != null) sample[propertyOf(name)] = unit === "bytes" || unit === "count" ? Math.round(value) : value;
  }
  return sample;
}

/** GUEST_TOTAL_BYTES is guestTotalBytes. */
function propertyOf(metric: string): string {
  return metric.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
