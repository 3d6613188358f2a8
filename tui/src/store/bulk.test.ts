import { describe, expect, it } from "vitest";
import type { Action } from "./actions.js";
import { bulkVerbFor, countsOf, phraseFor, summaryOf } from "./bulk.js";
import type { Bulk, BulkStep, BulkVerb, Judgement } from "./bulk.js";
import { reduce } from "./reduce.js";
import { page } from "./select.js";
import type { State } from "./state.js";
import { stateWith, vm } from "./testing.js";

const CAN: Judgement = { can: true, effect: "stands still" };
const CANNOT: Judgement = { can: false, reason: "It is stopped." };
const fleet = stateWith(["a", "b", "c"].map((id) => vm({ id })));
const after = (state: State, ...actions: Action[]): State => actions.reduce(reduce, state);
const bulkOf = (state: State): Bulk => {
  if (state.ui.bulk === null) throw new Error("nothing is planned");
  return state.ui.bulk;
};
const plan = (verb: BulkVerb, ...judgements: Judgement[]): State => after(
  fleet, { type: "bulkPlan", verb, vms: [...fleet.vms.values()] },
  ...judgements.map((judgement, index) => ({ type: "bulkJudged", vmId: "abc"[index] ?? "", judgement }) as const),
);
const step = (vmId: string, to: BulkStep): Action => ({ type: "bulkItem", vmId, change: { step: to } });

describe("one verb on several VMs", () => {
  it("opens its page at once and is planned when every VM was judged", () => {
    expect([page(plan("PAUSE")), bulkOf(plan("PAUSE", CAN, CAN)).phase]).toEqual(["plan", "judging"]);
    expect(bulkOf(plan("PAUSE", CAN, CANNOT, CAN)).phase).toBe("planned");
  });

  it("cannot start before that", () => {
    expect(bulkOf(after(plan("PAUSE", CAN, CAN), { type: "bulkStart" })).phase).toBe("judging");
  });

  it("is over when all that can be done has ended, however it ended", () => {
    const running = after(plan("PAUSE", CAN, CANNOT, CAN), { type: "bulkStart" }, step("a", "running"), step("a", "succeeded"));
    expect(bulkOf(running).phase).toBe("running");
    expect(bulkOf(after(running, step("c", "failed"))).phase).toBe("over");
  });

  it("is over at once when nothing can be done", () => {
    expect(bulkOf(after(plan("PAUSE", CANNOT, CANNOT, CANNOT), { type: "bulkStart" })).phase).toBe("over");
  });

  it("drops by a cancellation what was not asked, and nothing else", () => {
    const cancelled = after(plan("PAUSE", CAN, CAN, CAN), { type: "bulkStart" }, step("a", "running"), step("b", "succeeded"), { type: "bulkCancel" });
    expect(bulkOf(cancelled).items.map((item) => item.step)).toEqual(["running", "succeeded", "dropped"]);
    expect(bulkOf(cancelled).phase).toBe("running");
    expect(summaryOf(bulkOf(after(cancelled, step("a", "cancelled"))))).toBe("1 done, 2 cancelled");
  });

  it("lets no late word revive what has ended", () => {
    const ended = after(plan("PAUSE", CAN, CAN, CAN), { type: "bulkStart" }, step("a", "succeeded"), step("a", "running"));
    expect(bulkOf(ended).items[0]?.step).toBe("succeeded");
  });

  it("is forgotten by Esc from its plan and its summary, and goes on without its page while it runs", () => {
    expect(after(plan("PAUSE", CAN, CAN, CAN), { type: "back" }).ui.bulk).toBeNull();
    const left = after(plan("PAUSE", CAN, CAN, CAN), { type: "bulkStart" }, { type: "back" });
    expect([page(left), bulkOf(left).phase]).toEqual(["overview", "running"]);
    expect(page(after(left, { type: "bulkShow" }))).toBe("plan");
    const over = after(left, step("a", "succeeded"), step("b", "succeeded"), step("c", "succeeded"));
    expect(after(over, { type: "bulkShow" }, { type: "back" }).ui.bulk).toBeNull();
  });

  it("keeps its VMs though they are deleted meanwhile", () => {
    const deleted = after(plan("DELETE", CAN, CAN, CAN), { type: "bulkStart" }, { type: "vmChanged", id: "a", vm: null, sample: null }, step("a", "succeeded"));
    expect(bulkOf(deleted).items.map((item) => item.vmId)).toEqual(["a", "b", "c"]);
  });

  it.each([["DELETE", [CAN, CAN, CANNOT], "delete 2"], ["DELETE", [CANNOT, CANNOT, CANNOT], null], ["FORCE_OFF", [CAN, CAN, CAN], "power cut 3"], ["RESET", [CAN, CANNOT, CAN], "reset 2"], ["RESET", [CANNOT, CANNOT, CANNOT], null], ["STOP", [CAN, CAN, CAN], null], ["PAUSE", [CAN, CAN, CAN], null]] as const)("of %s asks for the phrase of what can be done", (verb, judgements, phrase) => {
    expect(phraseFor(bulkOf(plan(verb, ...judgements)))).toBe(phrase);
  });

  it.each([
    ["PAUSE", ["RUNNING", "PAUSED"], "PAUSE"], ["PAUSE", ["PAUSED", "STOPPED"], "RESUME"], ["PAUSE", ["STOPPED"], "PAUSE"], ["START", ["PAUSED"], "START"],
  ] as const)("%s on %j means %s", (verb, states, meant) => {
    expect(bulkVerbFor(verb, states.map((state) => ({ state })))).toBe(meant);
  });

  it("counts each VM once", () => {
    const { can, cannot, unjudged } = countsOf(bulkOf(plan("PAUSE", CAN, CANNOT)));
    expect([can, cannot, unjudged]).toEqual([1, 1, 1]);
  });
});
