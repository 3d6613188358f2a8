import { describe, expect, it } from "vitest";
import { entryAvailability, find } from "./finder.js";
import { BINDINGS } from "./keys.js";
import { reduce } from "./store/reduce.js";
import { initialState } from "./store/state.js";
import type { State } from "./store/state.js";
import { stateWith, vm } from "./store/testing.js";

const fleet = stateWith([vm({ id: "web-1" }), vm({ id: "db-1", label: "Database" })]);
const labels = (state: State, text: string): string[] => find(state, text, "all").map(({ entry }) => entry.label);
const withCommands: State = { ...fleet, userCommands: [{ name: "ssh", run: ["ssh", "root@{vm}"] }, { name: "top", key: "X", run: ["htop"] }] };

describe("the finder", () => {
  it.each([["pow", "power cut"], ["cut pow", "power cut"], ["pwrct", "power cut"], ["sort cpu", "sort cpu"], ["go web", "go web-1"], ["datab", "go Database"], ["hlp", "help"]])("finds by %j first %j", (text, first) => {
    expect(labels(fleet, text)[0]).toBe(first);
  });

  it("says which letters of the name were typed", () => {
    const found = find(fleet, "pwr", "all").find(({ entry }) => entry.label === "power cut");
    expect(found?.matched.map((place) => "power cut"[place]).join("")).toBe("pwr");
  });

  it("finds nothing by a word that is nowhere", () => expect(labels(fleet, "xyzzyq")).toEqual([]));

  it("offers without a text every action of the table but the moves, those of this page first, and no VM", () => {
    const found = find(fleet, "", "all");
    const lastHere = found.map(({ entry }) => entry.isHere).lastIndexOf(true);
    expect(found.slice(0, lastHere + 1).every(({ entry }) => entry.isHere)).toBe(true);
    const commands = found.flatMap(({ entry }) => (entry.doing.kind === "binding" ? [entry.doing.binding.command] : []));
    const wanted = BINDINGS.filter((binding) => binding.command !== "find" && (binding.group !== "Move" || ["quit", "redraw"].includes(binding.command))).map((binding) => binding.command);
    expect([...commands].sort()).toEqual([...wanted].sort());
    expect(labels(fleet, "").some((label) => label.startsWith("go "))).toBe(false);
  });

  it("puts what was used lately first, the newest before the older", () => {
    const used = ["events", "help"].reduce((state, id) => reduce(state, { type: "found", id }), fleet);
    expect(labels(used, "").slice(0, 2)).toEqual(["help", "events"]);
  });

  it("remembers each once and a few only", () => {
    const ids = ["a", "b", "c", "d", "e", "f", "g", "a"];
    const used = ids.reduce((state, id) => reduce(state, { type: "found", id }), fleet);
    expect(used.ui.recent).toEqual(["a", "g", "f", "e", "d", "c"]);
  });

  it("says why what it found cannot be done", () => {
    const entry = (state: State, text: string) => {
      const first = find(state, text, "all")[0]?.entry;
      if (first === undefined) throw new Error("nothing was found");
      return entryAvailability(state, first);
    };
    expect(entry(initialState(0), "power cut")).toEqual({ allowed: false, reason: "No VM is selected." });
    expect(entry(reduce(fleet, { type: "open", page: "events" }), "mark range")).toMatchObject({ allowed: false, reason: expect.stringContaining("overview") as string });
    expect(entry(fleet, "go web")).toEqual({ allowed: true });
  });

  it("reaches the selected VM with its verbs from a page that has none, and on a list the VM of the chosen line", () => {
    const powerCut = (state: State) => find(state, "power cut", "all")[0]?.entry;
    const onHosts = reduce(fleet, { type: "open", page: "hosts" });
    expect(powerCut(onHosts)).toMatchObject({ reaches: onHosts.ui.selectedVmId, isHere: false });
    const event = { cursor: 1n, time: 0, kind: "VM_CHANGED", vmId: "web-1", operationId: null, state: null, actor: null, message: "x" };
    const onEvents = reduce(reduce(fleet, { type: "events", events: [event], newestCursor: null }), { type: "open", page: "events" });
    const found = powerCut(onEvents);
    expect(found).toMatchObject({ reaches: "web-1", help: expect.stringMatching(/^web-1: Cut the power/) as string });
    if (found !== undefined) expect(entryAvailability(onEvents, found)).toEqual({ allowed: true });
    // An event of no VM is of none, whatever is selected.
    const ofNone = reduce(reduce(fleet, { type: "events", events: [{ ...event, vmId: null }], newestCursor: null }), { type: "open", page: "events" });
    expect(powerCut(ofNone)?.reaches).toBeNull();
  });

  it("lists the person's own commands among all, and alone", () => {
    expect(labels(withCommands, "ssh")[0]).toBe("ssh");
    expect(find(withCommands, "", "user").map(({ entry }) => [entry.label, entry.key])).toEqual([["ssh", ""], ["top", "X"]]);
  });

  it("opens a VM that the filter hides", () => {
    const filtered = reduce(fleet, { type: "filter", text: "web" });
    const gone = reduce(filtered, { type: "goTo", vmId: "db-1" });
    expect([gone.ui.selectedVmId, gone.ui.pages]).toEqual(["db-1", ["overview", "vm"]]);
    expect(reduce(filtered, { type: "goTo", vmId: "nobody" })).toBe(filtered);
  });
});
