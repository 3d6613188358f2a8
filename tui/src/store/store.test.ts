import { describe, expect, it } from "vitest";
import type { Event } from "./model.js";
import { RING_SECONDS, Ring, windowOf } from "./ring.js";
import { reduce } from "./reduce.js";
import { displayName, paintable } from "./sanitize.js";
import { page, selectedVm, visibleVms } from "./select.js";
import { SORT_COLUMNS } from "./state.js";
import { NOW, sample, stateWith, vm } from "./testing.js";

const SECOND = Math.floor(NOW / 1000);

describe("Ring", () => {
  it("keeps a gap of missed seconds as unknown", () => {
    const ring = new Ring();
    ring.push(NOW, 1);
    ring.push(NOW + 5_000, 2);
    expect([0, 1, 2, 3, 4, 5].map((after) => ring.at(SECOND + after))).toEqual([1, NaN, NaN, NaN, NaN, 2]);
  });

  it("takes one missing second between two known ones for jitter", () => {
    const ring = new Ring();
    ring.push(NOW, 1);
    ring.push(NOW + 2_000, 3);
    expect(ring.at(SECOND + 1)).toBe(2);
  });

  it("fills history in behind live samples and never over them", () => {
    const ring = new Ring();
    ring.push(NOW, 9);
    ring.backfill(NOW, 1);
    ring.backfill(NOW - 1_000, 4);
    expect([ring.at(SECOND - 1), ring.at(SECOND)]).toEqual([4, 9]);
  });

  it("takes what history knows of a second, also where it could be guessed from its neighbours", () => {
    const ring = new Ring();
    ring.push(NOW, 1);
    for (const [ago, value] of [[2_000, 3], [1_000, 9]] as const) ring.backfill(NOW - ago, value);
    expect(ring.at(Math.floor((NOW - 1_000) / 1000))).toBe(9);
  });

  it("forgets what is older than it holds", () => {
    const ring = new Ring();
    ring.push(NOW, 1);
    ring.push(NOW + RING_SECONDS * 1000, 2);
    expect([ring.at(SECOND), ring.at(SECOND + RING_SECONDS)]).toEqual([NaN, 2]);
  });

  it("stands still between the steps of its columns", () => {
    const ring = new Ring();
    for (let second = 0; second < 64; second++) ring.push((SECOND - 63 + second) * 1000, second);
    const start = Math.floor(SECOND / 8) * 8;
    const columns = (end: number): number[] => windowOf(ring, end, 64, 8).columns.slice(0, 7);
    expect(columns(start)).toEqual(columns(start + 5));
  });

  it("marks the highest value of a window", () => {
    const ring = new Ring();
    [3, 8, 5].forEach((value, index) => ring.push(NOW + index * 1000, value));
    expect(windowOf(ring, SECOND + 2, 60, 60).peak).toBe(8);
    expect(windowOf(undefined, SECOND, 60, 6)).toEqual({ columns: [NaN, NaN, NaN, NaN, NaN, NaN], peak: NaN, low: NaN });
  });
});

describe("paintable", () => {
  it.each([
    ["plain", "plain"], ["a\x1b[31mred", "a?[31mred"], ["two\nlines", "two lines"], ["\u202egnp.exe", "?gnp.exe"], ["日本", "日本"], ["e\u0301", "é"], ["👍", "👍"], ["👨‍👩‍👧", "👨"], ["ü–…", "ü–…"], ["\u200bhidden", "?hidden"], ["\ud800", "?"],
  ])("makes %j safe as %j", (given, safe) => {
    expect(paintable(given)).toBe(safe);
  });

  it("shows the id where the name cannot be painted", () => {
    expect(displayName("\x1b]0;owned\x07", "vm-7")).toBe("vm-7");
    expect(displayName("Web server", "web-1")).toBe("Web server");
    expect(displayName("日本の", "jp-1")).toBe("日本の");
    expect(displayName("👨\u200d👩\u200d👧", "family")).toBe("family");
  });
});

