import { describe, expect, it } from "vitest";
import { BINDINGS, availability, bindingFor, labelOf } from "./keys.js";
import { reduce } from "./store/reduce.js";
import { PAGES, initialState } from "./store/state.js";
import { stateWith, vm } from "./store/testing.js";

describe("the key table", () => {
  it.each(PAGES)("gives each key of the %s page one meaning", (page) => {
    const keys = BINDINGS.filter((binding) => binding.pages.includes(page)).flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("finds a binding only on its pages", () => {
    expect(bindingFor(initialState(0), "s", "overview")?.command).toBe("start");
    expect(bindingFor(initialState(0), "s", "events")).toBeNull();
  });

  it("denies a verb with the server's own reason", () => {
    const state = stateWith([vm({ verbs: { START: { allowed: false, reason: "It is running." } } })]);
    const start = BINDINGS.find((binding) => binding.command === "start");
    expect(start && availability(state, start)).toEqual({ allowed: false, reason: "It is running." });
  });

  it.each([
    ["delete", "DELETE", []],
    ["powerCut", "FORCE_OFF", []],
    ["delete", "DELETE", ["web-1"]],
  ] as const)("says with which key a protected VM allows %s", (command, verb, marks) => {
    const refused = { [verb]: { allowed: false, reason: "it is protected" } };
    const protectedVm = stateWith([vm({ protected: true, verbs: refused })]);
    const state = marks.length === 0 ? protectedVm : reduce(protectedVm, { type: "markToggle" });
    const binding = BINDINGS.find((one) => one.command === command);
    expect(binding && availability(state, binding)).toEqual({ allowed: false, reason: "it is protected (here K takes the protection off)" });
    const own = { ...state, settings: { ...state.settings, keys: new Map([["protect", ["C-p"]]] as const) } };
    expect(binding && availability(own, binding)).toMatchObject({ reason: expect.stringContaining("here Ctrl-p takes") as string });
    expect(binding && availability(stateWith([vm({ verbs: refused })]), binding)).toMatchObject({ reason: "it is protected" });
  });

  it("denies every verb while the server is away and without a VM", () => {
    const away = { ...stateWith([vm({})]), connection: { phase: "lost", since: 0, reason: "connection refused" } as const };
    for (const binding of BINDINGS.filter((candidate) => candidate.verb !== undefined)) {
      expect(availability(away, binding).allowed).toBe(false);
      expect(availability(initialState(0), binding).allowed).toBe(false);
    }
  });

  it("calls p resume on a paused VM", () => {
    const pause = BINDINGS.find((binding) => binding.command === "pause");
    expect(pause && labelOf(stateWith([vm({ state: "PAUSED" })]), pause)).toBe("resume");
  });
});
