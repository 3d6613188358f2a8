// The time machine: where the keys lead, what is seen of then, and that now goes on unseen.
import { describe, expect, it } from "vitest";
import { alertsThen } from "./alerts-then.js";
import { asOf } from "./as-of.js";
import { comparedInstants, difference } from "./instants.js";
import type { Alert, Event, Operation } from "./model.js";
import { REACH_SECONDS, ZOOMS, isCompared, isLoading, spanSeconds, stepSeconds, whereThen, whyNothing } from "./past.js";
import type { PastFrame } from "./past.js";
import { reduce } from "./reduce.js";
import { page, sampleAgeMs, selectedVm, serverNow, visibleVms } from "./select.js";
import { covers, seriesWindow } from "./series.js";
import type { Series } from "./series.js";
import type { State } from "./state.js";
import { NOW, sample, stateWith, vm } from "./testing.js";
import { graphSpan, vmWindow } from "./windows.js";

const HOUR_MS = 3_600_000;
const host = { id: "lab1", name: "lab1", connected: false, connectionError: "gone" } as State["hosts"][number];

/** Two VMs, and a host whose newest sample was taken 400 ms ago. */
function live(): State {
  const state = stateWith([vm({ id: "web-1" }), vm({ id: "web-2" })], [sample("web-1", NOW - 400), sample("web-2", NOW - 400, { cpuRatio: 0.9 })]);
  return { ...state, hosts: [host], hostSamples: new Map([["lab1", { hostId: "lab1", time: NOW - 400 } as never]]) };
}
const NEWEST = NOW - 400 + 500;

function frame(at: number, change: Partial<PastFrame> = {}): PastFrame {
  const old = vm({ id: "web-1", label: "old-name", state: "PAUSED", verbs: {} });
  return { at, clock: at - 500, stepSeconds: 1, where: "", found: null, vms: new Map([["web-1", old]]), samples: new Map([["web-1", sample("web-1", at, { cpuRatio: 0.1 })]]), hostSamples: new Map(), definitions: new Map([["web-1", ["{}"]]]), events: [], operations: [], memory: null, one: null, ...change };
}
const scrub = (state: State, steps: number): State => reduce(state, { type: "scrub", steps });
function then(state: State, steps = -10): State {
  const gone = scrub(state, steps);
  return reduce(gone, { type: "pastFrame", frame: frame(gone.past.at ?? 0) });
}

describe("scrubbing", () => {
  it("goes back from half a second after the newest sample, by steps, and forth to now", () => {
    const one = scrub(live(), -1);
    expect(one.past.at).toBe(NEWEST - 1_000);
    expect(scrub(one, -10).past.at).toBe(NEWEST - 11_000);
    expect(scrub(scrub(one, -10), 5).past.at).toBe(NEWEST - 6_000);
    expect(scrub(one, 1).past).toMatchObject({ at: null, frame: null });
    expect(scrub(live(), 1).past.at).toBeNull();
  });

  it("never goes further back than anything is kept", () => {
    let state = reduce(live(), { type: "zoom", by: 1 });
    for (let zoom = 0; zoom < 20; zoom += 1) state = reduce(state, { type: "zoom", by: 1 });
    expect(spanSeconds(state.past)).toBe(30 * 86_400);
    expect(graphSpan(state)).toEqual({ seconds: 30 * 86_400, end: "now" });
    expect(scrub(state, -10_000).past.at).toBe(NEWEST - REACH_SECONDS * 1000);
  });

  it.each([[0, 1], [30 * 60_000, 1], [2 * HOUR_MS, 10], [30 * HOUR_MS, 60]])("steps %i ms back by %i s at least, as it is kept", (ageMs, step) => {
    const state = live();
    expect(stepSeconds({ ...state, past: { ...state.past, at: serverNow(state) - ageMs } })).toBe(step);
  });

  it("has zooms from a minute to 30 days, each with a step that the server keeps", () => {
    expect(ZOOMS[0].seconds).toBe(60);
    for (const [index, { seconds, step }] of ZOOMS.entries()) {
      expect(seconds).toBeGreaterThan(ZOOMS[index - 1]?.seconds ?? 0);
      expect(seconds / step).toBeGreaterThanOrEqual(60);
    }
    expect(reduce(live(), { type: "zoom", by: -1 }).past.zoom).toBe(1);
    expect(reduce(reduce(reduce(live(), { type: "zoom", by: -1 }), { type: "zoom", by: -1 }), { type: "zoom", by: -1 }).past.zoom).toBe(0);
  });

  it("comes back to now with one key, and to five minutes with one more", () => {
    const state = reduce(then(live()), { type: "zoom", by: 1 });
    const back = reduce(state, { type: "present" });
    expect(back.past).toMatchObject({ at: null, frame: null });
    expect(spanSeconds(back.past)).toBe(600);
    expect(spanSeconds(reduce(back, { type: "present" }).past)).toBe(300);
  });
});

