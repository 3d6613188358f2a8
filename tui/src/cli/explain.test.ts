import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import { folded, wrapped } from "../wrap.js";
import { explanationLines, type Explanation } from "./explain.js";
import { parseDuration, parseSpan } from "./span.js";

const context = { paint: (_: unknown, text: string) => text, config: { characters: "unicode" } } as Parameters<typeof explanationLines>[0];
const evidence = (text: string, value: number | null = 1): Explanation["ruledOut"][number]["evidence"][number] =>
  ({ name: "n", value, threshold: 0.5, unit: "ratio", shareBeyond: 0.5, source: "USE method", text });
const cause = (title: string, text: string): Explanation["causes"][number] =>
  ({ kind: "GUEST_MEMORY", title, score: 0.9, advice: "Give it more.", adviceCommand: "quetzal vm show web-2", neighbour: null, evidence: [evidence(text)] });
const slow: Explanation = {
  __typename: "VmDiagnosis", vm: { id: "web-2", name: "web-2" }, from: "2026-01-01T13:00:00Z", to: "2026-01-01T13:10:00Z", stepSeconds: 5, verdict: "SLOW",
  summary: "web-2 was slow.", slowFrom: "2026-01-01T13:00:40Z", slowTo: "2026-01-01T13:02:10Z", confidence: "HIGH",
  causes: [cause("guest memory", "swapped by the guest 2.10 MB/s (above 100 kB/s counts), for 83 % of the time it ran"), cause("disk latency", "time of a read or write 38.0 ms (above 20.0 ms counts)")],
  ruledOut: [{ kind: "STEAL", title: "steal", evidence: [evidence("time ready to run without a CPU 2 % (above 5 % counts)")] }],
  notKnown: [{ kind: "NETWORK_DROPS", title: "network drops", evidence: [evidence("Whether packets are dropped cannot be told: user-mode networking has no counters.", null)] }],
};

describe("quetzal explain", () => {
  it("shows when it was slow, then each cause with figure, advice, command and source, within 80 columns", () => {
    expect(explanationLines(context, slow)).toMatchInlineSnapshot(`
      [
        "web-2 was slow: 13:00:40 to 13:02:10 UTC                         confidence high",
        "1 ▲ guest memory",
        "    swapped by the guest 2.10 MB/s (above 100 kB/s counts), for 83 % of the time",
        "    it ran",
        "    advice  Give it more.",
        "    run     quetzal vm show web-2",
        "    from    USE method",
        "2 ▲ disk latency",
        "    time of a read or write 38.0 ms (above 20.0 ms counts)",
        "    advice  Give it more.",
        "    run     quetzal vm show web-2",
        "    from    USE method",
        "  Looked at and no cause:",
        "    steal: time ready to run without a CPU 2 % (above 5 % counts)",
        "  Cannot be judged: network drops. Whether packets are dropped cannot be told:",
        "  user-mode networking has no counters.",
      ]
    `);
    for (const line of explanationLines(context, slow)) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("says that nothing is wrong, and that it cannot be told", () => {
    const none = { ...slow, causes: [], ruledOut: [], notKnown: [], slowFrom: null, slowTo: null };
    expect(explanationLines(context, { ...none, verdict: "FINE", summary: "Nothing is wrong with web-2." })).toEqual([
      "web-2: nothing found, 13:00:00 to 13:10:00 UTC                   confidence high", "Nothing is wrong with web-2.",
    ]);
    expect(explanationLines(context, { ...none, ruledOut: slow.ruledOut, verdict: "FINE", summary: "Nothing is wrong with web-2." }).slice(2)).toEqual([
      "  Looked at and no cause:", "    steal: time ready to run without a CPU 2 % (above 5 % counts)",
    ]);
    expect(explanationLines(context, { ...none, verdict: "UNKNOWN", confidence: null, summary: "It did not run." })).toEqual(["web-2: cannot be told, 13:00:00 to 13:10:00 UTC", "It did not run."]);
  });

  it("prints nothing that a hostile name could do to a terminal", () => {
    const hostile = "\u001b]0;owned\u0007\u202eevil";
    const lines = explanationLines(context, { ...slow, vm: { id: "x", name: hostile }, causes: [cause("a neighbour's CPU", `${hostile} used 1.80 cores`)] });
    expect(lines.join("\n")).not.toMatch(/[\u001b\u0007\u202e]/);
  });

  it("marks causes without colours and symbols where the terminal has none", () => {
    const lines = explanationLines({ ...context, config: { characters: "ascii" } } as typeof context, slow);
    expect(lines[1]).toBe("1 ! guest memory");
  });
});

describe("spans", () => {
  it.each([["90s", 90], ["10m", 600], ["2h", 7_200], ["1h30m", 5_400], ["31d", 2_678_400]])("reads %s", (text, seconds) => expect(parseSpan(text)).toBe(seconds));
  it.each([["500ms", 0.5], ["1s500ms", 1.5], ["2m", 120]])("reads %s to the millisecond where that is wanted", (text, seconds) => expect(parseDuration(text)).toBe(seconds));
  it.each(["500ms", "", "10", "m", "10 m", "-5m", "1h x", "0s", "32d", "1.5h", "10m10"])("refuses %j", (text) => expect(() => parseSpan(text)).toThrow(InvalidArgumentError));
});

it("folds a note at a terminal's edge between words, and leaves what stands indented", () => {
  expect(folded("web-1: asks the guest to power down", 20)).toBe("web-1: asks the\n  guest to power\n  down");
  expect(folded("short\n  a mark stands below this text\n     ^", 10)).toBe("short\n  a mark stands below this text\n     ^");
});

it("wraps at blanks by cells, and leaves a word alone that is too wide", () => {
  expect(wrapped("日本 語 ab cdefghij k", 5)).toEqual(["日本", "語 ab", "cdefghij", "k"]);
  expect(wrapped("", 5)).toEqual([""]);
});
