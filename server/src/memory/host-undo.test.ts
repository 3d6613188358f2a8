import { describe, expect, it } from "vitest";
import { hostUndoPlan, isUnchanged, partsOf, type HostMemoryChanged } from "./host-undo.js";
import type { HostMemory } from "./model.js";

const NOW: HostMemory = {
  ksm: { mode: "TUNED", cpuBudgetPercent: 5, activeDomain: "default", reason: "", pagesPerScan: 100, sleepMs: 20, cpuUsedRatio: 0.1 }, compression: { mode: "UNTOUCHED", sizeBytes: 0, algorithm: "" },
  controller: { enabled: true, idleTaxPercent: 75, highPercent: 8, softPercent: 5, hardPercent: 2, lowPercent: 1 }, state: "HIGH", thresholds: { highBytes: 4, softBytes: 3, hardBytes: 2, lowBytes: 1 },
};
const named = (...parts: ("ksm" | "compression" | "controller")[]) => ({ ksm: undefined, compression: undefined, controller: undefined, ...Object.fromEntries(parts.map((part) => [part, NOW[part]])) });
const change = (part: Partial<HostMemoryChanged>): HostMemoryChanged => ({ id: 7n, actor: "ci", before: {}, after: {}, ...part });

describe("what undoes a change of a host's memory", () => {
  it("puts back the parts that it named, and no other", () => {
    const before = { ...NOW.controller, highPercent: 6 };
    expect(hostUndoPlan("lab1", change({ before: { controller: before }, after: partsOf(NOW, named("controller")) }), NOW)).toEqual({ kind: "set", id: 7n, actor: "ci", settings: { ksm: undefined, compression: undefined, controller: before } });
  });

  it("does not mind what is only told: what sharing costs now, in which order a database keeps fields", () => {
    const after = { ksm: { cpuBudgetPercent: 5, mode: "TUNED" as const } };
    expect(hostUndoPlan("lab1", change({ before: { ksm: { mode: "UNTOUCHED", cpuBudgetPercent: 5 } }, after }), NOW)).toMatchObject({ kind: "set" });
  });

  it("is none where nobody changed anything, or it was set otherwise since", () => {
    expect(hostUndoPlan("lab1", null, NOW)).toEqual({ kind: "none", reason: "Nobody set the memory of lab1 in a way that is kept and still stands." });
    const after = { controller: { ...NOW.controller, enabled: false } };
    expect(hostUndoPlan("lab1", change({ before: { controller: NOW.controller }, after }), NOW)).toEqual({ kind: "none", reason: "The memory of lab1 is set otherwise now than ci set it (controller); set it as it is to be." });
  });

  it("is not remembered of what changed nothing", () => {
    expect(isUnchanged(partsOf(NOW, named("ksm", "compression")), partsOf(structuredClone(NOW), named("ksm", "compression")))).toBe(true);
    expect(isUnchanged({ compression: NOW.compression }, { compression: { ...NOW.compression, mode: "ZRAM" } })).toBe(false);
  });
});
