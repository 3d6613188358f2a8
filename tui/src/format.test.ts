import { describe, expect, it } from "vitest";
import { formatAge, formatByteRate, formatBytes, formatDuration, formatLatency, formatPercent, formatRate, sanitise } from "./format.js";

const GIB = 1024 ** 3;

describe("format", () => {
  it.each([
    [null, "–"],
    [undefined, "–"],
    [Number.NaN, "–"],
    [0, "0"],
    [1023, "1023"],
    [1024, "1.00K"],
    [412 * 1024 ** 2, "412M"],
    [1023.9 * 1024 ** 2, "1.00G"],
    [2 * GIB, "2.00G"],
    [14.1 * GIB, "14.1G"],
    [Number.MAX_SAFE_INTEGER, "8.00P"],
  ])("writes %s bytes as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, "0"],
    [0.2, "0"],
    [64_000, "64.0k/s"],
    [380_000, "380k/s"],
    [999_600, "1.00M/s"],
    [1_240_000, "1.24M/s"],
    [null, "–"],
  ])("writes %s bytes a second as %s", (rate, text) => {
    expect(formatByteRate(rate)).toBe(text);
  });

  it("keeps a slow rate visible", () => {
    expect(formatRate(0.4)).toBe("0.40/s");
    expect(formatRate(0)).toBe("0");
    expect(formatRate(41)).toBe("41/s");
  });

  it.each([
    [0, "0.0"],
    [0.121, "12.1"],
    [0.9996, "100"],
    [1.88, "188"],
    [null, "–"],
  ])("writes the ratio %s as %s percent", (ratio, text) => {
    expect(formatPercent(ratio)).toBe(text);
  });

  it.each([
    [-5, "0.0s"],
    [400, "0.4s"],
    [9_960, "10s"],
    [59_400, "59s"],
    [59_600, "1m 0s"],
    [3 * 3_600_000 + 61_000, "3h 1m"],
    [3 * 86_400_000 + 4 * 3_600_000, "3d 4h"],
  ])("writes %s ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("gives an age, and 0 where the other clock is ahead", () => {
    const now = Date.parse("2026-01-31T12:00:10Z");
    expect(formatAge("2026-01-31T12:00:06.000Z", now)).toBe("4.0s");
    expect(formatAge("2026-01-31T13:00:00.000Z", now)).toBe("0.0s");
    expect(formatAge(null, now)).toBe("–");
  });

  it.each([
    [0.000_04, "40us"],
    [0.0014, "1.4ms"],
    [0.138, "138ms"],
    [2, "2.0s"],
  ])("writes a latency of %s s as %s", (seconds, text) => {
    expect(formatLatency(seconds)).toBe(text);
  });

  it.each([
    ["\x1b]0;owned\x07x", "?]0;owned?x"],
    ["a\nb", "a?b"],
    ["\u202egnp.exe", "?gnp.exe"],
    ["\u009b31m", "?31m"],
    ["äöü 日本 ok", "äöü 日本 ok"],
  ])("makes %j harmless", (text, shown) => {
    expect(sanitise(text)).toBe(shown);
  });

  it("keeps the lines where asked, and cuts what is endless", () => {
    expect(sanitise("a\n\tb\x07", "keep")).toBe("a\n\tb?");
    expect(sanitise("x".repeat(1e6)).length).toBeLessThan(5_000);
  });
});
