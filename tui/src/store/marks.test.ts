import { describe, expect, it } from "vitest";
import type { Action } from "./actions.js";
import { keepMarks, markedVms, marksText, targets } from "./marks.js";
import { reduce } from "./reduce.js";
import { visibleVms } from "./select.js";
import type { State } from "./state.js";
import { stateWith, vm } from "./testing.js";

const fleet = reduce(stateWith(["a", "b", "c", "d", "e"].map((id) => vm({ id }))), { type: "sortBy", column: "name" });
const after = (state: State, ...actions: Action[]): State => actions.reduce(reduce, state);
const at = (state: State, id: string): State => ({ ...state, ui: { ...state.ui, selectedVmId: id } });
const marked = (state: State): string => [...state.ui.marks].sort().join("");
/** A filter with the server's answer to it. */
const filteredBy = (text: string, ...ids: string[]): Action[] => [{ type: "filter", text }, { type: "matches", where: text, ids, fault: null }];
const gone = (id: string): Action => ({ type: "vmChanged", id, vm: null, sample: null });

describe("marks", () => {
  it("turn round the row under the cursor, which steps down", () => {
    const once = after(at(fleet, "b"), { type: "markToggle" });
    expect([marked(once), once.ui.selectedVmId]).toEqual(["b", "c"]);
    expect(marked(after(at(once, "b"), { type: "markToggle" }))).toBe("");
  });

  it("stay on the last row when there is none below", () => {
    expect(after(at(fleet, "e"), { type: "markToggle" }).ui.selectedVmId).toBe("e");
  });

  it.each([["a", "d", "abcd"], ["d", "b", "bcd"], ["c", "c", "c"]])("reach from the last one marked, %s, to the cursor on %s", (from, to, expected) => {
    const started = after(at(fleet, from), { type: "markToggle" });
    expect(marked(after(at(started, to), { type: "markRange" }))).toBe(expected);
  });

  it("take the cursor's row alone as a range without a start", () => {
    expect(marked(after(at(fleet, "c"), { type: "markRange" }))).toBe("c");
  });

  it("start no range from a row that is hidden or was unmarked last", () => {
    const unmarked = after(at(after(at(fleet, "a"), { type: "markToggle" }), "a"), { type: "markToggle" });
    expect(marked(after(at(unmarked, "d"), { type: "markRange" }))).toBe("d");
    const hidden = after(at(fleet, "a"), { type: "markToggle" }, ...filteredBy("d", "d"));
    expect(marked(after(hidden, { type: "markRange" }))).toBe("ad");
  });

  it("take all that the filter shows, and none of them again, and keep those it hides", () => {
    const one = after(at(fleet, "a"), { type: "markToggle" }, ...filteredBy("c", "c"));
    const more = after(one, { type: "markShown" });
    expect(marked(more)).toBe("ac");
    expect(marksText(more)).toBe("2 marked (1 hidden)");
    expect(marked(after(more, { type: "markShown" }))).toBe("a");
    expect(marked(after(more, { type: "filter", text: "" }, { type: "markShown" }))).toBe("abcde");
  });

  it("go by Esc before the filter does", () => {
    const both = after(fleet, ...filteredBy("c", "c"), { type: "markShown" });
    const once = after(both, { type: "back" });
    expect([marked(once), once.ui.filter]).toEqual(["", "c"]);
    expect(after(once, { type: "back" }).ui.filter).toBe("");
  });

  it("follow their VMs when the order changes", () => {
    const one = after(at(fleet, "b"), { type: "markToggle" }, { type: "sortReverse" });
    expect(marked(one)).toBe("b");
  });

  it("are what verbs are meant for on the overview, and nowhere else", () => {
    const two = after(at(fleet, "b"), { type: "markToggle" }, { type: "markToggle" });
    expect(targets(two).map((one) => one.id)).toEqual(["b", "c"]);
    expect(targets(after(at(two, "e"), { type: "enter" })).map((one) => one.id)).toEqual(["e"]);
    expect(targets(at(fleet, "d")).map((one) => one.id)).toEqual(["d"]);
  });

  it("list what is shown in the table's order, then what is hidden by name", () => {
    const all = after(fleet, { type: "markShown" }, { type: "sortReverse" }, ...filteredBy("b", "b"));
    expect(markedVms(all).map((one) => one.id).join("")).toBe("bacde");
  });
});

describe("any change of the list", () => {
  /** Steps of one random walk, and walks: enough to meet every pair of actions. */
  const STEPS = 60;
  const WALKS = 60;
  const ids = ["a", "b", "c", "d", "e", "f"];
  const random = (seed: number) => (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;

  function anyAction(next: () => number): Action {
    const id = ids[Math.floor(next() * ids.length)] ?? "a";
    const choices: readonly Action[] = [
      { type: "markToggle" }, { type: "markRange" }, { type: "markShown" }, { type: "markNone" }, { type: "back" }, { type: "move", by: Math.floor(next() * 5) - 2 },
      gone(id), { type: "vmChanged", id, vm: vm({ id }), sample: null }, ...filteredBy(next() < 0.5 ? "" : id, id), { type: "sortReverse" }, { type: "sortStep", step: 1 },
      { type: "vmsListed", vms: ids.filter(() => next() < 0.7).map((one) => vm({ id: one })), samples: [] },
    ];
    return choices[Math.floor(next() * choices.length)] ?? gone(id);
  }

  it.each(Array.from({ length: WALKS }, (_, seed) => seed))("keeps marks, range and targets on VMs that are there (walk %i)", (seed) => {
    const next = random(seed + 1);
    let state = fleet;
    for (let step = 0; step < STEPS; step++) {
      state = reduce(state, anyAction(next));
      expect([...state.ui.marks].filter((id) => !state.vms.has(id))).toEqual([]);
      expect(state.ui.markAnchor === null || state.vms.has(state.ui.markAnchor)).toBe(true);
      expect(markedVms(state)).toHaveLength(state.ui.marks.size);
      expect(state.ui.marks.size === 0 ? "" : marksText(state)).toMatch(state.ui.marks.size === 0 ? /^$/ : /^\d+ marked/);
      expect(keepMarks(state)).toBe(state);
      expect(visibleVms(state).every((row) => state.vms.has(row.id))).toBe(true);
    }
  });
});
