// How many fit, and what that stands on.
import { describe, expect, it } from "vitest";
import { estimateFit, type FitFacts } from "./fit.js";

const MIB = 1_048_576;
const SPEC = { memoryBytes: 256 * MIB, vcpus: 1, features: ["tps"], sharingDomain: "default" };
const EMPTY: FitFacts = { host: { memoryTotalBytes: 8_192 * MIB, memoryAvailableBytes: 4_096 * MIB, cpuRatio: 0, swapUsedBytes: null, compressedOriginalBytes: null, compressedStoredBytes: null, refaultsPerSecond: null }, cpuCount: 16, reserveBytes: 512 * MIB, running: [], like: null };

function running(id: string, held: number, definition: Record<string, unknown> = { features: ["tps"] }, cpuRatio: number | null = 0.01): FitFacts["running"][number] {
  return { vm: { id, name: id, definition, vcpus: 1 }, sample: { memoryConfiguredBytes: 256 * MIB, pluggedBytes: null, pssBytes: held * MIB, rssBytes: 200 * MIB, swapBytes: 0, majorFaultsPerSecond: 0, cpuRatio } };
}

describe("estimateFit", () => {
  it("counts all of the memory, and QEMU's, where nothing comparable runs", () => {
    const estimate = estimateFit(SPEC, EMPTY);
    expect(estimate).toMatchObject({ count: Math.floor(3_584 / 304), limitedBy: "MEMORY", perVmBytes: 304 * MIB });
    expect(estimate.basis).toEqual([
      "Each takes 304 MiB: all of its memory and 48 MiB for QEMU, since nothing comparable runs here.",
      "The host has 4.0 GiB available, and keeps 512 MiB before it takes memory back: room for 11 by memory.",
      "Each takes 0.5 % of a core, as idle guests do, since none runs here to be measured.",
      "Of 16 cores 12.80 are free below 80 % use: room for 2560 by CPU.",
    ]);
  });

  it("takes the middle of what VMs of the same sharing hold", () => {
    const facts = { ...EMPTY, running: [running("a", 64), running("b", 128), running("c", 32), running("other", 256, { features: [] }), running("apart", 256, { features: ["tps"], memory_policy: { sharing_domain: "b" } })] };
    expect(estimateFit(SPEC, facts)).toMatchObject({ perVmBytes: 64 * MIB, count: 56 });
    expect(estimateFit({ ...SPEC, sharingDomain: "b" }, facts).perVmBytes).toBe(256 * MIB);
    expect(estimateFit({ ...SPEC, features: [] }, facts).perVmBytes).toBe(256 * MIB);
  });

  it("takes what the model holds, in proportion to its memory", () => {
    const facts = { ...EMPTY, running: [running("a", 64), running("b", 128)], like: "b" };
    expect(estimateFit({ ...SPEC, memoryBytes: 512 * MIB }, facts)).toMatchObject({ perVmBytes: 256 * MIB, basis: expect.arrayContaining([expect.stringContaining("b holds 128 MiB")]) as string[] });
  });

  it("takes what a VM runs with for its own memory, not what was defined or booted with", () => {
    const { vm, sample } = running("a", 128);
    const defined = { ...vm, memoryBytes: 1_024 * MIB };
    const grown = { ...EMPTY, running: [{ vm: defined, sample: { ...sample, pluggedBytes: 256 * MIB } }] };
    expect(estimateFit(SPEC, grown).perVmBytes).toBe(64 * MIB);
    expect(estimateFit(SPEC, { ...grown, like: "a" }).basis[0]).toBe("Each takes 64 MiB: a holds 128 MiB of the host's memory now, for 512 MiB of its own.");
  });

  it("counts a VM's compressed pages, as the host stores them", () => {
    const dense = { ...running("a", 64), sample: { ...running("a", 64).sample, swapBytes: 120 * MIB } };
    // Of 480 MiB paged out 360 are compressed, to a third.
    const host = { ...EMPTY.host, swapUsedBytes: 480 * MIB, compressedOriginalBytes: 360 * MIB, compressedStoredBytes: 120 * MIB };
    const facts = { ...EMPTY, host, running: [dense] };
    expect(estimateFit(SPEC, facts)).toMatchObject({ perVmBytes: 94 * MIB, count: Math.floor(3_584 / 94) });
    expect(estimateFit(SPEC, facts).basis[0]).toBe("Each takes 94 MiB: the one VM running here with the same page sharing holds 37 % of its memory, with what is compressed of it.");
    expect(estimateFit(SPEC, { ...facts, like: "a" }).basis[0]).toBe("Each takes 94 MiB: a holds 94 MiB of the host's memory now, 30 MiB of it compressed, for 256 MiB of its own.");
    // Paged out to a disk it is no memory of the host.
    expect(estimateFit(SPEC, { ...facts, host: EMPTY.host }).perVmBytes).toBe(64 * MIB);
  });

  it("is limited by CPU where the VMs are busy, and never below none", () => {
    const busy = { ...EMPTY, running: [running("a", 64, { features: ["tps"] }, 0.9)] };
    expect(estimateFit(SPEC, busy)).toMatchObject({ limitedBy: "CPU", count: 14 });
    expect(estimateFit(SPEC, { ...busy, host: { ...EMPTY.host, cpuRatio: 0.95 } }).count).toBe(0);
    expect(estimateFit(SPEC, { ...EMPTY, host: { ...EMPTY.host, memoryAvailableBytes: 100 * MIB } })).toMatchObject({ count: 0, limitedBy: "MEMORY" });
  });

  it("keeps a share in reserve where the daemon does not say", () => {
    expect(estimateFit(SPEC, { ...EMPTY, reserveBytes: null }).basis[1]).toBe("The host has 4.0 GiB available, and keeps 492 MiB in reserve: room for 11 by memory.");
  });
});
