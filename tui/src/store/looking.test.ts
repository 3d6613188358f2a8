import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMPARED_MAX, comparedVms } from "./compare.js";
import { diskPart, nicPart, vcpuPart, withDetail } from "./detail-rings.js";
import type { VmDetail } from "./model.js";
import { reduce } from "./reduce.js";
import { host, selectedHost } from "./select.js";
import { LOG_KEPT } from "./state.js";
import type { State } from "./state.js";
import { TAIL_BODY_ROWS, TAIL_COLUMNS, tailOf } from "./tail.js";
import { NOW, sample, stateWith, vm } from "./testing.js";
import { lastMsOf, Ring, windowOf } from "./ring.js";
import { seriesWindow } from "./series.js";
import { graphSpan, partWindow, vmWindow } from "./windows.js";

const texts = (state: State): string[] => state.log.map((line) => line.text);

describe("going back", () => {
  it("ends on the overview, however many pages were opened", () => {
    const wander = ["hosts", "events", "log", "operations", "help", "compare", "columns", "views", "hosts", "events"] as const;
    let state = wander.reduce<State>((before, page) => reduce(before, { type: "open", page }), stateWith([vm({})]));
    for (let steps = 0; steps < wander.length; steps++) state = reduce(state, { type: "back" });
    expect(state.ui.pages).toEqual(["overview"]);
  });
});

describe("the log", () => {
  const start = stateWith([vm({})]);
  const notice = (state: State, text: string): State => reduce(state, { type: "notice", tone: "error", text });

  it("keeps what was said, the newest last, after the notice itself is gone", () => {
    const said = reduce(notice(notice(start, "one"), "two"), { type: "clearNotice" });
    expect([texts(said), said.ui.notice]).toEqual([["one", "two"], null]);
  });

  it("counts what is said again in one line", () => {
    const again = notice(notice(notice(start, "refused"), "refused"), "refused");
    expect(again.log).toEqual([{ time: NOW, tone: "error", text: "refused", times: 3 }]);
  });

  it("is bounded", () => {
    let state = start;
    for (let index = 0; index < LOG_KEPT + 20; index++) state = notice(state, `line ${index}`);
    expect([state.log.length, texts(state)[0]]).toEqual([LOG_KEPT, "line 20"]);
  });

  it("tells a lost server and its return once each", () => {
    const lost = { type: "connection", connection: { phase: "lost", since: NOW - 12_000, reason: "connection refused" } } as const;
    const back = reduce(reduce(reduce(start, lost), lost), { type: "connection", connection: { phase: "live" } });
    expect(texts(back)).toEqual(["The server is away: connection refused", "The server is back after 12 s."]);
  });
});

describe("the last lines of a console", () => {
  const sized = (state: State, columns: number, bodyRows: number): State => reduce(state, { type: "sized", columns, bodyRows });
  const onConsoleTab = (state: State): State => reduce(reduce(state, { type: "open", page: "vm" }), { type: "tab", tab: "console" });
  const running = stateWith([vm({ id: "a" })]);
  const cases: readonly (readonly [string, State, string | null])[] = [
    ["an overview without room", sized(running, TAIL_COLUMNS - 1, TAIL_BODY_ROWS), null],
    ["a large overview", sized(running, TAIL_COLUMNS, TAIL_BODY_ROWS), "a"],
    ["the console's tab", onConsoleTab(running), "a"],
    ["another tab", reduce(onConsoleTab(running), { type: "tab", tab: "cpu" }), null],
    ["the tab of a VM that is off", onConsoleTab(stateWith([vm({ id: "a", state: "STOPPED" })])), null],
    ["an open console", reduce(sized(running, 200, 50), { type: "console", console: { vmId: "a", view: "split" } }), null],
    ["no VM", sized(stateWith([]), 200, 50), null],
  ];
  it.each(cases)("are followed on %s", (_where, state, vmId) => expect(tailOf(state)).toBe(vmId));
});