describe("what is seen", () => {
  it("is the live state itself while nobody has gone back", () => {
    const state = live();
    expect(asOf(state)).toBe(state);
  });

  it("is the frame of then: VMs, figures, ages, events; and the same object for the same state", () => {
    const state = then(live());
    const seen = asOf(state);
    expect(asOf(state)).toBe(seen);
    expect(visibleVms(seen).map(({ label, state: was }) => [label, was])).toEqual([["old-name", "PAUSED"]]);
    expect(seen.samples.get("web-1")?.cpuRatio).toBe(0.1);
    expect(serverNow(seen)).toBe(state.past.at);
    expect(seen.past.seenFrom).toBe(NOW);
    expect(sampleAgeMs(seen)).toBeNull();
    expect(seen.definition).toEqual({ vmId: "web-1", lines: ["{}"] });
    expect(seen.hosts[0]?.connected).toBe(true);
  });

  it("shows what had not ended then as under way", () => {
    const ended: Operation = { id: "o", kind: "STOP_VM", vmId: "web-1", state: "FAILED", progressRatio: 1, cancellable: false, error: "late", requestedBy: "local", startedAt: NEWEST - 20_000, endedAt: NEWEST - 5_000 };
    const state = scrub(live(), -10);
    const seen = (operation: Operation) => asOf(reduce(state, { type: "pastFrame", frame: frame(state.past.at ?? 0, { operations: [operation] }) })).operations[0];
    expect(seen(ended)).toMatchObject({ state: "RUNNING", endedAt: null, error: null });
    expect(seen({ ...ended, endedAt: NEWEST - 15_000 })).toMatchObject({ state: "FAILED", error: "late" });
  });

  it("lets live news come in unseen, and has them when it is back", () => {
    let state = then(live());
    const before = asOf(state);
    state = reduce(state, { type: "samples", samples: [sample("web-1", NOW + 600, { cpuRatio: 0.77 })] });
    state = reduce(state, { type: "vmChanged", id: "web-3", vm: vm({ id: "web-3" }), sample: null });
    expect(visibleVms(asOf(state)).map(({ id }) => id)).toEqual(visibleVms(before).map(({ id }) => id));
    expect(asOf(state).samples.get("web-1")?.cpuRatio).toBe(0.1);
    state = reduce(state, { type: "present" });
    expect(asOf(state).samples.get("web-1")?.cpuRatio).toBe(0.77);
    expect(asOf(state).vms.has("web-3")).toBe(true);
  });

  it("moves and chooses among the VMs of then, and keeps a page of a VM that is gone now", () => {
    const [gone, other] = [vm({ id: "gone" }), vm({ id: "web-1" })];
    let state = scrub(live(), -10);
    state = reduce(state, { type: "pastFrame", frame: frame(state.past.at ?? 0, { vms: new Map([["gone", gone], ["web-1", other]]), samples: new Map([["gone", sample("gone", NOW, { cpuRatio: 3 })]]) }) });
    state = reduce(state, { type: "moveTo", edge: "first" });
    expect(selectedVm(asOf(state))?.id).toBe("gone");
    state = reduce(state, { type: "enter" });
    expect([page(state), selectedVm(asOf(state))?.id]).toEqual(["vm", "gone"]);
    state = reduce(state, { type: "present" });
    expect(state.ui.selectedVmId).not.toBe("gone");
    expect(page(state)).toBe("overview");
  });

  it("says that it is asking, what went wrong, and where what is kept begins", () => {
    let state = scrub(live(), -10);
    expect(isLoading(state.past)).toBe(true);
    expect(whyNothing(state.past)).toBeNull();
    const at = state.past.at ?? 0;
    expect(reduce(state, { type: "pastTrouble", at, reason: "The database is away." }).past.trouble).toBe("The database is away.");
    expect(reduce(state, { type: "pastTrouble", at: at - 1, reason: "old" }).past.trouble).toBeNull();
    state = reduce(state, { type: "pastFrame", frame: frame(at, { vms: new Map() }) });
    expect(whyNothing(state.past)).toBe("No VM was defined then.");
    expect(whyNothing(reduce(state, { type: "pastBounds", oldest: at + 1 }).past)).toMatch(/^Nothing is kept of then: what is kept begins 2026-11-23/);
  });

  it("shows of a filter what passed it then, and asks with the last text that was one", () => {
    let state = reduce(live(), { type: "filter", text: "cpu>50" });
    state = reduce(state, { type: "matches", where: "cpu>50", ids: ["web-2"], fault: null });
    state = scrub(state, -10);
    expect(whereThen(state)).toBe("cpu>50");
    const vms = new Map(["web-1", "web-2"].map((id) => [id, vm({ id })]));
    state = reduce(state, { type: "pastFrame", frame: frame(state.past.at ?? 0, { vms, where: "cpu>50", found: new Set(["web-1"]) }) });
    expect(visibleVms(asOf(state)).map(({ id }) => id)).toEqual(["web-1"]);
    state = reduce(state, { type: "filter", text: "cpu>" });
    state = reduce(state, { type: "matches", where: "cpu>", ids: [], fault: { text: "expected a value", column: 5 } });
    expect(whereThen(state)).toBe("cpu>50");
    expect(asOf(state).matches.fault?.column).toBe(5);
    state = reduce(state, { type: "filter", text: "" });
    expect(whereThen(state)).toBe("");
    expect(visibleVms(asOf(reduce(state, { type: "pastFrame", frame: frame(state.past.at ?? 0, { vms }) })))).toHaveLength(2);
    expect(visibleVms(reduce(state, { type: "present" })).map(({ id }) => id).sort()).toEqual(["web-1", "web-2"]);
  });

  it("takes no answer that comes after going back to now", () => {
    expect(reduce(live(), { type: "pastFrame", frame: frame(NOW) }).past.frame).toBeNull();
  });
});

