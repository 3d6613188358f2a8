// What the page of causes shows of everything that was looked at.
import { describe, expect, it } from "vitest";
import { reduce } from "../store/reduce.js";
import type { State } from "../store/state.js";
import { NOW, stateWith, vm } from "../store/testing.js";
import type { Diagnosis, Finding } from "../store/why.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const finding = (title: string, text: string, advice: string | null = null): Finding => ({ kind: title.toUpperCase(), title, evidence: [{ text, source: "USE method" }], advice, adviceCommand: null, neighbour: null });
const CAUSE = finding("disk latency", "time of a read or write 38.0 ms (above 20.0 ms counts)", "Look for a limit on the disk.");
const RULED_OUT = Array.from({ length: 12 }, (_, index) => finding(`looked at ${index}`, `a figure of some length that is measured in the window ${index}.0 % (above 50 % counts)`));
const NOT_KNOWN = [finding("network drops", "Whether packets are dropped cannot be told.")];

function shownOf(causes: readonly Finding[], ruledOut: readonly Finding[], verdict: Diagnosis["verdict"]): State {
  const diagnosis: Diagnosis = { from: NOW - 600_000, to: NOW, verdict, summary: "Nothing is wrong with web-1.", slowFrom: null, slowTo: null, confidence: "HIGH", causes, ruledOut, notKnown: NOT_KNOWN };
  const opened = reduce(stateWith([vm({ id: "web-1" })]), { type: "whyOpen", vmId: "web-1" });
  return reduce(opened, { type: "whyFound", vmId: "web-1", diagnosis });
}
const SIZE = { columns: 80, rows: 24 };
const text = (state: State): string => {
  const frame = screen(state, SIZE, UNICODE);
  return Array.from({ length: SIZE.rows }, (_, y) => frame.line(y).trim()).join("\n");
};

describe("what was ruled out", () => {
  it("stands with its figure and its threshold", () => {
    expect(text(shownOf([CAUSE], RULED_OUT.slice(0, 1), "SLOW"))).toContain("Looked at and no cause:\nlooked at 0: a figure of some length that is measured in the window 0.0\n% (above 50 % counts)\nCannot be told:\nnetwork drops: Whether packets are dropped cannot be told.");
  });

  it.each<[string, readonly Finding[], Diagnosis["verdict"]]>([["below causes", [CAUSE], "SLOW"], ["where there is no cause", [], "FINE"]])("is reached to its end at 80x24, %s", (_, causes, verdict) => {
    let state = shownOf(causes, RULED_OUT, verdict);
    let seen = "";
    for (let presses = 0; presses < causes.length + RULED_OUT.length + NOT_KNOWN.length; presses++) {
      seen += text(state);
      state = reduce(state, { type: "move", by: 1 });
    }
    for (const { title } of RULED_OUT) expect(seen, title).toContain(`${title}: a figure`);
    expect(text(state)).toContain("network drops: Whether");
    expect(text(state)).not.toContain(" more ↓");
  });
});