describe("the parts of a VM", () => {
  const detail = (time: number, ratio: number): VmDetail => ({
    time, cpuUserRatio: null, cpuSystemRatio: null, vcpus: [{ index: 0, ratio, stealRatio: 0.1 }],
    disks: [{ name: "vda", readBytesPerSecond: null, writeBytesPerSecond: null, readsPerSecond: 5, writesPerSecond: null, flushesPerSecond: null, readLatencySeconds: 0.002, writeLatencySeconds: null, flushLatencySeconds: null, allocatedBytes: null, capacityBytes: null }],
    nics: [{ name: "net0", rxBytesPerSecond: null, txBytesPerSecond: null, rxPacketsPerSecond: 7, txPacketsPerSecond: null, dropsPerSecond: 0 }],
    guestUpdatedAt: null, guestCacheBytes: null, guestMajorFaultsPerSecond: null, guestSwapInBytesPerSecond: null, guestSwapOutBytesPerSecond: null, pssBytes: null, swapBytes: null, ksmProfitBytes: null, qmpAgeMs: null, pluggedBytes: null, vcpusPresent: null, throttledTimeRatio: null, majorFaultsPerSecond: 2,
  });

  it("have a second by second record from the opening of the page on", () => {
    const seen = [0, 1_000].reduce((state, after) => reduce(state, { type: "detail", vmId: "a", detail: detail(NOW + after, after === 0 ? 0.2 : 0.6) }), stateWith([vm({ id: "a" })], [sample("a", NOW + 1_000)]));
    const last = (part: string): number | undefined => partWindow(seen, "a", part, 300).columns.at(-1);
    expect(partWindow(seen, "a", vcpuPart(0, "ratio"), 300).columns.slice(-2)).toEqual([Math.fround(0.2), Math.fround(0.6)]);
    expect([last(diskPart("vda", "readLatencySeconds")), last(nicPart("net0", "rxPacketsPerSecond")), last(diskPart("vda", "writesPerSecond"))]).toEqual([Math.fround(0.002), 7, NaN]);
  });

  it("have from before what history has, beneath what was seen, and of another VM nothing", () => {
    const seen = reduce(stateWith([vm({ id: "a" })], [sample("a", NOW)]), { type: "detail", vmId: "a", detail: detail(NOW, 0.5) });
    const history = { [vcpuPart(0, "ratio")]: { times: [-2_000, -1_000, 0].map((ago) => NOW + ago), values: [0.25, null, 0.75] }, [vcpuPart(1, "ratio")]: { times: [NOW - 1_000], values: [0.125] } };
    const filled = reduce(seen, { type: "partHistory", vmId: "a", history });
    const shown = (state: State, index: number): number[] => partWindow(state, "a", vcpuPart(index, "ratio"), 300).columns.slice(-3);
    expect(shown(filled, 0)).toEqual([0.25, 0.375, 0.5]);
    expect(shown(filled, 1)).toEqual([NaN, 0.125, NaN]);
    expect(shown(reduce(filled, { type: "partHistory", vmId: "b", history: {} }), 0)).toEqual([NaN, NaN, NaN]);
  });

  it("are drawn from history in the past and over long spans: vCPUs each, of disks no more of now than was seen", () => {
    const seen = reduce(stateWith([vm({ id: "a" })], [sample("a", NOW)]), { type: "detail", vmId: "a", detail: detail(NOW, 0.5) });
    const hour = 3_600_000;
    const zoomed = [1, 1, 1].reduce((state) => reduce(state, { type: "zoom", by: 1 }), seen);
    const kept = { key: "vm a", from: NOW - hour, to: NOW, stepSeconds: 60, spanSeconds: 3_600, figures: { [vcpuPart(0, "ratio")]: new Array<number>(60).fill(0.25), readLatencySeconds: new Array<number>(60).fill(9) } };
    const state: State = { ...zoomed, past: { ...zoomed.past, series: new Map([["vm a", kept]]) } };
    expect(graphSpan(state).seconds).toBe(3_600);
    const last = (one: State, part: string): number | undefined => partWindow(one, "a", part, 60).columns.at(-2);
    expect(last(state, vcpuPart(0, "ratio"))).toBe(0.25);
    expect(partWindow(state, "a", diskPart("vda", "readLatencySeconds"), 60).columns.at(-1)).toBe(Math.fround(0.002));
    const close: State = { ...state, past: { ...state.past, zoom: zoomed.past.zoom - 3 } };
    expect(partWindow(close, "a", vcpuPart(0, "ratio"), 60).columns.at(-1)).toBe(0.5);
    const then: State = { ...state, past: { ...state.past, at: NOW - 60_000 } };
    expect([last(then, vcpuPart(0, "ratio")), last(then, diskPart("vda", "readLatencySeconds"))]).toEqual([0.25, 9]);
  });

  it("are dropped with the page of another VM", () => {
    const first = withDetail(null, "a", detail(NOW, 0.2));
    expect(withDetail(first, "a", detail(NOW + 1_000, 0.3))).toBe(first);
    expect(withDetail(first, "b", detail(NOW, 0.5)).parts.get(vcpuPart(0, "ratio"))?.at(Math.floor(NOW / 1000))).toBeCloseTo(0.5);
  });
});