describe("alerts of then", () => {
  const event = (cursor: number, time: number, kind: string, message: string): Event => ({ cursor: BigInt(cursor), time, kind, vmId: "web-1", operationId: null, state: null, actor: null, message });
  const firing: Alert = { id: "a", vmId: "web-1", since: 50, message: "slow: 90%", ruleId: "r", ruleName: "slow", severity: "CRITICAL", where: "cpu>80", forSeconds: 0 };

  it("are those raised and not yet over, as events tell, and those that fire on", () => {
    const events = [event(1, 10, "ALERT_RAISED", "hot: 99%"), event(2, 20, "ALERT_CLEARED", "hot is over: 3%."), event(3, 30, "ALERT_RAISED", "hot: 98%"), event(4, 50, "ALERT_RAISED", "slow: 90%")];
    const names = (at: number) => alertsThen([firing], events.filter(({ time }) => time <= at), at).map(({ ruleName, severity }) => `${ruleName} ${severity}`);
    expect(names(15)).toEqual(["hot WARNING"]);
    expect(names(25)).toEqual([]);
    expect(names(40)).toEqual(["hot WARNING"]);
    expect(names(60)).toEqual(["slow CRITICAL", "hot WARNING"]);
  });
});

describe("two instants", () => {
  it("are compared per VM: those that came, went or changed first, then by CPU", () => {
    let state = reduce(scrub(live(), -10), { type: "markInstant" });
    expect(state.past.mark).toBe(NEWEST - 10_000);
    state = reduce(scrub(state, 5), { type: "markInstant" });
    expect(page(state)).toBe("instants");
    expect(state.past).toMatchObject({ mark: null, comparison: { first: NEWEST - 10_000, second: NEWEST - 5_000, frames: [null, null] } });
    const vms = (...ids: string[]) => new Map(ids.map((id) => [id, vm({ id })]));
    const figures = (cpu: Record<string, number>) => new Map(Object.entries(cpu).map(([id, cpuRatio]) => [id, sample(id, NOW, { cpuRatio })]));
    state = reduce(state, {
      type: "comparedFrames",
      first: frame(NEWEST - 10_000, { vms: vms("calm", "busy", "gone"), samples: figures({ calm: 0.5, busy: 0.1, gone: 1 }) }),
      second: frame(NEWEST - 5_000, { vms: vms("calm", "busy", "made"), samples: figures({ calm: 0.5, busy: 0.9 }) }),
    });
    const rows = comparedInstants(state);
    expect(rows.map(({ id }) => id)).toEqual(["gone", "made", "busy", "calm"]);
    expect(rows.map(({ figures: { cpu } }) => difference(cpu)?.toFixed(1) ?? null)).toEqual([null, null, "0.8", "0.0"]);
    expect([rows[0]?.after, rows[1]?.before]).toEqual([null, null]);
  });

  describe("on their page", () => {
    const compared = (): State => {
      const first = reduce(scrub(live(), -10), { type: "markInstant" });
      const second = reduce(scrub(first, 5), { type: "markInstant" });
      return reduce(second, { type: "comparedFrames", first: frame(NEWEST - 10_000), second: frame(NEWEST - 5_000) });
    };
    const instants = ({ past }: State): (number | null | undefined)[] => [past.comparison?.first, past.comparison?.second, past.at].map((at) => (at == null ? at : (at - NEWEST) / 1_000));

    it("move with the header: the later one by steps, which are asked for, until now", () => {
      const state = compared();
      expect([isCompared(state.past), instants(state)]).toEqual([true, [-10, -5, -5]]);
      const moved = scrub(state, 2);
      expect([isCompared(moved.past), instants(moved)]).toEqual([false, [-10, -3, -3]]);
      // What is shown meanwhile is what was answered last.
      expect(moved.past.comparison?.frames[1]?.at).toBe(NEWEST - 5_000);
      expect(instants(scrub(moved, 10))).toEqual([-10, 0, null]);
      expect(instants(scrub(scrub(moved, 10), -1))).toEqual([-10, -1, -1]);
    });

    it("never pass each other", () => expect(instants(scrub(compared(), -10))).toEqual([-10, -9, -9]));

    it("move by the earlier one where that is what the header shows", () => {
      const now = reduce(live(), { type: "markInstant" });
      const back = reduce(scrub(now, -10), { type: "markInstant" });
      expect(instants(back)).toEqual([-10, 0, -10]);
      expect([instants(scrub(back, -3)), instants(scrub(back, 30))]).toEqual([[-13, 0, -13], [-1, 0, -1]]);
    });
  });

  it("are no comparison when they are the same: the mark is taken away", () => {
    const state = reduce(reduce(live(), { type: "markInstant" }), { type: "markInstant" });
    expect(state.past).toMatchObject({ mark: null, comparison: null });
  });
});

