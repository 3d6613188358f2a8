import { describe, expect, it } from "vitest";
import { BINDINGS } from "../keys.js";
import type { Command } from "../keys.js";
import { reduce } from "../store/reduce.js";
import { stateWith, vm } from "../store/testing.js";
import { PAGES } from "../store/state.js";
import type { Page, State } from "../store/state.js";
import { keysThatFit } from "./footer.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const LEAST = { columns: 80, rows: 24 };
function keyLine(state: State, columns: number = LEAST.columns): string {
  return screen(state, { ...LEAST, columns }, UNICODE).line(LEAST.rows - 1).trimEnd();
}
const on = (page: Page, state = stateWith([vm({})])): State => (page === "overview" ? state : reduce(state, { type: "open", page }));

describe("the line of keys", () => {
  it.each(PAGES.filter((page) => page !== "form"))("names help at 80 columns on the page %s", (page) => {
    expect(keyLine(on(page))).toContain("? help");
  });

  it("names the way out of a form, where every letter is typed", () => {
    expect(keyLine(on("form"))).toMatch(/Enter make it .*Esc leave$/);
  });

  it("leaves marking out first, and names it where there is room", () => {
    expect(keyLine(on("overview"))).toBe(" s start  S stop  p pause  c console  w why  e events  / filter  : do  ? help");
    expect(keyLine(on("overview"), 120)).toContain("Space mark");
  });

  it("names help whatever keys the person has chosen", () => {
    const state = on("overview");
    const keys = new Map<Command, string[]>(BINDINGS.filter(({ command }) => command !== "help").map(({ command }) => [command, ["backspace"]]));
    expect(keyLine({ ...state, settings: { ...state.settings, keys } })).toContain("? help");
  });

  it("names while a console is open the keys that work then, and no other", () => {
    expect(keyLine(reduce(on("overview"), { type: "console", console: { vmId: "web-1", view: "split" } }))).toBe(" Ctrl-] leave the console  F12 full screen");
  });

  it.each(["events", "operations"] as const)("does not name the key that opened the page of %s", (page) => {
    expect(keyLine(on(page))).not.toMatch(new RegExp(` ${page} `));
  });

  it("says that a paused VM can be resumed, and help with it", () => {
    expect(keyLine(stateWith([vm({ state: "PAUSED" })]))).toMatch(/p resume .*\? help$/);
  });

  it("keeps help alone when nothing else fits, and all when all do", () => {
    const named = (command: Command, label: string) => ({ command, key: "x", name: "x", label, usable: true });
    const keys = [named("start", "start"), named("mark", "mark"), named("help", "help"), named("quit", "quit")];
    const labels = (room: number): string[] => keysThatFit(keys, room).map(({ label }) => label);
    expect([labels(31), labels(30), labels(22), labels(14), labels(2)]).toEqual([["start", "mark", "help", "quit"], ["start", "help", "quit"], ["start", "help"], ["help"], ["help"]]);
  });
});

describe("the line of messages", () => {
  const said = (tone: "info" | "error", text: string) => screen(reduce(stateWith([vm({})]), { type: "notice", tone, text }), LEAST, UNICODE);
  const PATH = "/srv/home/of/a/person/with/a/long/name/and/deep/folders/tmp/quetzal-edit-AbCdEf/web-1.yaml";

  it("shows an error on two lines, the end of a path readable and the keys kept", () => {
    const frame = said("error", `What was written is kept in ${PATH}. web-1: Line 6: vcpus: too many for lab1`);
    expect([frame.line(LEAST.rows - 3), frame.line(LEAST.rows - 2)].map((line) => line.trim())).toEqual([
      "▲ What was written is kept in", "/srv/home/of/a/pers…/quetzal-edit-AbCdEf/web-1.yaml. web-1: Line 6: vcpus: to…",
    ]);
    expect(frame.line(LEAST.rows - 1)).toContain("? help");
  });

  it("leaves the rule where one line is enough", () => {
    const frame = said("error", "start: It is running.");
    expect([frame.line(LEAST.rows - 3).trim(), frame.line(LEAST.rows - 2).trim()]).toEqual(["─".repeat(78), "▲ start: It is running."]);
  });
});