describe("what a graph spans", () => {
  it("is what the zoom says, whatever its columns are", () => expect(graphSpan(stateWith([]))).toEqual({ seconds: 300, end: "now" }));

  it("draws a second where the axis has it, in any number of columns", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 0, max: 298 }), fc.integer({ min: 0, max: 100_000 }), (columns, ageSeconds, later) => {
      const end = Math.floor(NOW / 1000) + later;
      const ring = new Ring();
      ring.push((end - ageSeconds) * 1000, 1);
      const place = windowOf(ring, end, 300, columns).columns.indexOf(1);
      // The right edge is where the newest column ends: what stands there may be a column, and a second, off.
      const expected = (1 - ageSeconds / 300) * columns;
      expect(place).toBeGreaterThan(expected - 2 - columns / 300);
      expect(place).toBeLessThanOrEqual(expected + 1);
    }));
  });

  it("is drawn of the past as it was live", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 64 }), { minLength: 330, maxLength: 330 }), fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 999 }), fc.constantFrom(60, 120, 300), (values, columns, offsetMs, span) => {
      const last = Math.floor(NOW / 1000);
      const ring = new Ring();
      values.forEach((value, index) => ring.push((last - values.length + 1 + index) * 1000 + offsetMs, value / 64));
      const from = (last - values.length + 1) * 1000;
      // What came after the instant is kept too, and is not drawn.
      const figures = { cpu: [...values.map((value) => value / 64), 7, 7] };
      const then = seriesWindow({ key: "vm a", from, to: from + figures.cpu.length * 1000, stepSeconds: 1, spanSeconds: span, figures }, "cpu", lastMsOf(last), span, columns);
      expect(then).toEqual(windowOf(ring, last, span, columns));
    }));
  });

  it("has the lowest and the highest second of the window", () => {
    const state = stateWith([vm({ id: "a" })], [sample("a", NOW - 2_000, { cpuRatio: 0.5 })]);
    const later = reduce(state, { type: "samples", samples: [sample("a", NOW - 1_000, { cpuRatio: 0.125 }), sample("a", NOW, { cpuRatio: 0.25 })] });
    expect(vmWindow(later, "a", "cpu", 10)).toMatchObject({ peak: 0.5, low: 0.125 });
  });
});

describe("what is compared and shown", () => {
  const ids = Array.from({ length: COMPARED_MAX + 3 }, (_, index) => `vm-${index}`);
  const fleet = stateWith(ids.map((id) => vm({ id })));
  const marking = (marks: readonly string[]): State => ({ ...fleet, ui: { ...fleet.ui, marks: new Set(marks) } });
  it.each([[[], ["vm-0"]], [["vm-3", "vm-1"], ["vm-3", "vm-1"]], [["gone", "vm-2"], ["vm-2"]], [ids, ids.slice(0, COMPARED_MAX)]] as const)("marks %j compare %j", (marks, compared) => {
    expect(comparedVms(marking(marks)).map(({ id }) => id)).toEqual(compared);
  });

  it("is of the host the chosen VM is on", () => {
    const hosts = ["lab1", "lab2"].map((id) => ({ id, name: id, connected: true, connectionError: null, connectedSince: null, bootedAt: null, cpuModel: "x", cpuCount: 2, memoryBytes: 1, daemonVersion: "0", qemuVersion: "7", kernel: "6", capabilities: [] }));
    const there = { ...stateWith([vm({ id: "a", hostId: "lab2" })]), hosts };
    expect([host(there)?.id, selectedHost(there)?.id]).toEqual(["lab2", "lab2"]);
    expect(selectedHost(reduce(reduce(there, { type: "open", page: "hosts" }), { type: "move", by: -1 }))?.id).toBe("lab1");
  });
});
