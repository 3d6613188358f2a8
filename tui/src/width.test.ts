import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellsOf, clustersOf, cutCells, cutCellsInside, isSimple, padCells } from "./width.js";

const text = (given: string): string => clustersOf(given).map((cluster) => cluster.text).join("");

/** Texts that attackers and people of the world write. */
const hostile = fc.array(fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }), fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom("日本語", "e\u0301\u0302\u0303\u0304", "שלום", "مرحبا", "\u202e", "\x1b[31m", "\x9b1m", "👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "1️⃣", "क्षि", "각", "\u1100\u1161", "\ud83d", "\u200b", "\ufeff", "\u0007", "ﷺ", "⌚", "\u{e0061}", "\u0e33", "ཧཱུྃ"),
), { maxLength: 6 }).map((parts) => parts.join(""));

describe("cells", () => {
  it.each([
    ["web-1", 5, "web-1"], ["日本", 4, "日本"], ["ｱ", 1, "ｱ"], ["Ａ", 2, "Ａ"], ["e\u0301", 1, "é"], ["x\u0301\u0302\u0303", 1, "x\u0301\u0302"], ["👍🏽", 2, "👍"], ["👨‍👩‍👧", 2, "👨"], ["🇩🇪", 2, "DE"],
    ["❤️", 1, "❤"], ["1️⃣", 1, "1"], ["\u202eabc", 4, "?abc"], ["שלום", 4, "שלום"], ["\u0301", 1, "?"], ["a\tb\nc", 5, "a b c"], ["\x1b[2J", 4, "?[2J"], ["\u3000", 1, " "], ["한글", 4, "한글"], ["●‖◌◐✖▲", 6, "●‖◌◐✖▲"], ["⣿▇─┤", 4, "⣿▇─┤"],
  ])("of %j are %i, painted as %j", (given, cells, painted) => {
    expect(text(given)).toBe(painted);
    expect(cellsOf(given)).toBe(cells);
  });

  it("are the same for what is painted as for what was given, and nothing unsafe is left", () => {
    fc.assert(fc.property(hostile, (given) => {
      const painted = text(given);
      expect(cellsOf(painted)).toBe(cellsOf(given));
      expect(text(painted)).toBe(painted);
      expect(painted).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u);
    }), { numRuns: 2_000 });
  });

  it("are never more than asked for after a cut, and exactly as many after filling up", () => {
    fc.assert(fc.property(hostile, fc.integer({ min: 0, max: 12 }), (given, cells) => {
      const short = cutCells(given, cells, "…");
      expect(cellsOf(short)).toBeLessThanOrEqual(cells);
      expect(cellsOf(padCells(short, cells))).toBe(cells);
      if (cellsOf(given) <= cells) expect(short).toBe(text(given));
    }), { numRuns: 1_000 });
  });

  it("are never more than asked for after a cut inside, which keeps start and end", () => {
    fc.assert(fc.property(hostile, fc.integer({ min: 0, max: 12 }), (given, cells) => {
      const short = cutCellsInside(given, cells, "…");
      expect(cellsOf(short)).toBeLessThanOrEqual(cells);
      if (cellsOf(given) <= cells) expect(short).toBe(text(given));
    }), { numRuns: 1_000 });
  });

  it.each([["web-frontend-eu-01", 12, "web-f…-eu-01"], ["web-frontend-eu-01", 18, "web-frontend-eu-01"], ["日本語の名前", 7, "日…名前"], ["abcdef", 2, "a…"], ["abcdef", 1, "…"], ["abcdef", 0, ""]])(
    "of %j cut inside to %i are %j", (given, cells, shown) => expect(cutCellsInside(given, cells, "…")).toBe(shown),
  );

  it("are known after a simple character only", () => {
    expect(["a", "●", "─", "⣿", "é"].map(isSimple)).toEqual([true, true, true, true, true]);
    expect(["日", "👍", "x\u0301", "ש", "⌚", "", "ab"].map(isSimple)).toEqual([false, false, false, false, false, false, false]);
  });
});
