import { describe, expect, it } from "vitest";
import { reduce } from "../store/reduce.js";
import type { Prompt, State } from "../store/state.js";
import type { TargetKind } from "../store/targets.js";
import { stateWith, vm } from "../store/testing.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const SIZE = { columns: 80, rows: 24 };
const GIB = 1024 ** 3;
/** The longest that there are: 64 characters. */
const LONG_ID = "the-longest-id-that-there-can-be-of-all-the-machines-in-the-lab1";
const LONG_NAME = "A name as long as a name may be, of a machine that someone loved";

function shown(prompt: Prompt, state: State = stateWith([vm({ id: LONG_ID, label: LONG_NAME })])): { foot: string; cursorAt: string } {
  const frame = screen(reduce(state, { type: "prompt", prompt }), SIZE, UNICODE);
  const rows = Array.from({ length: 8 }, (_, index) => frame.line(SIZE.rows - 8 + index).trim());
  return { foot: rows.join(" ").replace(/ +/g, " "), cursorAt: frame.cursor === null ? "" : frame.line(frame.cursor.y).slice(0, frame.cursor.x) };
}

function withRoom(): State {
  const room = { balloonTargetBytes: GIB, balloonFloorBytes: GIB, memoryTargetBytes: 2 * GIB, memoryMaxBytes: 4 * GIB, vcpusTarget: 1, vcpusMax: 16 };
  const policy = { floorBytes: GIB, ceilingBytes: 2 * GIB, maxBytes: 4 * GIB, shares: 1_000, control: "OFF", sharingDomain: "lab" } as const;
  const cpuPolicy = { weight: 100, limitPercent: null, pins: [], emulatorCpus: null, maxVcpus: 16 };
  return reduce(stateWith([vm({ id: LONG_ID, label: LONG_NAME })]), { type: "vmMemory", detail: { vmId: LONG_ID, breakdown: null, room, policy, compression: null, cpuPolicy, decisions: [] } });
}

describe("a line being typed, of a VM with the longest name", () => {
  it.each<[TargetKind, string]>([
    ["balloon", "(now 1.00G; from 1.00G to 2.00G): "], ["memorySize", "(now 2.00G; up to 4.00G): "], ["vcpus", "(now 1; 1 to 16): "], ["pageOut", "Page out of"], ["memoryControl", "(now off): "],
  ])("tells the limits of %s whole, and all that is typed", (what, limits) => {
    const text = what === "memoryControl" ? "recommend" : "1234567.890G";
    const { foot, cursorAt } = shown({ kind: "target", what, text, vmIds: [LONG_ID], judged: null }, withRoom());
    expect(foot).toContain(LONG_NAME);
    expect(foot).toContain(limits.trim());
    if (what === "memoryControl") expect(foot).toMatch(/off +recommend +on/);
    else expect(cursorAt.endsWith(text)).toBe(true);
  });

  it("tells the id that must be typed, and what is typed of it", () => {
    const typed = LONG_ID.slice(0, 50);
    const { foot, cursorAt } = shown({ kind: "delete", text: typed, vmId: LONG_ID, judgement: { can: true, effect: "" } });
    expect(foot).toContain(`Type its id (${LONG_ID}): ${typed}`);
    expect(cursorAt.endsWith(typed)).toBe(true);
  });

  it("tells in a question what would be lost", () => {
    expect(shown({ kind: "confirm", verb: "FORCE_OFF", vmId: LONG_ID, key: "P", judgement: { can: true, effect: "" } }).foot).toContain("? What the guest has not saved is lost. P or y yes");
    const effect = "The rule looks at seven VMs; what it fires on now is over and is told by nobody any more.";
    expect(shown({ kind: "deleteRule", ruleId: "1", name: LONG_NAME, effect }).foot).toContain(effect);
  });

  it("stands on one line where that is enough", () => {
    const { foot } = shown({ kind: "delete", text: "we", vmId: "web-1", judgement: { can: true, effect: "" } }, stateWith([vm({})]));
    expect(foot).toMatch(/─{70,} Delete web-1\? Type its id \(web-1\): we /);
  });

  it("shows the end of a text that is longer than a line, and that its start is not shown", () => {
    const labels = Array.from({ length: 30 }, (_, index) => `key${index}=value`).join(" ");
    const { foot, cursorAt } = shown({ kind: "labels", text: labels, vmIds: [LONG_ID] });
    expect(cursorAt).toMatch(/^ …\S.*key29=value$/);
    expect(foot).toContain(`Labels of ${LONG_NAME}:`);
  });
});

describe("the hints below a line being typed", () => {
  it.each<Prompt>([
    { kind: "filter", text: "" }, { kind: "viewName", text: "" }, { kind: "typed", text: "", expected: "delete 2" }, { kind: "delete", text: "", vmId: "web-1", judgement: { can: true, effect: "" } },
    { kind: "labels", text: "", vmIds: ["web-1"] },
  ])("fit into 80 columns: $kind", (prompt) => expect(shown(prompt, stateWith([vm({})])).foot).not.toContain("…"));
});
