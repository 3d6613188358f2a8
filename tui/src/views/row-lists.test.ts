import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event, Operation } from "../store/model.js";
import { reduce } from "../store/reduce.js";
import { paintable } from "../store/sanitize.js";
import { page } from "../store/select.js";
import type { Page, State } from "../store/state.js";
import { NOW, stateWith, vm } from "../store/testing.js";
import { wrappedWhole } from "../wrap.js";
import { cellsOf } from "../width.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const SMALL = { columns: 80, rows: 24 };
const LARGE = { columns: 200, rows: 50 };

function event(cursor: bigint, message: string, change: Partial<Event> = {}): Event {
  return { cursor, time: NOW + Number(cursor) * 1_000, kind: "VM_CHANGED", vmId: "web-1", operationId: null, state: null, actor: null, message, ...change };
}
function operation(id: string, change: Partial<Operation> = {}): Operation {
  return { id, kind: "START_VM", vmId: "web-1", state: "SUCCEEDED", progressRatio: null, cancellable: false, error: null, requestedBy: "root", startedAt: NOW, endedAt: NOW + 1_000, ...change };
}
const sized = (state: State, size = SMALL): State => reduce(state, { type: "sized", bodyRows: size.rows - 4, columns: size.columns });
const framed = (state: State, size = SMALL) => screen(sized(state, size), size, UNICODE);
const lines = (state: State, size = SMALL): string[] => Array.from({ length: size.rows }, (_, y) => framed(state, size).line(y).trimEnd());
const withEvents = (events: Event[], open: Page = "events"): State => reduce(reduce(stateWith([vm({ id: "web-1" })]), { type: "events", events, newestCursor: null }), { type: "open", page: open });
const moved = (state: State, by: number): State => reduce(state, { type: "move", by });
/** The text of the place where the chosen row is told whole, in one line. */
function told(state: State, size = SMALL): string {
  const shown = lines(state, size);
  const y = shown.findIndex((line) => /this (event|operation) /.test(line));
  const x = Math.max(0, shown[y]?.indexOf("── this") ?? 0);
  return shown.slice(y + 1, size.rows - 3).map((line) => line.slice(x).trim()).join(" ").trim();
}
const LONG = `QEMU exited 1: ${Array.from({ length: 30 }, (_, index) => `word${index}`).join(" ")} the end.`;

