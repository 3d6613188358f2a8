import { expect, it } from "vitest";
import { isPut, type PutKind } from "../operation/kinds.js";
import type { VmDefinition } from "./model.js";
import { putKind } from "./put-kind.js";

const BEFORE: VmDefinition = { id: "web", memory_mb: 256, labels: { tier: "web" }, protected: false, cpu_policy: { weight: 100 }, memory_policy: { shares: 1000 } };

it.each<[string, Record<string, unknown>, PutKind]>([
  ["labels alone", { labels: {} }, "SET_VM_LABELS"],
  ["its protection on", { protected: true }, "PROTECT_VM"],
  ["a CPU policy", { cpu_policy: { weight: 200 } }, "SET_VM_CPU_POLICY"],
  ["a memory policy", { memory_policy: { shares: 1 } }, "SET_VM_MEMORY_POLICY"],
  ["a field without a verb", { memory_mb: 512 }, "PUT_VM"],
  ["two things", { labels: {}, protected: true }, "PUT_VM"],
  ["a field that was not there", { autostart: true }, "PUT_VM"],
  ["nothing", {}, "PUT_VM"],
])("a definition that changed %s is called so", (_, change, kind) => {
  expect(putKind(BEFORE, { ...BEFORE, ...change })).toBe(kind);
  expect(isPut(kind)).toBe(true);
});

it("protection is told on and off, and a first definition is a definition", () => {
  expect(putKind({ ...BEFORE, protected: true }, BEFORE)).toBe("UNPROTECT_VM");
  expect(putKind(null, BEFORE)).toBe("PUT_VM");
  expect(isPut("SET_VM_VCPUS")).toBe(false);
});
