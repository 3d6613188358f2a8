// Policies read from definitions and changed in them, and settings of hosts merged.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cpuPolicy, withCpuPolicy } from "../cpu/policy.js";
import { putEffect } from "../vm/effects.js";
import { hostMemoryEffect, mergedSettings } from "./host-settings.js";
import type { HostMemory } from "./model.js";
import { memoryPolicy, withMemoryPolicy } from "./policy.js";

const MIB = 1_048_576;
const VM = { id: "a", memory_mb: 96, vcpus: 1, features: ["hotplug"] };

describe("memoryPolicy", () => {
  it.each([
    [{}, { floorBytes: 48 * MIB, maxBytes: 1_120 * MIB, ceilingBytes: 1_120 * MIB, shares: 1_000, control: "OFF", sharingDomain: "default" }],
    [{ features: [] }, { maxBytes: 96 * MIB, ceilingBytes: 96 * MIB }],
    [{ memory_mb: 4_096 }, { floorBytes: 2_048 * MIB, maxBytes: 8_192 * MIB }],
    [{ memory_mb: 40 }, { floorBytes: 32 * MIB }],
    [{ memory_policy: { max_mb: 512, floor_mb: 64, ceiling_mb: 256, shares: 7, control: "recommend", sharing_domain: "b" } }, { maxBytes: 512 * MIB, floorBytes: 64 * MIB, ceilingBytes: 256 * MIB, shares: 7, control: "RECOMMEND", sharingDomain: "b" }],
  ])("of %o", (change, expected) => {
    expect(memoryPolicy({ ...VM, ...change })).toMatchObject(expected);
  });

  it("has the defaults that the definition's schema tells", () => {
    const text = readFileSync(new URL("../../../vms/vm.schema.json", import.meta.url), "utf8");
    for (const told of ['"default": 1000', '"default": "default"', '"default": 100', "twice its boot memory, and at least 1 GiB", "half of its boot memory", "twice its boot vCPUs, and at least 4"]) expect(text.replace(/\\n/g, " ")).toContain(told);
  });
});

describe("changing a policy", () => {
  it("sets what is given, takes out what is null, and leaves the rest", () => {
    const first = withMemoryPolicy(VM, { floorBytes: 64 * MIB, control: "ON" });
    expect(first).toEqual({ ...VM, memory_policy: { floor_mb: 64, control: "on" } });
    expect(withMemoryPolicy(first, { control: null, shares: 5 })).toEqual({ ...VM, memory_policy: { floor_mb: 64, shares: 5 } });
    expect(withMemoryPolicy(first, { control: null, floorBytes: null })).toEqual(VM);
    const pinned = withCpuPolicy(VM, { pins: [{ vcpu: 0, cpus: [1] }], limitPercent: 50 });
    expect(pinned).toEqual({ ...VM, cpu_policy: { pins: [{ vcpu: 0, cpus: [1] }], limit_percent: 50 } });
    expect(cpuPolicy(pinned)).toEqual({ weight: 100, limitPercent: 50, pins: [{ vcpu: 0, cpus: [1] }], emulatorCpus: null, maxVcpus: 4 });
    expect(withCpuPolicy(pinned, { pins: null, limitPercent: null })).toEqual(VM);
  });

  it("takes whole MiB only, and says which", () => {
    expect(() => withMemoryPolicy(VM, { floorBytes: 64 * MIB + 5 })).toThrow("give 67108864 or 68157440");
  });

  it.each([
    ["memory_policy.floor_mb: (none) → 64", "at once"], ['memory_policy: (none) → {"floor_mb":64}', "at once"], ["cpu_policy.weight: 100 → 200", "at once"],
    ["memory_policy.max_mb: (none) → 512", "stopped and started"], ['cpu_policy: (none) → {"max_vcpus":8,"weight":100}', "stopped and started"],
  ])("of a running VM (%s) is in effect %s", (change, when) => {
    expect(putEffect({ name: "a", startedAt: new Date() }, "a", [change])).toContain(when);
  });
});

describe("a host's settings", () => {
  const before: HostMemory = {
    ksm: { mode: "UNTOUCHED", cpuBudgetPercent: 5, activeDomain: null, reason: "", pagesPerScan: 0, sleepMs: 0, cpuUsedRatio: null },
    compression: { mode: "ZRAM", sizeBytes: 1_024 * MIB, algorithm: "lz4" },
    controller: { enabled: false, idleTaxPercent: 75, highPercent: 6, softPercent: 4, hardPercent: 2, lowPercent: 1 },
    state: "HIGH", thresholds: { highBytes: 4, softBytes: 3, hardBytes: 2, lowBytes: 1 },
  };

  it.each([
    [{ ksm: { mode: "TUNED" } }, "On lab: shares like pages with up to 5 % of a core."],
    [{ ksm: { mode: "UNMERGED" } }, "On lab: unmerges all shared pages, where that fits in memory."],
    [{ compression: { sizeBytes: 2_048 * MIB } }, "On lab: compresses up to 2.0 GiB with zram (lz4)."],
    [{ compression: { mode: "ZSWAP" } }, "On lab: keeps a quarter of the host's memory of compressed pages before the host's swap with zswap."],
    [{ compression: { mode: "UNTOUCHED" }, controller: { enabled: true } }, "On lab: leaves compression as the host had it; controls the memory of VMs that allow it, idle memory taxed at 75 %."],
    [{ controller: { enabled: false } }, "On lab: controls no VM's memory."],
    [{ controller: { enabled: true, highPercent: 12, softPercent: 8 } }, "On lab: controls the memory of VMs that allow it, idle memory taxed at 75 %, with its thresholds at 12/8/2/1 % available."],
  ] as const)("%o are merged with those before: %s", (change, words) => {
    expect(hostMemoryEffect("lab", before, mergedSettings(before, change))).toBe(words);
  });

  it.each([
    [{ lowPercent: 0 }, "controller.lowPercent", "controller.lowPercent is above 0 to 50, not 0."],
    [{ highPercent: 50.5 }, "controller.highPercent", "controller.highPercent is above 0 to 50, not 50.5."],
    [{ hardPercent: Number.NaN }, "controller.hardPercent", "controller.hardPercent is above 0 to 50, not NaN."],
    [{ softPercent: 6 }, "controller.softPercent", "The thresholds must be low < hard < soft < high: softPercent would be 6, and highPercent 6."],
    [{ softPercent: 2 }, "controller.softPercent", "The thresholds must be low < hard < soft < high: hardPercent would be 2, and softPercent 2."],
    [{ highPercent: 3, softPercent: 5 }, "controller.highPercent", "The thresholds must be low < hard < soft < high: softPercent would be 5, and highPercent 3."],
  ])("thresholds %o are refused, with the field and the limit", (controller, field, words) => {
    const put = (): unknown => mergedSettings(before, { controller });
    expect(put).toThrow(words);
    expect(put).toThrow(expect.objectContaining({ field }));
  });

  it("thresholds that somebody set beyond these limits by other means stay where they are", () => {
    const beyond = { ...before, controller: { ...before.controller, highPercent: 80, softPercent: 70 } };
    expect(mergedSettings(beyond, { controller: { idleTaxPercent: 50 } }).controller).toMatchObject({ highPercent: 80, softPercent: 70, idleTaxPercent: 50 });
    expect(mergedSettings(beyond, { controller: { lowPercent: 0.5 } }).controller).toMatchObject({ highPercent: 80, lowPercent: 0.5 });
  });
});
