// What undoes what, and why something cannot be undone.
import { describe, expect, it } from "vitest";
import type { OperationKind, OperationState } from "../operation/store.js";
import type { VmState } from "./model.js";
import { undoPlan, type UndoFacts, type UndoPlan } from "./undo.js";

const NOW = { id: "web", memory_mb: 512 };
const BEFORE = { id: "web", memory_mb: 256 };

function plan(kind: OperationKind, facts: Partial<UndoFacts> & { state?: VmState; operation?: OperationState; reversible?: boolean }): UndoPlan {
  const { state = "RUNNING", operation = "SUCCEEDED", reversible = true, ...rest } = facts;
  return undoPlan({ id: "o", kind, state: operation, vmId: "web", reversible, previousTarget: null }, { vm: { name: "web", state }, versions: [], newestVerbId: "o", ...rest });
}

describe("undoPlan", () => {
  it.each<[OperationKind, VmState, string]>([
    ["PAUSE_VM", "PAUSED", "RESUME_VM"], ["RESUME_VM", "RUNNING", "PAUSE_VM"], ["START_VM", "RUNNING", "STOP_VM"], ["STOP_VM", "STOPPED", "START_VM"],
  ])("undoes %s of a VM that is still %s by %s", (kind, state, verb) => {
    expect(plan(kind, { state })).toMatchObject({ kind: "verb", verb });
    expect(plan(kind, { state: "CRASHED" })).toMatchObject({ kind: "none", reason: expect.stringContaining("is crashed now") as string });
    expect(plan(kind, { state, newestVerbId: "later" })).toMatchObject({ kind: "none", reason: expect.stringContaining("since") as string });
    expect(plan(kind, { vm: null })).toMatchObject({ kind: "none", reason: "web is gone." });
  });

  it.each<OperationKind>(["FORCE_OFF_VM", "RESET_VM"])("does not undo %s", (kind) => {
    expect(plan(kind, {})).toMatchObject({ kind: "none" });
  });

  it.each<[OperationState, string]>([["RUNNING", "under way"], ["FAILED", "failed"], ["CANCELLED", "was cancelled"]])("does not undo what is %s", (operation, word) => {
    expect(plan("PAUSE_VM", { operation })).toMatchObject({ kind: "none", reason: expect.stringContaining(word) as string });
  });

  it("puts the definition back that an edit replaced, unless it was edited since", () => {
    const edited = [{ operationId: "o", definition: NOW }, { operationId: "earlier", definition: BEFORE }];
    expect(plan("PUT_VM", { versions: edited })).toMatchObject({ kind: "define", definition: BEFORE, instead: "of the newest" });
    expect(plan("PUT_VM", { versions: [{ operationId: "later", definition: NOW }, ...edited.slice(0, 1)] })).toMatchObject({ kind: "none" });
    expect(plan("PUT_VM", { versions: edited.slice(0, 1) })).toMatchObject({ kind: "none", reason: expect.stringContaining("delete it") as string });
    expect(plan("PUT_VM", { versions: [{ operationId: "o", definition: NOW }, { operationId: "deletion", definition: null }] })).toMatchObject({ kind: "none" });
    expect(plan("PUT_VM", { versions: edited, vm: null })).toMatchObject({ kind: "none" });
  });

  it("defines a deleted VM again, unless its disks went with it or it is back", () => {
    const deleted = [{ operationId: "o", definition: null }, { operationId: "earlier", definition: BEFORE }];
    expect(plan("DELETE_VM", { vm: null, versions: deleted })).toMatchObject({ kind: "define", definition: BEFORE, instead: "of nothing" });
    expect(plan("DELETE_VM", { vm: null, versions: deleted, reversible: false })).toMatchObject({ kind: "none", reason: expect.stringContaining("disks") as string });
    expect(plan("DELETE_VM", { versions: deleted })).toMatchObject({ kind: "none", reason: expect.stringContaining("defined again") as string });
    expect(plan("DELETE_VM", { vm: null, versions: [] })).toMatchObject({ kind: "none", reason: expect.stringContaining("not kept") as string });
  });
});

describe("undoing a target", () => {
  const target = (change: Partial<Parameters<typeof undoPlan>[0]> = {}, facts: Partial<UndoFacts> = {}) =>
    undoPlan({ id: "o", kind: "SET_VM_BALLOON", state: "SUCCEEDED", vmId: "web", reversible: true, previousTarget: 268_435_456n, ...change }, { vm: { name: "web", state: "RUNNING" }, versions: [], newestVerbId: "o", ...facts });

  it("sets the one before, also after one that went only half-way", () => {
    expect(target()).toEqual({ kind: "target", verb: "SET_VM_BALLOON", target: 268_435_456, text: "Leave the guest of web 256 MiB as before." });
    expect(target({ state: "FAILED", kind: "RESIZE_VM_MEMORY" })).toMatchObject({ kind: "target", text: "Bring the guest of web back to 256 MiB plugged in." });
    expect(target({ kind: "SET_VM_VCPUS", previousTarget: 1n })).toMatchObject({ target: 1, text: "Bring web back to 1 vCPU." });
  });

  it.each<[Partial<Parameters<typeof undoPlan>[0]>, Partial<UndoFacts>, string]>([
    [{ state: "RUNNING" }, {}, "under way"], [{ previousTarget: null }, {}, "not known"], [{}, { newestVerbId: "later" }, "Another target"],
    [{}, { vm: { name: "web", state: "STOPPED" } }, "is stopped now"], [{}, { vm: null }, "web is gone"], [{ kind: "PAGE_OUT_VM" }, {}, "comes back by itself"],
  ])("is refused of %o with %o: %s", (change, facts, words) => {
    expect(target(change, facts)).toMatchObject({ kind: "none", reason: expect.stringContaining(words) as string });
  });
});
