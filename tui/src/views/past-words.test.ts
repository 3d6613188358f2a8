// Why something of then is not there: never the reason that holds now.
import { describe, expect, it } from "vitest";
import { asOf } from "../store/as-of.js";
import { VM_TABS } from "../store/state.js";
import type { State } from "../store/state.js";
import type { Vm, VmSample } from "../store/model.js";
import { reduce } from "../store/reduce.js";
import { NO_PAST } from "../store/past.js";
import type { Past, PastFrame } from "../store/past.js";
import type { Series } from "../store/series.js";
import { NOW, sample, stateWith, vm } from "../store/testing.js";
import { whyEmptyThen } from "./past-words.js";
import type { Subject } from "./past-words.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const AT = NOW - 60_000;
const A: Subject = { kind: "vm", id: "a" };
const ANSWERED: Series = { key: "vm a", from: AT - 300_000, to: AT, stepSeconds: 1, spanSeconds: 300, figures: {} };

function frame(vms: readonly Vm[], samples: readonly VmSample[] = []): PastFrame {
  return {
    at: AT, clock: AT, stepSeconds: 1, where: "", found: null, vms: new Map(vms.map((one) => [one.id, one])), samples: new Map(samples.map((one) => [one.vmId, one])), hostSamples: new Map(),
    definitions: new Map(), events: [], operations: [], memory: null, one: null,
  };
}
/** The past of a VM that runs now. */
function then(past: Partial<Past>): State {
  return { ...stateWith([vm({ id: "a" })], [sample("a", NOW)]), past: { ...NO_PAST, at: AT, series: new Map([["vm a", ANSWERED]]), ...past } };
}
const running = vm({ id: "a" });

describe("why a graph of then is empty", () => {
  it.each([
    ["it is not kept", { oldest: AT + 30_000, frame: frame([]) }, "not kept before 2026-11-23 13:01"],
    ["the server cannot answer", { trouble: "The database is away.", frame: null }, "The database is away."],
    ["the instant was not answered yet", { frame: null }, "asking the server"],
    ["its span was not answered yet", { frame: frame([running]), series: new Map() }, "asking the server"],
    ["the VM was not defined", { frame: frame([]), series: new Map() }, "not defined then"],
    ["the VM did not run", { frame: frame([vm({ id: "a", state: "STOPPED" })]) }, "stopped then: nothing to measure"],
    ["the VM had crashed", { frame: frame([vm({ id: "a", state: "CRASHED" })]) }, "crashed then: nothing to measure"],
    ["nothing was measured of it", { frame: frame([running]) }, "not measured: no sample came"],
    ["this alone was not measured", { frame: frame([running], [sample("a", AT)]) }, "not measured then"],
  ] as const)("where %s", (_, past, why) => expect(whyEmptyThen(asOf(then(past)), [A])).toBe(why));

  it("tells of several what holds for all of them, or that they differ", () => {
    const both = (...states: Vm["state"][]): string | null => whyEmptyThen(asOf(then({ frame: frame(states.map((state, index) => vm({ id: index === 0 ? "a" : "b", state }))), series: new Map([["vm a", ANSWERED], ["vm b", ANSWERED]]) })), [A, { kind: "vm", id: "b" }]);
    expect([both("STOPPED", "STOPPED"), both("STOPPED", "RUNNING")]).toEqual(["stopped then: nothing to measure", "nothing known of any of them then"]);
  });

  it("names what was never known of it", () => expect(whyEmptyThen(asOf(then({ frame: frame([running], [sample("a", AT)]) })), [A], "no read or write then")).toBe("no read or write then"));
  it("is for the live view to say where it is live", () => expect(whyEmptyThen(then({ at: null }), [A])).toBeNull());
});

describe("the screen of then", () => {
  const OF_NOW = /\(s starts it\)|waiting for the first|no sample yet|No event yet|No operation yet|has not reported|none taken yet|This VM is gone|Asking for the last lines/;
  const pasts: readonly (readonly [string, Partial<Past>])[] = [
    ["a running VM without figures", { frame: frame([running], [sample("a", AT, { cpuRatio: null })]) }], ["no sample", { frame: frame([running]) }],
    ["a stopped VM", { frame: frame([vm({ id: "a", state: "STOPPED" })]) }], ["no VM", { frame: frame([]) }], ["no answer", { frame: null }],
  ];
  it.each(pasts)("with %s gives no reason of now on any page", (_, past) => {
    const state = reduce(then(past), { type: "open", page: "vm" });
    for (const tab of VM_TABS) {
      for (const size of [{ columns: 80, rows: 24 }, { columns: 200, rows: 50 }]) expect(screen(asOf(reduce(state, { type: "tab", tab })), size, UNICODE).text(), tab).not.toMatch(OF_NOW);
    }
    for (const page of ["hosts", "events", "operations", "compare"] as const) expect(screen(asOf(reduce(then(past), { type: "open", page })), { columns: 120, rows: 40 }, UNICODE).text(), page).not.toMatch(OF_NOW);
    expect(screen(asOf(then(past)), { columns: 200, rows: 50 }, UNICODE).text()).not.toMatch(OF_NOW);
  });

  it("says of each unknown figure of memory why it is not known", () => {
    const memory = (past: Partial<Past>): string => screen(asOf(reduce(reduce(then(past), { type: "open", page: "vm" }), { type: "tab", tab: "memory" })), { columns: 80, rows: 24 }, UNICODE).text();
    expect(memory({ frame: frame([running], [sample("a", AT, { rssBytes: 1e8 })]) })).toMatch(/balloon actual +– +asking the server/);
    expect(memory({ frame: frame([running]) })).toMatch(/fair share +– +not measured: no sample came/);
  });

  it("says of a VM that was not there yet that it was not, and how to come back", () => {
    const gone = { ...reduce(then({ frame: frame([vm({ id: "b" })]) }), { type: "open", page: "vm" }) };
    expect(screen(asOf(gone), { columns: 80, rows: 24 }, UNICODE).text()).toContain("This VM was not defined then. 0 goes back to now.");
  });
});
