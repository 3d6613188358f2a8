// When alerts are raised and cleared, what they say, and what a rule may be.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AlertRuleNotFound, InvalidInput } from "../errors.js";
import type { FilterSubject } from "../vm/filter/fields.js";
import { sampleOf, subjectOf } from "../vm/filter/testing.js";
import { FilterFault } from "../vm/filter/parse.js";
import { clearAfterMs, MAX_UNSEEN_MS, MIN_CLEAR_MS, step, type AlertPhase, type Observation } from "./machine.js";
import type { AlertRule } from "./model.js";
import { checkedRule, MAX_ALERT_RULES, ruleFilter, ruleWords, type RuleInput } from "./rules.js";
import { AlertWatch } from "./watch.js";

const SECOND = 1_000;

/** Runs one observation a second from 0 on; the seconds at which something was raised or cleared. */
function run(observations: string, forSeconds: number, everyMs = SECOND): string[] {
  const meaning: Record<string, Observation> = { P: "passes", F: "fails", U: "unknown" };
  let phase: AlertPhase | null = null;
  const edges: string[] = [];
  for (const [tick, letter] of observations.split("").entries()) {
    const done = step(phase, meaning[letter] ?? "unknown", tick * everyMs, forSeconds * SECOND);
    phase = done.next;
    if (done.edge !== null) edges.push(`${done.edge} ${tick}`);
  }
  return edges;
}

describe("the state machine", () => {
  it.each([
    ["at once, when the rule waits for nothing", "FFP", 0, ["raised 2"]],
    ["after passing for as long as the rule says", "PPPPPP", 4, ["raised 4"]],
    ["not when it failed in between", "PPPFPPP", 4, []],
    ["not when it was unknown in between", "PPPUPPP", 4, []],
    ["once, however long it passes", "P".repeat(100), 2, ["raised 2"]],
    ["and cleared after failing for long enough", `PP${"F".repeat(20)}`, 0, ["raised 0", "cleared 12"]],
    ["and not cleared by failing for a moment", `PP${"FFFP".repeat(20)}`, 0, ["raised 0"]],
    ["and not cleared by what is unknown", `P${"U".repeat(100)}`, 0, ["raised 0"]],
    ["and the time it was unknown does not count", `P${"F".repeat(9)}U${"F".repeat(9)}`, 0, ["raised 0"]],
    ["again after it was over", `P${"F".repeat(12)}P`, 0, ["raised 0", "cleared 11", "raised 13"]],
    ["and cleared as slowly as it was raised", `${"P".repeat(31)}${"F".repeat(40)}`, 30, ["raised 30", "cleared 61"]],
  ] as const)("raises %s", (_, observations, forSeconds, edges) => expect(run(observations, forSeconds)).toEqual(edges));

  it("begins anew after a gap in which anything may have happened", () => {
    expect(run("PP", 15, MAX_UNSEEN_MS + 1)).toEqual([]);
    expect(run("PPP", 15, MAX_UNSEEN_MS)).toEqual(["raised 2"]);
  });

  it("clears no sooner than after 10 s and no later than after a minute", () => {
    expect([0, 5, 30, 3_600].map((seconds) => clearAfterMs(seconds * SECOND) / SECOND)).toEqual([10, 10, 30, 60]);
  });

  it("tells raised and cleared by turns, and never raises before its time", () => {
    const letters = fc.string({ unit: fc.constantFrom("P", "F", "U"), maxLength: 200 });
    fc.assert(fc.property(letters, fc.integer({ min: 0, max: 20 }), (observations, forSeconds) => {
      const edges = run(observations, forSeconds);
      for (const [place, edge] of edges.entries()) {
        expect(edge.startsWith(place % 2 === 0 ? "raised" : "cleared")).toBe(true);
        const tick = Number(edge.split(" ")[1]);
        if (place % 2 === 0) expect(observations.slice(tick - forSeconds, tick + 1)).toBe("P".repeat(forSeconds + 1));
        else expect(observations.slice(tick - MIN_CLEAR_MS / SECOND, tick + 1)).toMatch(/^F+$/);
      }
    }), { numRuns: 1_000 });
  });
});

const RULE: AlertRule = { id: "busy", name: "Busy", where: "cpu>80", forSeconds: 2, severity: "WARNING", enabled: true, updatedAt: new Date(0), updatedBy: "test" };
const at = (second: number) => new Date(second * SECOND);
const loaded = (cpuRatio: number | null, change: Partial<FilterSubject> = {}) => ({ subject: subjectOf({ sample: sampleOf({ cpuRatio }), ...change }), isKnown: true });
function watching(rule = RULE): AlertWatch {
  const watch = new AlertWatch();
  watch.put({ rule, filter: ruleFilter(rule.where) });
  return watch;
}
/** Ticks from `from` on, one a second; what was raised and cleared. */
function ticks(watch: AlertWatch, from: number, cpu: readonly (number | null)[]): string[] {
  return cpu.flatMap((ratio, index) => {
    const { raised, cleared } = watch.tick([loaded(ratio)], at(from + index));
    return [...raised.map(({ message }) => `${from + index} ${message}`), ...cleared.map(({ why }) => `${from + index} over ${why}`)];
  });
}

