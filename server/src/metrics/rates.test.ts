import { describe, expect, it } from "vitest";
import { HostMetrics, MetricsTick, VmMetrics, type DeepPartial } from "../hypervisor/generated/quetzal/v1/metrics.js";
import { LONGEST_TICK_MS, RateMeter, tickSamples } from "./rates.js";
import type { HostSample, VmSample } from "./samples.js";
import { askedToUse } from "./vm-rates.js";

const AT = new Date("2026-01-01T00:00:00Z");
const SECOND_NS = 1_000_000_000n;

function tick(seconds: number, vm: DeepPartial<VmMetrics> | null, host: DeepPartial<HostMetrics> = {}): MetricsTick {
  return MetricsTick.fromPartial({ time: new Date(AT.getTime() + seconds * 1000), monotonicNs: BigInt(seconds * 1e9), host, vms: vm === null ? [] : [{ vmId: "a", ...vm }] });
}
function vmOf(before: MetricsTick | null, now: MetricsTick): VmSample {
  const vm = tickSamples("h", before, now, AT).vms[0];
  if (vm === undefined) throw new Error("The tick has no VM.");
  return vm;
}
function hostOf(before: MetricsTick | null, now: MetricsTick): HostSample {
  const { host } = tickSamples("h", before, now, AT);
  if (host === null) throw new Error("The tick has no host.");
  return host;
}
const disk = (more: object) => ({ name: "vda", ...more });
const nic = (more: object) => ({ name: "net0", ...more });
/** Milliseconds that a quota stopped the VM as a whole, and that each vCPU waited. */
const quota = (stoppedMs: bigint, delaysMs: readonly bigint[]): DeepPartial<VmMetrics> => ({
  cpuThrottle: { throttledNs: stoppedMs * 1_000_000n }, vcpus: delaysMs.map((delay, index) => ({ index, runDelayNs: delay * 1_000_000n })),
});

describe("a VM's vCPUs in use", () => {
  it.each([
    [3, 1, 1], [3, 3, 3], [3, null, 3],
    // Asked for and not plugged in yet; nothing told of either.
    [1, 3, 1], [undefined, 3, null],
  ])("of %s plugged in, asked to use %s: %s", (vcpusPresent, asked, used) => {
    expect(askedToUse(vmOf(null, tick(1, { ...(vcpusPresent === undefined ? {} : { vcpusPresent }) })), asked)).toMatchObject({ vcpusPresent: vcpusPresent ?? null, vcpusUsed: used });
  });
});

