import { describe, expect, it } from "vitest";
import { Frame } from "./frame.js";
import { parts } from "./painter.js";
import type { Painter } from "./painter.js";
import { stateWith } from "../store/testing.js";
import { ASCII, UNICODE } from "./theme.js";
import type { Theme } from "./theme.js";
import { wholePieces } from "./whole-pieces.js";

describe("what is cut", () => {
  const line = (text: string, limit: number, theme: Theme = UNICODE): string => {
    const frame = new Frame(10, 1, theme.ellipsis);
    frame.put(0, 0, text, 0, limit);
    return frame.line(0).trimEnd();
  };
  it.each([["12345", 5, "12345"], ["123456", 5, "1234…"], ["12345   ", 5, "12345"], ["1234 6", 5, "1234…"], ["12345678901", 20, "123456789…"], ["宽宽宽", 5, "宽宽…"], ["x", 0, ""]])("%s in %i cells says so", (text, limit, shown) => {
    expect(line(text, limit)).toBe(shown);
  });
  it("says so in ASCII too", () => expect(line("123456", 5, ASCII)).toBe("1234~"));

  it.each([[["abc", "def"], 6, "abcdef"], [["abc", "def"], 5, "abcd…"], [["abc", "def"], 3, "ab…"], [["abc", "  ", "def"], 5, "abc …"], [["abc", "   "], 3, "abc"], [["abcd", "efg", "h"], 5, "abcd…"]])("in parts %j of %i cells says so once", (texts, limit, shown) => {
    const p: Painter = { frame: new Frame(10, 1), theme: UNICODE, state: stateWith([]) };
    parts(p, 0, 0, texts.map((text) => [text, 0] as const), limit);
    expect(p.frame.line(0).trimEnd()).toBe(shown);
  });
});

describe("whole pieces", () => {
  const pieces = [["one ", 3], ["two ", 1], ["three ", 2], ["four", 1]] as const;
  const kept = (room: number): string => wholePieces(pieces.map(([text, weight]) => ({ texts: [[text, 0]], weight })), room).map(([text]) => text).join("");
  it.each([[18, "one two three four"], [17, "one two three "], [13, "one three "], [9, "one "], [3, ""]])("in %i cells are those of most weight, in their order", (room, shown) => expect(kept(room)).toBe(shown));
});