describe("the store", () => {
  const fleet = stateWith(
    [vm({ id: "a" }), vm({ id: "b" }), vm({ id: "c", state: "STOPPED", startedAt: null })],
    [sample("a", NOW, { cpuRatio: 0.1 }), sample("b", NOW, { cpuRatio: 0.9 })],
  );

  it.each(SORT_COLUMNS)("sorts by %s and back without losing a row", (column) => {
    const sorted = reduce(fleet, { type: "sortBy", column });
    const reversed = reduce(sorted, { type: "sortReverse" });
    expect(visibleVms(sorted).map((row) => row.id).sort()).toEqual(["a", "b", "c"]);
    expect(visibleVms(reversed)).toHaveLength(3);
  });

  it("puts the hottest first and the unknown last", () => {
    expect(visibleVms(fleet).map((row) => row.id)).toEqual(["b", "a", "c"]);
  });

  it("keeps the chosen VM when the order changes", () => {
    const chosen = reduce(fleet, { type: "move", by: 1 });
    expect(selectedVm(chosen)?.id).toBe("a");
    const hotter = reduce(chosen, { type: "samples", samples: [sample("a", NOW + 1_000, { cpuRatio: 2 })] });
    expect([visibleVms(hotter)[0]?.id, selectedVm(hotter)?.id]).toEqual(["a", "a"]);
  });

  it("moves the choice and leaves the page when the chosen VM is deleted", () => {
    const onPage = reduce(fleet, { type: "enter" });
    const gone = reduce(onPage, { type: "vmChanged", id: "b", vm: null, sample: null });
    expect([page(gone), selectedVm(gone)?.id]).toEqual(["overview", "a"]);
    expect(gone.rings.has("b")).toBe(false);
  });

  it("has no figures for a VM that has stopped, whatever arrives late", () => {
    const stopped = reduce(fleet, { type: "vmChanged", id: "a", vm: vm({ id: "a", state: "STOPPED", generation: 2n }), sample: null });
    expect(reduce(stopped, { type: "samples", samples: [sample("a", NOW + 1_000)] }).samples.has("a")).toBe(false);
  });

  it("ignores a change older than what it knows", () => {
    const newer = reduce(fleet, { type: "vmChanged", id: "a", vm: vm({ id: "a", state: "PAUSED", generation: 5n }), sample: null });
    const older = reduce(newer, { type: "vmChanged", id: "a", vm: vm({ id: "a", generation: 4n }), sample: null });
    expect(older.vms.get("a")?.state).toBe("PAUSED");
  });


  it("takes each event once, in the order of the cursors, across a replay", () => {
    const event = (cursor: bigint): Event => ({ cursor, time: NOW, kind: "VM_CHANGED", vmId: null, operationId: null, state: null, actor: null, message: "m" });
    const first = reduce(fleet, { type: "events", events: [event(1n), event(2n)], newestCursor: null });
    const replayed = reduce(first, { type: "events", events: [event(2n), event(3n)], newestCursor: null });
    expect(replayed.events.map((one) => one.cursor)).toEqual([1n, 2n, 3n]);
    expect(replayed.newestCursor).toBe(3n);
  });

  it("does not let a late word revive an operation that has ended", () => {
    const operation = { id: "o", kind: "START_VM", vmId: "a", state: "SUCCEEDED", progressRatio: 1, cancellable: false, error: null, requestedBy: "local", startedAt: NOW, endedAt: NOW } as const;
    const ended = reduce(fleet, { type: "operations", operations: [operation] });
    expect(reduce(ended, { type: "operations", operations: [{ ...operation, state: "RUNNING" }] }).operations[0]?.state).toBe("SUCCEEDED");
  });
});

describe("health", () => {
  const host = { id: "lab1", name: "lab1", connected: true, connectionError: null, connectedSince: null, bootedAt: null, cpuModel: "x", cpuCount: 2, memoryBytes: 1, daemonVersion: "0.1.0", qemuVersion: "7.2", kernel: "6.1", capabilities: [] };
  const welcomed = reduce(stateWith([]), { type: "welcomed", role: "ADMIN", clockSkewMs: 0, databaseConnected: true, hosts: [host], hostSamples: [] });

  it("is told of the database and of each host, one that has come included, and changes nothing else", () => {
    const told = [{ ...host, connected: false, connectionError: "connection refused" }, { ...host, id: "lab2", name: "lab2" }];
    const after = reduce(welcomed, { type: "health", databaseConnected: false, hosts: told });
    expect({ ...after, log: welcomed.log }).toEqual({ ...welcomed, databaseConnected: false, hosts: told });
    expect(after.log.slice(-2).map((line) => line.text)).toEqual(["The server's database is away: changes are refused until it is back.", "Host lab1 is unreachable: connection refused"]);
  });
});
