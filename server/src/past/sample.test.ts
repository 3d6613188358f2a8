import { describe, expect, it } from "vitest";
import { MetricsTick, type DeepPartial } from "../hypervisor/generated/quetzal/v1/metrics.js";
import { hostBreakdown, vmBreakdown } from "../memory/breakdown.js";
import { hostValues, vmValues } from "../metrics/catalog.js";
import type { HostSample, VmSample } from "../metrics/model.js";
import { tickSamples } from "../metrics/rates.js";
import { vcpuValues } from "../metrics/vcpus.js";
import type { VmDefinition } from "../vm/model.js";
import type { PastLife } from "./model.js";
import { diskTotals, hostSampleThen, vmSampleThen } from "./sample.js";

const AT = new Date("2026-01-01T00:00:00Z");
const MIB = 1_048_576n;
const NS = 1_000_000_000n;

type Wire = NonNullable<DeepPartial<MetricsTick>["vms"]>[number];
const disk = (name: string, n: bigint) => ({
  name, readBytes: 4_096n * n, writeBytes: 8_192n * n, readOperations: 3n * n, writeOperations: 5n * n, flushOperations: n, readTimeNs: 6_000_000n * n, writeTimeNs: 20_000_000n * n, flushTimeNs: 9_000_000n * n, allocatedBytes: 300n * MIB, capacityBytes: 1_024n * MIB,
});
const vm = (n: bigint, vcpus: number, disks: readonly string[]): Wire => ({
  vmId: "a", memoryConfiguredBytes: 256n * MIB, balloonActualBytes: 192n * MIB, pluggedBytes: 0n, vcpusPresent: vcpus, processUserNs: (NS / 2n) * n, processSystemNs: (NS / 4n) * n, majorFaults: n, cpuThrottle: { throttledNs: NS * n / 8n },
  vcpus: Array.from({ length: vcpus }, (_, index) => ({ index, runNs: (NS / 2n) * n, runDelayNs: (NS / 8n) * n })), disks: disks.map((name) => disk(name, n)),
  nics: [{ name: "net0", rxBytes: 700n * n, txBytes: 800n * n, rxPackets: 7n * n, txPackets: 8n * n, rxDrops: n }],
  guestMemory: { totalBytes: 240n * MIB, availableBytes: 90n * MIB, freeBytes: 40n * MIB, cacheBytes: 30n * MIB, majorFaults: n, swapInBytes: 4_096n * n, swapOutBytes: 0n },
  guestRam: { sizeBytes: 256n * MIB, residentBytes: 170n * MIB, sharedBytes: 20n * MIB, swappedBytes: 10n * MIB, overheadBytes: 42n * MIB },
  rssBytes: 212n * MIB, pssBytes: 190n * MIB, swapBytes: 11n * MIB, ksmMergingPages: 5_120n, ksmProfitBytes: -4_096n,
});
const HOST: DeepPartial<MetricsTick>["host"] = {
  memoryTotalBytes: 16_384n * MIB, memoryAvailableBytes: 9_000n * MIB, memoryFreeBytes: 8_000n * MIB, memoryCachedBytes: 1_500n * MIB, memoryAnonymousBytes: 4_000n * MIB, memoryKernelBytes: 900n * MIB,
  swapTotalBytes: 2_048n * MIB, swapUsedBytes: 100n * MIB,
};

function live(vcpus = 1, disks: readonly string[] = ["vda"]): { vm: VmSample; host: HostSample } {
  const tick = (n: bigint) => MetricsTick.fromPartial({ time: new Date(AT.getTime() + Number(n) * 1000), monotonicNs: NS * n, host: HOST, vms: [vm(n, vcpus, disks)] });
  const { vms: [sample], host } = tickSamples("h", tick(1n), tick(2n), AT);
  if (sample === undefined || host === null) throw new Error("the tick has no VM or no host");
  return { vm: sample, host };
}
const life = (definition: VmDefinition): PastLife => ({ vmId: "a", hostId: "h", generation: 1n, definition, running: null, endedAt: null, moment: null });
const then = ({ vm: sample }: { vm: VmSample }, disks: readonly string[] = ["vda"], isEachVcpuKept = true): VmSample => {
  const timeMs = sample.time.getTime();
  const ran = life({ id: "a", memory_mb: 256, vcpus: 1, disks: disks.map((name) => ({ name })) });
  return vmSampleThen(ran, { values: vmValues(sample), timeMs }, isEachVcpuKept ? { values: vcpuValues(sample.vcpus), timeMs } : null);
};

describe("the sample of an instant", () => {
  it.each([1, 3])("of %i vCPUs and one disk is that which was shown live, but for its ages", (vcpus) => {
    const shown = live(vcpus);
    expect(then(shown)).toEqual({ ...shown.vm, guestUpdatedAt: null, qmpAgeMs: null });
    expect(then(shown).vcpus).toHaveLength(vcpus);
  });

  it("has of the only vCPU what is kept of all, of before each was kept", () => {
    const shown = live();
    expect(then(shown, ["vda"], false).vcpus).toEqual(shown.vm.vcpus);
  });

  it("of several disks, and of several vCPUs before each was kept, names each and has what is kept of all", () => {
    const shown = live(2, ["vda", "vdb"]);
    const past = then(shown, ["vda", "vdb"], false);
    expect(past.vcpus).toEqual([0, 1].map((index) => ({ index, ratio: null, stealRatio: null })));
    expect(past.disks.map(({ name, readsPerSecond, readLatencySeconds }) => [name, readsPerSecond, readLatencySeconds])).toEqual([["vda", null, null], ["vdb", null, null]]);
    expect(diskTotals({ values: vmValues(shown.vm), timeMs: 0 })).toMatchObject({ name: "all", readsPerSecond: 6, writesPerSecond: 10, flushesPerSecond: 2, readLatencySeconds: 0.002, writeLatencySeconds: 0.004, allocatedBytes: Number(600n * MIB), capacityBytes: Number(2_048n * MIB) });
    expect(past).toMatchObject({ stealRatio: shown.vm.stealRatio, cpuUserRatio: 0.5, cpuSystemRatio: 0.25, vcpusPresent: 2 });
  });

  it("puts memory where it was shown live: of the VM and of its host", () => {
    const shown = live();
    const host = hostSampleThen({ id: "h", memoryBytes: 1 }, { values: hostValues(shown.host), timeMs: shown.host.time.getTime() });
    expect(vmBreakdown(then(shown), host)).toEqual(vmBreakdown(shown.vm, shown.host));
    expect(vmBreakdown(then(shown), host)?.parts.find(({ kind }) => kind === "GUEST_CACHE")?.bytes).toBe(Number(30n * MIB));
    if (host === null) throw new Error("no host");
    expect(hostBreakdown(host, [then(shown)])).toEqual(hostBreakdown(shown.host, [shown.vm]));
    expect(hostBreakdown(host, [then(shown)])).not.toBeNull();
  });

  it("knows nothing of memory where the kernel's figures are not kept, as before they were", () => {
    const shown = live();
    const past = vmSampleThen(life({ id: "a", memory_mb: 256, vcpus: 1 }), { values: vmValues(shown.vm).slice(0, 25), timeMs: 0 }, null);
    expect([past.guestRam, past.rssBytes, past.disks, vmBreakdown(past, null)]).toEqual([null, Number(212n * MIB), [], null]);
  });
});
