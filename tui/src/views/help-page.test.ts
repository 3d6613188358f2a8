import { describe, expect, it } from "vitest";
import { BINDINGS, availability } from "../keys.js";
import { reduce } from "../store/reduce.js";
import { NOW, stateWith, vm } from "../store/testing.js";
import { PAGES } from "../store/state.js";
import type { Page, State } from "../store/state.js";
import { cellsOf } from "../width.js";
import { helpLines } from "./help-page.js";
import type { HelpLine } from "./help-page.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const SIZE = { columns: 80, rows: 24 };
const REASON = "The guest is being moved to another host and its disks are copied: wait for that to end, or cancel it on the page of operations.";
const refusing = vm({ verbs: Object.fromEntries(["START", "STOP", "FORCE_OFF", "RESET", "PAUSE", "RESUME", "DELETE", "CONSOLE"].map((verb) => [verb, { allowed: false, reason: REASON }])) });

/** The help, opened from a page. */
function helpOn(page: Page, state = stateWith([vm({})])): State {
  const there = page === "overview" ? state : reduce(state, { type: "open", page });
  return reduce(there, { type: "open", page: "help" });
}
function textOf(lines: readonly HelpLine[]): string {
  return lines.map((line) => (line.kind === "head" ? `# ${line.text}` : line.kind === "binding" ? line.text : "")).join(" ");
}
const heads = (state: State): string[] => helpLines(state, SIZE.columns).flatMap((line) => (line.kind === "head" ? [line.text] : []));

describe("the help page", () => {
  it.each(PAGES.filter((page) => page !== "form" && page !== "help"))("opened from the page %s tells its own keys first, then those of everywhere, then the rest", (page) => {
    const order = heads(helpOn(page)).map((head) => (head.startsWith("This page, ") ? 0 : head.startsWith("Everywhere") ? 1 : 2));
    expect(order).toEqual(order.toSorted());
    expect(order).toContain(1);
    const before = textOf(helpLines(helpOn(page), SIZE.columns)).split("# Everywhere")[0] ?? "";
    const own = BINDINGS.filter(({ pages }) => pages.length === 1 && pages[0] === page);
    for (const { help } of own) expect(before).toContain(help);
  });

  it.each(PAGES.filter((page) => page !== "form"))("opened from the page %s names every binding once", (page) => {
    const lines = helpLines(helpOn(page), SIZE.columns);
    expect(lines.filter((line) => line.kind === "binding" && line.keys !== "")).toHaveLength(BINDINGS.length);
  });

  it.each([80, 120, 200])("cuts no sentence and no reason at %i columns", (columns) => {
    const state = helpOn("overview", stateWith([refusing]));
    const lines = helpLines(state, columns);
    const text = textOf(lines);
    for (const binding of BINDINGS) {
      const able = availability(state, binding);
      expect(text).toContain(able.allowed ? binding.help : `${binding.help} Not now: ${able.reason}`);
    }
    expect(text.split(REASON).length - 1).toBeGreaterThan(6);
    for (const line of lines) if (line.kind === "binding") expect(cellsOf(line.text)).toBeLessThanOrEqual(columns - 19);
  });

  it("is scrolled to its last line and no further, however many lines the reasons take", () => {
    let state = helpOn("overview", stateWith([refusing]));
    const total = helpLines(state, SIZE.columns).length;
    state = reduce(state, { type: "sized", bodyRows: 20, columns: SIZE.columns, helpLines: total });
    const shown = (one: State): string => screen({ ...one, now: NOW }, SIZE, UNICODE).text();
    const end = reduce(state, { type: "moveTo", edge: "last" });
    expect(shown(end)).not.toContain("for more");
    expect(shown(reduce(state, { type: "move", by: 1 }))).toContain("for more");
    expect(end.ui.scroll["help"]).toBeLessThan(total);
  });

  it("has room for the whole legend of signs at 80 columns", () => expect(screen(helpOn("overview"), SIZE, UNICODE).text()).toContain("– unknown"));
});
