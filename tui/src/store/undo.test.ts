import { describe, expect, it } from "vitest";
import { reduce } from "./reduce.js";
import { initialState } from "./state.js";
import type { State } from "./state.js";
import { DONE_KEPT } from "./undo.js";

const did = (state: State, group: string, id: string): State => reduce(state, { type: "did", group, operation: { id, vmId: `vm-${id}`, label: id } });
const shape = (state: State): string => state.ui.done.map((one) => one.operations.map(({ id }) => id).join("+")).join(" ");
const start = initialState(0);

describe("what can be undone", () => {
  it("is remembered newest first, one bulk together", () => {
    expect(shape(did(did(did(did(start, "g1", "a"), "g2", "b"), "g2", "c"), "g3", "d"))).toBe("d b+c a");
  });

  it("goes further back with each undo, and a group with its last operation", () => {
    const three = did(did(did(start, "g1", "a"), "g2", "b"), "g2", "c");
    const once = reduce(three, { type: "undone", operationId: "b" });
    expect([shape(once), shape(reduce(once, { type: "undone", operationId: "c" }))]).toEqual(["c a", "a"]);
  });

  it("takes a repetition once", () => expect(shape(did(did(start, "g1", "a"), "g1", "a"))).toBe("a"));

  it("forgets the oldest beyond its bound", () => {
    const many = Array.from({ length: DONE_KEPT + 5 }, (_, index) => String(index)).reduce((state, id) => did(state, id, id), start);
    expect(many.ui.done).toHaveLength(DONE_KEPT);
    expect(many.ui.done[0]?.group).toBe(String(DONE_KEPT + 4));
  });
});
