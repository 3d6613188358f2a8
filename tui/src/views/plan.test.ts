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
const NAME_OF_64 = `${"x".repeat(9)}…${"x".repeat(10)}`;

describe("the page of a plan", () => {
  it("says of each what it would do, or why it cannot, what Enter means, and tells the chosen one whole", () => {
    expect(lines(planned("STOP"))).toEqual([
      "── plan: stop 5 VMs ───────────────────────────────────────── 4 can, 1 cannot ──",
      " ◆ a                    Stops a.",
      " ◆ b                    Stops b.",
      " ◆ c                    Stops c.",
      " ▲ d                    cannot: It is protected.",
      ` ◆ ${NAME_OF_64} Stops e.`,
      `── a ${"─".repeat(75)}`,
      " Stops a.",
      "─".repeat(80),
      " Enter carries it out for 4 VMs; Esc leaves, and nothing is done.",
    ]);
  });

  it("says first with which key a protected VM would allow it", () => {
    const guarded = after(stateWith([vm({ id: "a", protected: true })]), { type: "bulkPlan", verb: "DELETE", vms: [{ id: "a", label: "a" }] }, { type: "bulkJudged", vmId: "a", judgement: { can: false, reason: "It is." } });
    expect(lines(guarded)[1]).toBe(" ▲ a                    cannot: protected (K takes that off): It is.");
  });

  const LONG = Array.from({ length: 6 }, (_, index) => `VM "worker": pause is denied while defined: it has not been started, for the reason ${index}; start it first. `).join("");
  const refused = after(
    stateWith([vm({ id: "worker" }), vm({ id: "other" })]), { type: "sized", bodyRows: 20, columns: 80 },
    { type: "bulkPlan", verb: "PAUSE", vms: [{ id: "other", label: "other" }, { id: "worker", label: "worker" }] },
    { type: "bulkJudged", vmId: "worker", judgement: { can: false, reason: LONG.trim() } }, { type: "bulkJudged", vmId: "other", judgement: { can: true, effect: "Pauses it." } },
  );

  it("tells the reason in a row without the name that stands before it", () => {
    expect(lines(refused)[2]).toMatch(/^ ▲ worker +cannot: pause is denied while defined: it has .*…$/);
  });

  it("tells the whole reason of the chosen row, and reads on where that is more than its place", () => {
    const chosen = after(refused, { type: "move", by: 1 });
    const read: string[] = [];
    const below = (state: State): string[] => lines(state).slice(lines(state).findIndex((line) => line.startsWith("── worker")) + 1, -2).map((line) => line.trim());
    let state = chosen;
    for (let page = 0; page < 5; page++) {
      for (const line of below(state)) if (!read.includes(line)) read.push(line);
      state = after(state, { type: "readOn", by: 1 });
    }
    expect(read.join(" ")).toBe(LONG.trim());
    expect(lines(chosen).join("\n")).toMatch(/── worker ─+ \d more lines, → reads on ──/);
    expect(lines(state).join("\n")).toMatch(/── worker ─+ ← back ──/);
    expect(lines(after(state, { type: "move", by: -1 })).join("\n")).toMatch(/── other ─+\n Pauses it\./);
  });

  it("then says how far each is", () => {
    expect(lines(running)).toEqual([
      "── under way: stop 5 VMs ─────────────────────────────────────── 2 of 4 ended ──",
      " ✓ a                    done",
      " ◐ b                    under way 43%",
      " ✖ c                    failed      The guest did not power down within 60 s.",
      " ▲ d                    cannot: It is protected.",
      ` ◌ ${NAME_OF_64} waiting`,
      `── a ${"─".repeat(75)}`,
      " Stops a.",
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

  it("names Enter for what it does: it carries a plan out, and closes a summary", () => {
    const keys = (state: State): string => screen(state, { columns: 80, rows: 24 }, UNICODE).line(23);
    expect(keys(planned("STOP"))).toContain("Enter carry out");
    const over = after(running, { type: "bulkCancel" }, { type: "bulkItem", vmId: "b", change: { step: "cancelled" } });
    expect(keys(over)).toContain("Enter close");
    expect(keys(over)).not.toContain("carry out");
  });

  it("asks for number and word before it deletes several", () => {
    expect(lines(planned("DELETE")).at(-1)).toBe(' Enter asks for "delete 4" for 4 VMs; Esc leaves, and nothing is done.');
  });

  it("says it all in ASCII too", () => {
    expect(lines(running, ASCII).every((line) => /^[ -~]*$/.test(line))).toBe(true);
  });

  it("keeps the chosen row in sight, and says how many are below", () => {
    const many = Array.from({ length: 40 }, (_, index) => `vm-${String(index).padStart(2, "0")}`);
    const long = after(stateWith(many.map((id) => vm({ id }))), { type: "sized", bodyRows: 20, columns: 80 }, { type: "bulkPlan", verb: "PAUSE", vms: many.map((id) => ({ id, label: id })) });
    expect(lines(long).join("\n")).toMatch(/── vm-00 ─+ ↓ 28 more VMs ──/);
    const moved = after(long, { type: "move", by: 20 });
    expect(lines(moved).join("\n")).toMatch(/── vm-20 ─/);
    expect(lines(moved).some((line) => line.startsWith(" – vm-20"))).toBe(true);
    const last = after(long, { type: "moveTo", edge: "last" });
    expect(lines(last).join("\n")).toMatch(/vm-39 .*\n── vm-39 ─+\n/);
  });
});
