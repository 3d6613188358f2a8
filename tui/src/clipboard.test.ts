import { describe, expect, it } from "vitest";
import { CLIPBOARD_MAX_BYTES, clipboardSequence, multiplexerOf } from "./clipboard.js";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("the clipboard sequence", () => {
  it("is OSC 52 in base64, so that no text can end it", () => {
    expect(clipboardSequence("a\x07\x1b\\é", "terminal")).toBe(`\x1b]52;c;${base64("a\x07\x1b\\é")}\x07`);
  });

  it("goes through tmux both ways, and through screen in pieces", () => {
    expect(clipboardSequence("web", "tmux")).toBe(`\x1b]52;c;d2Vi\x07\x1bPtmux;\x1b\x1b]52;c;d2Vi\x07\x1b\\`);
    const long = clipboardSequence("x".repeat(2_000), "screen") ?? "";
    const pieces = [...long.matchAll(/\x1bP([^]*?)\x1b\\/g)].map((match) => match[1] ?? "");
    expect(pieces.join("")).toBe(clipboardSequence("x".repeat(2_000), "terminal"));
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(768);
  });

  it("is refused where terminals would cut it", () => {
    expect(clipboardSequence("x".repeat(CLIPBOARD_MAX_BYTES), "terminal")).toHaveLength(7 + 99_992 + 1);
    expect(clipboardSequence("x".repeat(CLIPBOARD_MAX_BYTES + 1), "terminal")).toBeNull();
  });

  it.each([[{}, "terminal"], [{ TMUX: "/t" }, "tmux"], [{ STY: "1.x" }, "screen"]])("in %j is wrapped for %s", (env, inside) => expect(multiplexerOf(env)).toBe(inside));
});
