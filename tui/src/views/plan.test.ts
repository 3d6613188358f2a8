import { describe, expect, it } from "vitest";
import type { Action } from "../store/actions.js";
import type { BulkVerb } from "../store/bulk.js";
import { reduce } from "../store/reduce.js";
import type { State } from "../store/state.js";
import { stateWith, vm } from "../store/testing.js";
import { screen } from "./screen.js";
import { ASCII, UNICODE } from "./theme.js";

const NAMES = ["a", "b", "c", "d", "e"];
const fleet = stateWith(NAMES.map((id) => vm({ id })));
const after = (state: State, ...actions: Action[]): State => actions.reduce(reduce, state);
const planned = (verb: BulkVerb): State => after(
  fleet, { type: "bulkPlan", verb, vms: NAMES.map((id) => ({ id, label: id === "e" ? "x".repeat(64) : id })) },
  ...NAMES.map((vmId): Action => ({ type: "bulkJudged", vmId, judgement: vmId === "d" ? { can: false, reason: "It is protected." } : { can: true, effect: `Stops ${vmId}.` } })),
);
const running = after(
  planned("STOP"), { type: "bulkStart" },
  { type: "bulkItem", vmId: "a", change: { step: "succeeded" } },
  { type: "bulkItem", vmId: "b", change: { step: "running", progressRatio: 0.43, cancellable: true } },
  { type: "bulkItem", vmId: "c", change: { step: "failed", reason: "The guest did not power down within 60 s." } },
);
/** The page's lines below the header, down to its last sentence, trimmed. */
function lines(state: State, theme = UNICODE): string[] {
  const frame = screen(state, { columns: 80, rows: 24 }, theme);
  return Array.from({ length: 20 }, (_, row) => frame.line(row + 1).trimEnd()).filter((line) => line !== "");
}

const cutToScreen = (sentence: string): string => ` ${sentence.slice(0, 77)}…`;

describe("the page of a plan", () => {
  it("says of each what it would do, or why it cannot, and what Enter means", () => {
    expect(lines(planned("STOP"))).toEqual([
      "── plan: stop 5 VMs ───────────────────────────────────────── 4 can, 1 cannot ──",
      " ◆ a                    Stops a.",
      " ◆ b                    Stops b.",
      " ◆ c                    Stops c.",
      " ▲ d                    cannot: It is protected.",
      ` ◆ ${"x".repeat(19)}… Stops e.`,
      "─".repeat(80),
      " Enter carries it out for 4 VMs; Esc leaves, and nothing is done.",
    ]);
  });

  it("says first with which key a protected VM would allow it", () => {
    const guarded = after(stateWith([vm({ id: "a", protected: true })]), { type: "bulkPlan", verb: "DELETE", vms: [{ id: "a", label: "a" }] }, { type: "bulkJudged", vmId: "a", judgement: { can: false, reason: "It is." } });
    expect(lines(guarded)[1]).toBe(" ▲ a                    cannot: protected (K takes that off): It is.");
  });

  it("then says how far each is", () => {
    expect(lines(running)).toEqual([
      "── under way: stop 5 VMs ─────────────────────────────────────── 2 of 4 ended ──",
      " ✓ a                    done",
      " ◐ b                    under way 43%",
      " ✖ c                    failed      The guest did not power down within 60 s.",
      " ▲ d                    cannot: It is protected.",
      ` ◌ ${"x".repeat(19)}… waiting`,
      "─".repeat(80),
      cutToScreen("x cancels; Esc leaves it running, J comes back. 1 done, 1 under way, 1 waiting, 1 failed, 1 could not."),
    ]);
  });

  it("then what is let go, and at last what came of it", () => {
    const cancelled = after(running, { type: "bulkCancel" });
    expect(lines(cancelled).at(-1)).toBe(cutToScreen("What is under way ends first. 1 done, 1 under way, 1 failed, 1 cancelled, 1 could not."));
    const over = after(cancelled, { type: "bulkItem", vmId: "b", change: { step: "cancelled" } });
    expect(lines(over)[0]).toContain("summary: stop 5 VMs");
    expect(lines(over).at(-1)).toBe(" stop: 1 done, 1 failed, 2 cancelled, 1 could not.");
  });

  it("asks for number and word before it deletes several", () => {
    expect(lines(planned("DELETE")).at(-1)).toBe(' Enter asks for "delete 4" for 4 VMs; Esc leaves, and nothing is done.');
  });

  it("says it all in ASCII too", () => {
    expect(lines(running, ASCII).every((line) => /^[ -~]*$/.test(line))).toBe(true);
  });

  it("scrolls, and says how many are below", () => {
    const many = Array.from({ length: 40 }, (_, index) => `vm-${String(index).padStart(2, "0")}`);
    const long = after(stateWith(many.map((id) => vm({ id }))), { type: "sized", bodyRows: 20, columns: 80 }, { type: "bulkPlan", verb: "PAUSE", vms: many.map((id) => ({ id, label: id })) });
    expect(lines(long).at(-2)).toMatch(/23 more/);
    const scrolled = after(long, { type: "move", by: 10 });
    expect(lines(scrolled)[1]).toContain("vm-10");
    expect(lines(after(long, { type: "moveTo", edge: "last" })).at(-3)).toContain("vm-39");
  });
});
