import { describe, expect, it } from "vitest";
import { VM_METRICS } from "../metrics/catalog.js";
import { pastVm } from "./frame.js";
import type { PastLife } from "./model.js";

const LIFE: PastLife = {
  vmId: "a", hostId: "h1", generation: 3n, definition: { id: "a", vcpus: 4, memory_mb: 512 }, running: { id: "a", vcpus: 2, memory_mb: 256 }, endedAt: null,
  moment: { state: "RUNNING", stateSince: new Date(0), startedAt: new Date(0), accelerator: "tcg", networkInUse: null, pid: 42, restartRequired: true, crashCause: null },
};
const MIB = 1_048_576;

function sampleOf(known: Readonly<Record<string, number>>, life = LIFE) {
  return pastVm(life, { instant: { timeMs: 1_000, values: Object.keys(VM_METRICS).map((name) => known[name] ?? null) }, vcpus: null }).sample;
}

describe("a VM of then", () => {
  it("has the vCPUs and the memory that it ran with, vCPUs plugged since as they were measured", () => {
    expect(sampleOf({})).toMatchObject({ vcpusPresent: 2, memoryConfiguredBytes: 256 * MIB });
    expect(sampleOf({}, { ...LIFE, running: null })).toMatchObject({ vcpusPresent: 4, memoryConfiguredBytes: 512 * MIB });
    expect(sampleOf({ VCPUS_PRESENT: 3 })).toMatchObject({ vcpusPresent: 3, vcpusUsed: 3 });
    expect(sampleOf({ VCPUS_PRESENT: 3, VCPUS_USED: 1 })).toMatchObject({ vcpusPresent: 3, vcpusUsed: 1 });
  });

  it("has whole bytes and vCPUs where a step's mean is none", () => expect(sampleOf({ VCPUS_PRESENT: 2.4, RSS_BYTES: 10.6 })).toMatchObject({ vcpusPresent: 2, rssBytes: 11 }));
});