describe("a VM's rates", () => {
  it.each<[string, DeepPartial<VmMetrics>, DeepPartial<VmMetrics>, Partial<VmSample>]>([
    ["CPU of user and system", { processUserNs: 0n, processSystemNs: 0n }, { processUserNs: SECOND_NS, processSystemNs: SECOND_NS / 2n }, { cpuUserRatio: 1, cpuSystemRatio: 0.5, cpuRatio: 1.5 }],
    ["CPU of which one half is unknown", { processUserNs: 0n }, { processUserNs: SECOND_NS }, { cpuUserRatio: 1, cpuSystemRatio: null, cpuRatio: null }],
    ["steal as the mean over vCPUs that say it", { vcpus: [{ index: 0, runNs: 0n, runDelayNs: 0n }, { index: 1, runNs: 0n }] }, { vcpus: [{ index: 0, runNs: 0n, runDelayNs: SECOND_NS / 4n }, { index: 1, runNs: 0n }] }, { stealRatio: 0.25 }],
    ["steal without what a quota stopped", quota(0n, [0n]), quota(750n, [1_000n]), { stealRatio: 0.25, throttledTimeRatio: 0.75, vcpus: [{ index: 0, ratio: 0, stealRatio: 0.25 }] }],
    ["no steal where the quota stopped all that waited, or other threads too", quota(0n, [0n]), quota(900n, [800n]), { stealRatio: 0, throttledTimeRatio: 0.9 }],
    ["steal of several vCPUs, less what the VM as a whole was stopped for", quota(0n, [0n, 0n]), quota(600n, [900n, 300n]), { stealRatio: 0.3, throttledTimeRatio: 0.6, vcpus: [{ index: 0, ratio: 0, stealRatio: 0.45 }, { index: 1, ratio: 0, stealRatio: 0.15 }] }],
    ["two vCPUs that share one CPU: one of them waits with the quota and without it", quota(0n, [0n, 0n]), quota(500n, [750n, 750n]), { stealRatio: 0.5 }],
    ["steal under a quota in longer waits than the tick", quota(0n, [0n]), quota(1_500n, [3_000n]), { stealRatio: 1 }],
    ["steal as it is told where nobody counts the time under a quota", { vcpus: [{ index: 0, runDelayNs: 0n }] }, { vcpus: [{ index: 0, runDelayNs: SECOND_NS / 2n }] }, { stealRatio: 0.5, throttledTimeRatio: null }],
    ["no steal of a vCPU that does not tell it, beside one that does", { ...quota(0n, [0n]), vcpus: [{ index: 0, runDelayNs: 0n }, { index: 1 }] }, { ...quota(100n, [0n]), vcpus: [{ index: 0, runDelayNs: SECOND_NS / 2n }, { index: 1 }] }, { stealRatio: 0.4, vcpus: [{ index: 0, ratio: 0, stealRatio: 0.4 }, { index: 1, ratio: 0, stealRatio: null }] }],
    ["disk bytes over all disks", { disks: [disk({ readBytes: 10n }), { name: "vdb", readBytes: 5n }] }, { disks: [disk({ readBytes: 110n }), { name: "vdb", readBytes: 6n }] }, { diskReadBytesPerSecond: 101, diskWriteBytesPerSecond: 0, diskLatencySeconds: null }],
    ["latency as the mean over operations", { disks: [disk({})] }, { disks: [disk({ readOperations: 3n, readTimeNs: 30_000_000n, writeOperations: 1n, writeTimeNs: 10_000_000n })] }, { diskLatencySeconds: 0.01 }],
    ["operations and queue over all disks", { disks: [disk({})] }, { disks: [disk({ readOperations: 30n, readTimeNs: SECOND_NS, writeOperations: 10n, writeTimeNs: SECOND_NS })] }, { diskOperationsPerSecond: 40, diskQueueDepth: 2, diskLatencySeconds: 0.05 }],
    ["a disk at rest", { disks: [disk({})] }, { disks: [disk({})] }, { diskOperationsPerSecond: 0, diskQueueDepth: 0, diskLatencySeconds: null }],
    ["the periods of a quota that were used up, and the time stopped by it", { cpuThrottle: { periods: 10n, throttledPeriods: 2n, throttledNs: 0n } }, { cpuThrottle: { periods: 20n, throttledPeriods: 9n, throttledNs: SECOND_NS / 4n } }, { throttledRatio: 0.7, throttledTimeRatio: 0.25 }],
    ["no quota, or nothing that ran under it", { cpuThrottle: {} }, { cpuThrottle: {} }, { throttledRatio: 0 }],
    ["a host without the cpu controller", {}, {}, { throttledRatio: null }],
    ["a disk of which the guest sees more than it takes, and one of which neither is known", {}, { disks: [disk({ allocatedBytes: 300n, capacityBytes: 1_024n }), { name: "vdb" }] }, { disks: [expect.objectContaining({ name: "vda", allocatedBytes: 300, capacityBytes: 1_024 }), expect.objectContaining({ name: "vdb", allocatedBytes: null, capacityBytes: null })] }],
    ["major faults of QEMU", { majorFaults: 3n }, { majorFaults: 10n }, { majorFaultsPerSecond: 7 }],
    ["a disk that is new", { disks: [] }, { disks: [disk({ readBytes: 110n })] }, { diskReadBytesPerSecond: null }],
    ["network with drops of both ways", { nics: [nic({})] }, { nics: [nic({ rxBytes: 7n, txBytes: 8n, rxDrops: 1n, txDrops: 2n })] }, { networkRxBytesPerSecond: 7, networkTxBytesPerSecond: 8, networkDropsPerSecond: 3 }],
    ["no NIC at all", {}, {}, { networkRxBytesPerSecond: null, networkDropsPerSecond: null, diskReadBytesPerSecond: null, stealRatio: null }],
    ["guest counters", { guestMemory: { majorFaults: 5n, swapInBytes: 0n } }, { guestMemory: { majorFaults: 9n, swapInBytes: 4096n } }, { guestMajorFaultsPerSecond: 4, guestSwapInBytesPerSecond: 4096, guestSwapOutBytesPerSecond: null }],
    ["pages as bytes, and a profit below zero", {}, { ksmMergingPages: 2n, ksmProfitBytes: -64n }, { ksmMergedBytes: 8192, ksmProfitBytes: -64n }],
    ["sizes as they are", {}, { rssBytes: 5n, memoryConfiguredBytes: 6n, qmpAgeMs: 7n }, { rssBytes: 5, pssBytes: null, swapBytes: null, memoryConfiguredBytes: 6, qmpAgeMs: 7 }],
  ])("%s", (_name, before, now, expected) => {
    expect(vmOf(tick(0, before), tick(1, now))).toMatchObject(expected);
  });

  const full: DeepPartial<VmMetrics> = {
    processUserNs: 50n, processSystemNs: 50n, majorFaults: 50n, cpuThrottle: { periods: 50n, throttledPeriods: 50n, throttledNs: 50n }, vcpus: [{ index: 0, runNs: 50n, runDelayNs: 50n }], guestMemory: { majorFaults: 50n, swapInBytes: 50n, swapOutBytes: 50n },
    disks: [disk({ readBytes: 50n, writeBytes: 50n, readOperations: 50n, writeOperations: 50n, flushOperations: 50n, readTimeNs: 50n, writeTimeNs: 50n, flushTimeNs: 50n })],
    nics: [nic({ rxBytes: 50n, txBytes: 50n, rxPackets: 50n, txPackets: 50n, rxDrops: 50n, txDrops: 50n })],
  };
  const zero: DeepPartial<VmMetrics> = {
    processUserNs: 0n, processSystemNs: 0n, majorFaults: 0n, cpuThrottle: { throttledNs: 0n }, vcpus: [{ index: 0, runNs: 0n, runDelayNs: 0n }], guestMemory: { majorFaults: 0n, swapInBytes: 0n, swapOutBytes: 0n }, disks: [disk({})], nics: [nic({})],
  };

  it.each<[string, MetricsTick | null, MetricsTick]>([
    ["on the first sample", null, tick(1, full)],
    ["after a reset of all counters", tick(0, full), tick(1, zero)],
    ["of a VM that was not in the last tick", tick(0, null), tick(1, full)],
    ["where the clock stood still", tick(1, zero), tick(1, full)],
    ["where the clock went back", tick(2, zero), tick(1, full)],
    ["after a hole", tick(0, zero), tick(LONGEST_TICK_MS / 1000 + 1, full)],
  ])("are all null %s", (_name, before, now) => {
    expect(ratesIn(vmOf(before, now)).filter(([, value]) => value !== null)).toEqual([]);
  });

  it("are all known between two samples that hold everything", () => {
    expect(ratesIn(vmOf(tick(0, zero), tick(1, full))).filter(([, value]) => value === null)).toEqual([]);
  });

  it("are never negative and never NaN, whatever the counters do", () => {
    const random = seeded(5);
    const counter = (): bigint | undefined => (random() < 0.2 ? undefined : BigInt(Math.floor(random() * 1e12)));
    const sure = (): bigint => counter() ?? 0n;
    const wild = (): DeepPartial<VmMetrics> => ({
      processUserNs: counter(), processSystemNs: counter(), cpuThrottle: random() < 0.2 ? undefined : { throttledNs: sure() }, vcpus: [{ index: Math.floor(random() * 2), runNs: sure(), runDelayNs: counter() }],
      guestMemory: { majorFaults: counter(), swapInBytes: counter(), swapOutBytes: counter() },
      disks: random() < 0.2 ? [] : [disk({ readBytes: sure(), writeBytes: sure(), readOperations: sure(), writeOperations: sure(), flushOperations: sure(), readTimeNs: sure(), writeTimeNs: sure(), flushTimeNs: sure() })],
      nics: random() < 0.2 ? [] : [nic({ rxBytes: sure(), txBytes: sure(), rxPackets: sure(), txPackets: sure(), rxDrops: sure(), txDrops: sure() })],
    });
    for (let i = 0; i < 3_000; i += 1) {
      const now = tick(Math.floor(random() * 4), wild());
      for (const [path, value] of ratesIn(vmOf(random() < 0.1 ? null : tick(Math.floor(random() * 4), wild()), now))) {
        expect(value === null || (Number.isFinite(value) && value >= 0), `${path} is ${String(value)}`).toBe(true);
      }
    }
  });
});

