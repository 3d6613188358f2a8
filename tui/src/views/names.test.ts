import { describe, expect, it } from "vitest";
import { reduce } from "../store/reduce.js";
import type { Event, Operation } from "../store/model.js";
import type { Page, State } from "../store/state.js";
import { NOW, sample, stateWith, vm } from "../store/testing.js";
import { nameCells, nameNeeds } from "./names.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const LIKE_NAMES = ["web-frontend-eu-01", "web-frontend-eu-02", "web-frontend-us-01"];
const event = (vmId: string, index: number): Event => ({ cursor: BigInt(index + 1), time: NOW, kind: "STATE", vmId, operationId: null, state: "RUNNING", actor: null, message: "It runs." });
const operation = (vmId: string): Operation => ({ id: `of ${vmId}`, kind: "START", vmId, state: "SUCCEEDED", progressRatio: 1, cancellable: false, error: null, requestedBy: "admin", startedAt: NOW, endedAt: NOW });

function shown(page: Page, names: readonly string[], columns: number, rows: number): string[] {
  let state: State = stateWith(names.map((id) => vm({ id })), names.map((id) => sample(id, NOW)));
  state = reduce(state, { type: "events", events: names.map(event), newestCursor: null });
  state = reduce(state, { type: "operations", operations: names.map(operation) });
  if (page !== "overview") state = reduce(state, { type: "open", page });
  return screen(state, { columns, rows }, UNICODE).text().split("\n");
}

describe("the room of names", () => {
  it.each([
    [["a", "b"], { told: 12, whole: 12 }], [LIKE_NAMES, { told: 12, whole: 18 }],
    // Alike at both ends.
    [["team-blue-web-frontend-01", "team-cyan-web-frontend-01"], { told: 16, whole: 25 }],
    // More than the most, and the same wherever they are cut.
    [["x".repeat(64), "x".repeat(63)], { told: 12, whole: 32 }], [[], { told: 12, whole: 12 }],
  ])("for %j is %j", (names, needs) => expect(nameNeeds(names)).toEqual(needs));

  it("is whole on a wide line and no more than what tells them apart on a narrow one", () => {
    const needs = { told: 20, whole: 25 };
    expect([nameCells(needs, 80), nameCells(needs, 120), nameCells(needs, 80, 22), nameCells({ told: 32, whole: 32 }, 80)]).toEqual([20, 25, 22, 24]);
  });
});

/** Rows of the smallest screen down to the end of three lines of any list. */
const LIST_ROWS = 10;

describe("names of one family", () => {
  it.each(["overview", "events", "operations", "compare"] as const)("stand whole on the page %s of a wide screen", (page) => {
    for (const [columns, rows] of [[120, 40], [200, 50]] as const) {
      const text = shown(page, LIKE_NAMES, columns, rows).join("\n");
      // One VM is compared while none is marked.
      for (const name of page === "compare" ? LIKE_NAMES.slice(0, 1) : LIKE_NAMES) expect(text).toContain(name);
    }
  });

  it.each(["overview", "events", "operations"] as const)("are told apart on the page %s of the smallest screen", (page) => {
    for (const names of [LIKE_NAMES, ["team-blue-web-frontend-01", "team-cyan-web-frontend-01"]]) {
      // What is chosen is told whole further down.
      const starts = shown(page, names, 80, 24).slice(0, LIST_ROWS).map((line) => /(?:web-|team-)\S*/.exec(line)?.[0]).filter((name) => name !== undefined);
      expect(new Set(starts).size, starts.join(" ")).toBe(names.length);
    }
  });

  it("take the place of the small graph only where they must", () => {
    const head = (names: readonly string[]): string => shown("overview", names, 80, 24).find((line) => line.includes("NAME")) ?? "";
    expect(head(LIKE_NAMES)).toContain("last 64s");
    expect(head(["team-blue-web-frontend-01", "team-cyan-web-frontend-01"])).not.toContain("last 64s");
  });
});