describe("the chosen row of a list", () => {
  it.each([["below", SMALL], ["beside", LARGE]] as const)("is told whole %s the list, with all that is known of it", (where, size) => {
    const state = withEvents([event(1n, "before"), event(2n, LONG, { state: "CRASHED", actor: "tui of root", operationId: "op-7" })]);
    const known = reduce(state, { type: "operations", operations: [operation("op-7")] });
    expect(told(known, size)).toContain(LONG);
    for (const fact of ["time 2026-11-23 13:02:13 UTC", "event vm changed", "VM web-1", "operation start, succeeded (op-7)", "by tui of root"]) expect(told(known, size)).toContain(fact);
    const beside = lines(known, size).findIndex((line) => line.includes("this event"));
    expect(beside === 1).toBe(where === "beside");
  });

  it("is the newest, which it follows until another is chosen, and then stays where it is", () => {
    const two = withEvents([event(1n, "one"), event(2n, "two")]);
    const three = (state: State): State => reduce(state, { type: "events", events: [event(3n, "three")], newestCursor: 3n });
    expect(told(two)).toContain("two");
    expect(told(three(two))).toContain("three");
    expect(told(three(moved(two, 1)))).toContain("one");
    // Up at the first row it follows the newest again.
    expect(told(three(moved(moved(moved(two, 1), -1), -1)))).toContain("three");
    expect(told(three(reduce(moved(two, 1), { type: "moveTo", edge: "first" })))).toContain("three");
  });

  it("is inverse, stays in sight however far down it is, and can be clicked on", () => {
    const state = withEvents(Array.from({ length: 100 }, (_, index) => event(BigInt(index + 1), `event ${index + 1}.`)));
    const end = reduce(state, { type: "moveTo", edge: "last" });
    expect(lines(end).join("\n")).toMatch(/ event 1\./);
    expect(told(end)).toContain("event 1.");
    const frame = framed(state);
    expect(frame.targetAt(5, 4)).toEqual({ kind: "line", index: 2, chosen: 0 });
    expect(told(moved(state, 2))).toContain("event 98.");
  });

  it("is read on where it is longer than its place, to its last word and no further", () => {
    const huge = `start ${Array.from({ length: 250 }, (_, index) => `w${index}`).join(" ")} end.`;
    let state = sized(withEvents([event(1n, "short"), event(2n, huge)]));
    expect(lines(state).join("\n")).toMatch(/\d+ more lines, → reads on/);
    const seen = new Set<string>();
    for (let step = 0; step < 40; step++) {
      for (const word of told(state).split(" ")) seen.add(word);
      state = reduce(state, { type: "readOn", by: 1 });
    }
    expect(huge.split(" ").filter((word) => !seen.has(word))).toEqual([]);
    expect(lines(state).join("\n")).toMatch(/← back ──/);
    expect(told(reduce(state, { type: "readOn", by: -1 }))).not.toBe(told(state));
    expect(told(moved(state, 1))).toContain("short");
    expect(told(moved(moved(state, 1), -1))).toContain("start w0");
  });

  it("tells hostile text as cleaned, in its place and whole", () => {
    const hostile = paintable("evil\u001b[31m\u202e name 宽宽宽 e\u0301 \u0007done");
    const state = withEvents([event(1n, `${hostile} ${"x".repeat(200)}.`)]);
    const shown = told(state);
    expect(shown).not.toMatch(/\p{Cc}|\u202e/u);
    expect(shown.replaceAll(" ", "")).toContain(`${"x".repeat(200)}.`);
    for (const line of lines(state)) expect(cellsOf(line)).toBeLessThanOrEqual(SMALL.columns);
  });

  it.each(["events", "operations"] as const)("is not there on an empty page of %s, which says why", (open) => {
    const shown = lines(withEvents([], open)).join("\n");
    expect(shown).not.toContain("this ");
    expect(shown).toMatch(/No (event|operation) yet/);
  });

  it.each([["START_VM", "start", "start"], ["RESIZE_VM_MEMORY", "resize memory", "resize memory"], ["SET_VM_CPU_POLICY", "set cpu policy", "set cpu policy"], ["SET_VM_MEMORY_POLICY", "set memory policy", "set memory po…"]])("stands apart from the VM where the operation is %s", (kind, whole, cut) => {
    const state = reduce(reduce(stateWith([vm({ id: "web-1" })]), { type: "operations", operations: [operation("op-1", { kind })] }), { type: "open", page: "operations" });
    expect(lines(state)[2]).toContain(` ${cut} `);
    expect(lines(state)[2]).toMatch(/[a-z…] +web-1 .* by root/);
    expect(lines(state, LARGE)[2]).toMatch(new RegExp(` ${whole} +web-1 `));
  });

  it("of operations tells the cause of a failure, and who asked", () => {
    const failed = operation("op-1", { state: "FAILED", error: LONG, requestedBy: "cli of eva" });
    const state = reduce(reduce(stateWith([vm({ id: "web-1" })]), { type: "operations", operations: [operation("op-2", { startedAt: NOW + 1 }), failed] }), { type: "open", page: "operations" });
    expect(told(state)).toContain("It succeeded.");
    expect(told(moved(state, 1))).toContain(LONG);
    expect(told(moved(state, 1))).toContain("by cli of eva");
  });

  it("walks on a VM's tab through its events and then its operations", () => {
    const listed = reduce(withEvents([event(1n, "one"), event(2n, "two")], "vm"), { type: "operations", operations: [operation("op-1")] });
    const tab = reduce(listed, { type: "tab", tab: "events" });
    expect(told(tab)).toContain("two");
    expect(told(moved(tab, 1))).toContain("one");
    expect(told(moved(tab, 2))).toContain("(op-1)");
    expect(told(moved(tab, 9))).toContain("(op-1)");
    const elsewhere = reduce(tab, { type: "tab", tab: "graphs" });
    expect(page(moved(elsewhere, 1))).toBe("vm");
  });
});

describe("what is wrapped whole", () => {
  it("fits each line and loses nothing but the breaks", () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 60 })), fc.integer({ min: 2, max: 40 }), (words, width) => {
      const text = paintable(words.join(" "));
      const broken = wrappedWhole(text, width);
      expect(broken.every((line) => cellsOf(line) <= width)).toBe(true);
      expect(broken.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
    }));
  });
});