describe("a host's rates", () => {
  const core = (user: number, idle: number, more: object = {}) => ({ userNs: BigInt(user), idleNs: BigInt(idle), ...more });

  it("shares the accounted time between busy, steal and iowait", () => {
    const host = hostOf(tick(0, null, { cpus: [core(0, 0), core(0, 0)] }), tick(1, null, { cpus: [core(50, 50), core(0, 50, { stealNs: 25n, iowaitNs: 25n })] }));
    expect(host).toMatchObject({ cpuRatio: 0.375, cpuCoreRatios: [0.5, 0.25], cpuStealRatio: 0.125, cpuIowaitRatio: 0.125 });
  });

  it.each([
    ["on the first sample", null, [core(50, 50)]],
    ["when a core came", [core(0, 0)], [core(50, 50), core(50, 50)]],
    ["when a counter fell", [core(60, 0)], [core(50, 50)]],
    ["when nothing was accounted", [core(50, 50)], [core(50, 50)]],
    ["when the kernel tells of no core", [], []],
  ])("knows no CPU %s", (_name, before, now) => {
    expect(hostOf(before === null ? null : tick(0, null, { cpus: before }), tick(1, null, { cpus: now }))).toMatchObject({ cpuRatio: null, cpuCoreRatios: null, cpuStealRatio: null, cpuIowaitRatio: null });
  });

  it("gives null for every source that is absent, and 0 for none", () => {
    const host = hostOf(tick(0, null), tick(1, null));
    const known = Object.entries(host).filter(([, value]) => value !== null).map(([name]) => name);
    expect(known.sort()).toEqual(["diskSpaces", "hostId", "memoryAvailableBytes", "memoryTotalBytes", "time"]);
  });

  it("adds zram and zswap, and takes one alone where the other is absent", () => {
    const zram = { originalBytes: 10n, memoryUsedBytes: 4n };
    expect(hostOf(null, tick(1, null, { zram, zswap: { storedBytes: 5n, poolBytes: 2n } }))).toMatchObject({ compressedOriginalBytes: 15, compressedStoredBytes: 6 });
    expect(hostOf(null, tick(1, null, { zram }))).toMatchObject({ compressedOriginalBytes: 10, compressedStoredBytes: 4 });
  });
});

it("RateMeter remembers one tick, and a new one starts afresh", () => {
  const meter = new RateMeter("h");
  expect(meter.take(tick(0, { processUserNs: 0n, processSystemNs: 0n }), AT).vms[0]?.cpuRatio).toBeNull();
  expect(meter.take(tick(1, { processUserNs: SECOND_NS, processSystemNs: 0n }), AT).vms[0]?.cpuRatio).toBe(1);
  expect(new RateMeter("h").take(tick(2, { processUserNs: SECOND_NS, processSystemNs: 0n }), AT).vms[0]?.cpuRatio).toBeNull();
});

/** Every rate and latency in a sample with its path. */
function ratesIn(sample: object, path = ""): [string, number | null][] {
  return Object.entries(sample).flatMap(([name, value]: [string, unknown]): [string, number | null][] => {
    if (typeof value === "object" && value !== null && !(value instanceof Date)) return ratesIn(value, `${path}${name}.`);
    return /ratio|PerSecond|LatencySeconds/i.test(name) ? [[path + name, value as number | null]] : [];
  });
}

/** A small generator of pseudo-random numbers in 0..1, so that a failure can be had again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
