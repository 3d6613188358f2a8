import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BATCH_GAP_MS, batchesOf } from "./batch.js";
import type { Batchable } from "./batch.js";

const at = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
const operation = (vmId: string, started: number, ended: number | null = started + 100, kind = "PAUSE_VM"): Batchable => ({ kind, vmId, startedAt: at(started), endedAt: ended === null ? null : at(ended) });
const shape = (operations: readonly Batchable[]): string => batchesOf(operations).map((batch) => batch.map(({ vmId }) => vmId).join("+")).join(" ");

describe("operations asked for as one", () => {
  it.each([
    ["asked for at once", [operation("c", 20), operation("b", 10), operation("a", 0)], "c+b+a"],
    ["each after the one before had ended", [operation("c", 60_100), operation("b", 30_000, 60_000), operation("a", 0, 29_900)], "c+b+a"],
    ["of two verbs", [operation("b", 10, 20, "RESUME_VM"), operation("a", 0)], "b a"],
    ["of one VM twice", [operation("a", 10), operation("a", 0)], "a a"],
    ["apart in time", [operation("b", BATCH_GAP_MS + 101), operation("a", 0)], "b a"],
    ["begun while a long one ran", [operation("b", 40_000, 50_000), operation("a", 0, 60_000)], "b a"],
    ["still under way", [operation("b", 10, null), operation("a", 0, null)], "b+a"],
    ["none", [], ""],
  ])("%s", (_, operations, expected) => expect(shape(operations)).toBe(expected));

  it("lose none and change no order, and no batch has a VM twice", () => {
    const any = fc.array(fc.record({ vmId: fc.constantFrom("a", "b", "c"), started: fc.nat(20_000), ended: fc.option(fc.nat(40_000)), kind: fc.constantFrom("STOP_VM", "PUT_VM") }));
    fc.assert(fc.property(any, (list) => {
      const operations = list.map(({ vmId, started, ended, kind }) => operation(vmId, started, ended, kind));
      const batches = batchesOf(operations);
      expect(batches.flat()).toEqual(operations);
      for (const batch of batches) expect(new Set(batch.map(({ vmId }) => vmId)).size).toBe(batch.length);
    }));
  });
});
