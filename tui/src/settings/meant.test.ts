import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meant, slipsBetween } from "./meant.js";

describe("what was meant", () => {
  it.each([["quit", "quit", 0], ["qiut", "quit", 1], ["qut", "quit", 1], ["quiet", "quit", 1], ["kitten", "sitting", 3], ["", "abc", 3]])("from %s to %s are %i slips", (a, b, slips) => {
    expect(slipsBetween(a, b)).toBe(slips);
  });

  it("is as far there as back, and no further than the longer word", () => {
    fc.assert(fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const slips = slipsBetween(a, b);
      expect(slips).toBe(slipsBetween(b, a));
      expect(slips).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(slips === 0).toBe(a === b);
    }));
  });

  it.each([["qiut", " (did you mean quit?)"], ["QUIT", " (did you mean quit?)"], ["stor", " (did you mean stop or star?)"], ["fly", ""]])("by %s: %j", (name, text) => {
    expect(meant(name, ["quit", "stop", "star", "somewhereElse"])).toBe(text);
  });
});