describe("the watch", () => {
  it("raises with the figures, shows what fires, and clears with the figures", () => {
    const watch = watching();
    expect(ticks(watch, 0, [0.5, 0.9, 0.95, 0.98])).toEqual(["3 Busy: cpu 98.0% (>80) for 2 s."]);
    expect(watch.firing).toMatchObject([{ vmId: "web-1", rule: { id: "busy" }, since: at(3) }]);
    expect(ticks(watch, 4, Array.from({ length: 12 }, () => 0.1))).toEqual(["14 over cpu 10.0% (>80)"]);
    expect(watch.firing).toEqual([]);
  });

  it("does not flap about its threshold: what fires must be clear of it", () => {
    const watch = watching();
    ticks(watch, 0, [0.9, 0.9, 0.9]);
    expect(ticks(watch, 3, Array.from({ length: 60 }, (_, second) => (second % 2 === 0 ? 0.79 : 0.74)))).toEqual([]);
    expect(ticks(watch, 63, Array.from({ length: 60 }, (_, second) => (second % 2 === 0 ? 0.7 : 0.65)))).toEqual(["73 over cpu 70.0% (>80)"]);
  });

  it("goes on after a restart without raising again, and clears what is over", () => {
    const first = watching();
    ticks(first, 0, [0.9, 0.9, 0.9]);
    const second = watching();
    second.resume(first.firing);
    expect(ticks(second, 10, [null, 0.9, 0.9, 0.9, 0.9])).toEqual([]);
    expect(second.firing).toEqual(first.firing);
    expect(ticks(second, 20, Array.from({ length: 11 }, () => 0))).toEqual(["30 over cpu 0% (>80)"]);
  });

  it("keeps what fires while the host cannot be reached, and ends it with the VM or the rule", () => {
    const watch = watching();
    ticks(watch, 0, [0.9, 0.9, 0.9]);
    for (let second = 3; second < 100; second += 1) expect(watch.tick([{ subject: subjectOf({ sample: null }), isKnown: false }], at(second)).cleared).toEqual([]);
    expect(watch.tick([], at(100)).cleared).toMatchObject([{ alert: { vmId: "web-1" }, why: "the VM is gone" }]);
    ticks(watch, 200, [0.9, 0.9, 0.9]);
    expect(watch.drop("busy", "the rule was deleted")).toMatchObject([{ why: "the rule was deleted" }]);
    expect(ticks(watch, 210, [0.9, 0.9, 0.9, 0.9])).toEqual([]);
  });

  it("carries what fires over to the changed rule, and lets what was pending begin anew", () => {
    const watch = watching();
    ticks(watch, 0, [0.9, 0.9, 0.9]);
    watch.put({ rule: { ...RULE, name: "Very busy" }, filter: ruleFilter("cpu>90") });
    expect(watch.firing[0]?.rule.name).toBe("Very busy");
    const pending = watching();
    ticks(pending, 0, [0.9, 0.9]);
    pending.put({ rule: RULE, filter: ruleFilter("cpu>85") });
    expect(ticks(pending, 2, [0.9, 0.9])).toEqual([]);
    expect(ticks(pending, 4, [0.9])).toHaveLength(1);
  });
});

const INPUT: RuleInput = { id: null, name: "Guest busy", where: " cpu>80 ", forSeconds: 60, severity: "CRITICAL", enabled: true };
const WRITTEN = { at: at(0), by: "somebody" };

describe("a rule", () => {
  it("takes its id from its name unless given one, and is put into words", () => {
    expect(checkedRule(INPUT, [], WRITTEN)).toEqual({ ...INPUT, id: "guest-busy", where: "cpu>80", updatedAt: at(0), updatedBy: "somebody" });
    expect(checkedRule({ ...INPUT, id: "mine" }, [], WRITTEN).id).toBe("mine");
    expect(ruleWords(checkedRule({ ...INPUT, enabled: false }, [], WRITTEN))).toBe("cpu>80 for 60 s, critical, disabled");
    expect(checkedRule({ ...INPUT, id: RULE.id, name: RULE.name }, [RULE], WRITTEN).id).toBe("busy");
  });

  it.each([
    [{ name: "" }, "name", "1 to 64 printable"], [{ name: "a\u001b[31mred" }, "name", "printable"], [{ name: "a\u202eb" }, "name", "printable"], [{ name: "x".repeat(65) }, "name", "1 to 64"],
    [{ name: "日本" }, "id", "give one"], [{ id: "No Spaces" }, "id", "a-z"], [{ id: "other", name: "Busy" }, "name", "named \"Busy\" already"], [{ name: "busy" }, "name", "exists already"],
    [{ forSeconds: -1 }, "forSeconds", "0 to 86400"], [{ forSeconds: 86_401 }, "forSeconds", "0 to 86400"], [{ where: "  " }, "where", "every VM"], [{ where: "cpu>80 not alert:yes" }, "where", "Column 12"],
  ] as const)("is refused: %o", (change, field, words) => {
    const refused = (() => {
      try {
        checkedRule({ ...INPUT, ...change }, [RULE], WRITTEN);
      } catch (error) {
        return error;
      }
      return null;
    })();
    expect(refused).toBeInstanceOf(InvalidInput);
    expect(refused).toMatchObject({ field });
    expect((refused as InvalidInput).message).toContain(words);
  });

  it("is refused with the place where its condition is no filter, and beyond the most there may be", () => {
    expect(() => checkedRule({ ...INPUT, where: "cpu>" }, [], WRITTEN)).toThrow(FilterFault);
    const many = Array.from({ length: MAX_ALERT_RULES }, (_, index) => ({ ...RULE, id: `r${index}`, name: `R${index}` }));
    expect(() => checkedRule(INPUT, many, WRITTEN)).toThrow(/100 rules already/);
    expect(checkedRule({ ...INPUT, id: "r5", name: "R5" }, many, WRITTEN).id).toBe("r5");
    expect(new AlertRuleNotFound("x").message).toContain("quetzal alert rules");
  });
});
