// Which decision of the memory controller can be undone, and what is said of one that cannot.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decisionUndoPlan, type DecisionUndoFacts } from "./undo.js";

const MIB = 1_048_576;
type Decided = DecisionUndoFacts["decisions"][number];
const time = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const balloon = (second: number, from: number, to: number, carriedOut = true): Decided => ({ time: time(second), action: "BALLOON", fromBytes: from * MIB, toBytes: to * MIB, carriedOut });
const pageOut = (second: number): Decided => ({ time: time(second), action: "PAGE_OUT", fromBytes: 0, toBytes: 8 * MIB, carriedOut: true });
const asksForRoom = (second: number): Decided => ({ time: time(second), action: "ASK_FOR_ROOM", fromBytes: 0, toBytes: 8 * MIB, carriedOut: true });
const TAKEN = balloon(10, 256, 230);

function facts(targetMib: number, decisions: readonly Decided[], change: Partial<DecisionUndoFacts["vm"]> = {}, control: DecisionUndoFacts["control"] = "ON"): DecisionUndoFacts {
  const room = { balloonTargetBytes: targetMib * MIB, balloonFloorBytes: 128 * MIB, memoryTargetBytes: 256 * MIB, memoryMaxBytes: 256 * MIB, vcpusTarget: 1, vcpusMax: 1 };
  return { vm: { id: "web", name: "web-1", state: "RUNNING", startedAt: time(0), room, ...change }, control, decisions };
}

describe("the newest decision that can be undone", () => {
  it.each<[string, DecisionUndoFacts, number]>([
    ["is the newest", facts(230, [TAKEN]), 256],
    ["is the newest that moved the balloon", facts(230, [pageOut(13), asksForRoom(12), balloon(11, 230, 207, false), TAKEN]), 256],
    ["is the one before it once that is undone", facts(230, [balloon(20, 230, 207), TAKEN]), 256],
    ["is of one that gave the giving", facts(256, [balloon(20, 230, 256), TAKEN]), 230],
    ["is, of one of several that was undone by hand, the one before", facts(230, [balloon(20, 230, 256), TAKEN]), 256],
  ])("%s", (_, known, target) => {
    expect(decisionUndoPlan(null, known)).toMatchObject({ kind: "balloon", targetBytes: target * MIB });
  });

  it("says what the controller may do then, and how to keep it from that", () => {
    const cautionOf = (known: DecisionUndoFacts): string => { const plan = decisionUndoPlan(null, known); return plan.kind === "balloon" ? plan.caution : plan.reason; };
    expect(cautionOf(facts(230, [TAKEN]))).toBe("The memory controller takes nothing from it for 60 s, then it may again; 'quetzal memory set web --control recommend' has it only say so.");
    expect(cautionOf(facts(256, [balloon(20, 230, 256)]))).toBe("The memory controller may give it again at once if the guest runs short; 'quetzal memory set web --control recommend' has it only say so.");
    expect(cautionOf(facts(230, [TAKEN], {}, "RECOMMEND"))).toBe("");
    expect(cautionOf(facts(230, [TAKEN], {}, "OFF"))).toBe("");
  });
});

describe("a decision that cannot be undone", () => {
  const again = balloon(30, 230, 256);
  it.each<[string, Date | null, DecisionUndoFacts, string]>([
    ["paged out", time(11), facts(256, [pageOut(11)]), "What was paged out comes back by itself as the guest touches it."],
    ["asked for room", time(12), facts(256, [asksForRoom(12)]), "It only asked for room; there is nothing to undo."],
    ["was advice", time(11), facts(256, [balloon(11, 256, 230, false)]), "It was not carried out; there is nothing to undo."],
    ["is not known", time(9), facts(230, [TAKEN]), "No decision of the memory controller about web-1 at 2026-01-01T00:00:09.000Z is kept."],
    ["was never made", null, facts(256, []), "No decision of the memory controller about web-1 is kept."],
    ["is undone", time(10), facts(256, [TAKEN]), "The balloon of web-1 leaves its guest 256 MiB again, as before it."],
    ["is the newest, and undone", null, facts(256, [TAKEN]), "The balloon of web-1 leaves its guest 256 MiB again, as before it."],
    ["was overruled by hand", null, facts(200, [TAKEN]), "The balloon of web-1 is told to leave its guest 200 MiB now, no more the 230 MiB that it set."],
    ["was followed by others", time(10), facts(230, [balloon(20, 256, 230), again, TAKEN]), "The memory controller decided about web-1 again since; undo that first."],
    ["was made before its power-off", null, facts(230, [TAKEN], { startedAt: time(15) }), "web-1 was powered on anew since; what it set ended with the power."],
    ["was made before somebody's hand", null, facts(200, [balloon(20, 210, 205), balloon(15, 256, 200)]), "The balloon of web-1 is told to leave its guest 200 MiB now, no more the 205 MiB that it set."],
    ["is about a VM that is off", null, facts(230, [TAKEN], { state: "STOPPED", room: null }), "web-1 is stopped now, and a balloon is set only while it runs."],
    ["is about a VM that is paused", null, facts(230, [TAKEN], { state: "PAUSED" }), "web-1 is paused now, and a balloon is set only while it runs."],
  ])("because it %s says so", (_, at, known, reason) => {
    expect(decisionUndoPlan(at, known)).toEqual({ kind: "none", reason });
  });
});

it("undone one after another, decisions lead back to where the first of them began", () => {
  const steps = fc.array(fc.integer({ min: 128, max: 256 }), { minLength: 2, maxLength: 12 })
    .filter((targets) => new Set(targets).size === targets.length);
  fc.assert(fc.property(steps, (targets) => {
    const decisions = targets.slice(1).map((to, index) => balloon(index + 1, targets[index] ?? 0, to)).reverse();
    let target = targets.at(-1) ?? 0;
    for (const decision of decisions) {
      const plan = decisionUndoPlan(null, facts(target, decisions));
      expect(plan).toMatchObject({ kind: "balloon", targetBytes: decision.fromBytes });
      target = decision.fromBytes / MIB;
    }
    expect(decisionUndoPlan(null, facts(target, decisions)).kind).toBe("none");
  }));
});