describe("series", () => {
  const series = (change: Partial<Series> = {}): Series => ({ key: "vm web-1", from: 0, to: 100_000, stepSeconds: 10, spanSeconds: 100, figures: { cpu: [1, NaN, 3, 4, 5, 6, 7, 8, 9, 10] }, ...change });

  it("draw each column from its steps, a step over several columns, gaps as gaps, and nothing beyond the end", () => {
    expect(seriesWindow(series(), "cpu", 99_999, 100, 10)).toEqual({ columns: [1, NaN, 3, 4, 5, 6, 7, 8, 9, 10], peak: 10, low: 1 });
    expect(seriesWindow(series(), "cpu", 99_999, 100, 5).columns).toEqual([1, 4, 6, 8, 10]);
    expect(seriesWindow(series(), "cpu", 99_999, 100, 20).columns.slice(0, 6)).toEqual([1, 1, NaN, NaN, 3, 3]);
    expect(seriesWindow(series(), "cpu", 49_999, 50, 5).columns).toEqual([1, NaN, 3, 4, 5]);
    expect(seriesWindow(series(), "cpu", 45_000, 100, 10).columns.slice(-1)).toEqual([5]);
    expect(seriesWindow(series(), "rss", 99_999, 100, 2).columns).toEqual([NaN, NaN]);
    expect(seriesWindow(undefined, "cpu", 99_999, 100, 2).columns).toEqual([NaN, NaN]);
  });

  it("cover a span when it lies within and was asked for at this zoom", () => {
    expect(covers(series(), 100_000, 100)).toBe(true);
    expect(covers(series(), 100_001, 100)).toBe(false);
    expect(covers(series(), 99_000, 100)).toBe(false);
    expect(covers(series(), 100_000, 60)).toBe(false);
    expect(covers(undefined, 100_000, 100)).toBe(false);
  });

  it("are what a graph of the past and a long live graph are drawn from", () => {
    const at = (state: State) => vmWindow(state, "web-1", "cpu", 4).columns;
    let state = then(live());
    const end = state.past.at ?? 0;
    const known: Series = { key: "vm web-1", from: end - 300_000, to: end + 1_000, stepSeconds: 1, spanSeconds: 300, figures: { cpu: Array.from({ length: 301 }, () => 0.25) } };
    expect(at(asOf(state)).every(Number.isNaN)).toBe(true);
    state = reduce(state, { type: "pastSeries", series: [known] });
    expect(at(asOf(state))).toEqual([0.25, 0.25, 0.25, 0.25]);
    // Another zoom asks for steps of its own: what was made for this one is not drawn under its scale meanwhile.
    expect(at(asOf(reduce(state, { type: "zoom", by: -1 }))).every(Number.isNaN)).toBe(true);
    // Live, five minutes come from what was seen live.
    expect(at(reduce(state, { type: "present" }))).not.toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  it("stretch a live minute over all columns of a graph", () => {
    const state = reduce(reduce(live(), { type: "zoom", by: -1 }), { type: "zoom", by: -1 });
    const { columns } = vmWindow(state, "web-1", "cpu", 120);
    expect(columns.slice(-2)).toEqual([0.5, 0.5]);
    expect(columns.slice(0, 118).every(Number.isNaN)).toBe(true);
    expect(graphSpan(state)).toEqual({ seconds: 60, end: "now" });
  });
});
