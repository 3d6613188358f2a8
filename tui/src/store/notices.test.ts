import { describe, expect, it } from "vitest";
import type { Event } from "./model.js";
import { SERVER_AWAY, newestThatMatters } from "./notices.js";
import { reduce } from "./reduce.js";
import { NOW, stateWith, vm } from "./testing.js";
import type { State } from "./state.js";

const event = (cursor: bigint, change: Partial<Event>): Event => ({ cursor, time: NOW, kind: "VM_STATE_CHANGED", vmId: "web-1", operationId: null, state: null, actor: null, message: "x", ...change });
const started = reduce(stateWith([vm({})]), { type: "events", events: [event(1n, {})], newestCursor: 1n });
const said = (state: State, text: string): State => reduce(state, { type: "notice", tone: "error", text });
const lost = (state: State): State => reduce(state, { type: "connection", connection: { phase: "lost", since: NOW, reason: "refused" } });
const back = (state: State): State => reduce(state, { type: "connection", connection: { phase: "live" } });
const happened = (state: State, change: Partial<Event>): State => reduce(state, { type: "events", events: [event(2n, change)], newestCursor: null });

describe("a notice", () => {
  it("about the lost connection goes when the connection is back, and stays in the log", () => {
    const state = back(said(lost(started), `pause: ${SERVER_AWAY}`));
    expect([state.ui.notice, state.log.map(({ text }) => text)]).toEqual([null, expect.arrayContaining([`pause: ${SERVER_AWAY}`])]);
  });

  it("about anything else outlives a lost connection", () => {
    expect(back(lost(said(started, "What was written is kept in a file."))).ui.notice?.text).toMatch(/kept/);
  });

  it("about the lost connection stays while it is lost", () => {
    expect(lost(said(lost(started), `pause: ${SERVER_AWAY}`)).ui.notice).not.toBeNull();
  });

  it.each<[string, Partial<Event>, boolean]>([
    ["a crash", { state: "CRASHED" }, true], ["a panic", { kind: "GUEST_PANICKED" }, true], ["an alert", { kind: "ALERT_RAISED" }, true],
    ["a lost host", { kind: "HOST_DISCONNECTED", vmId: null }, true], ["a start", { state: "RUNNING" }, false], ["an end of an operation", { kind: "OPERATION_FINISHED" }, false],
    ["a pen taken", { kind: "CONSOLE_TAKEN" }, false], ["a crash that was told already", { state: "CRASHED", cursor: 1n }, false],
  ])("gives way to news that matters: %s", (_, change, goes) => {
    expect(happened(said(started, "start: It is running."), change).ui.notice === null).toBe(goes);
  });

  it("does not give way to what happened before the dashboard came up", () => {
    const state = reduce(said(stateWith([vm({})]), "A command of config.yaml is wrong."), { type: "events", events: [event(1n, { state: "CRASHED" })], newestCursor: 1n });
    expect(state.ui.notice).not.toBeNull();
  });
});

describe("the newest that matters", () => {
  it("is never who took a pen, nor an operation, nor a host's sharing domain", () => {
    const crashed = happened(started, { state: "CRASHED", message: "crashed" });
    const after = reduce(crashed, { type: "events", events: [event(3n, { kind: "CONSOLE_TAKEN" }), event(4n, { kind: "OPERATION_FINISHED" }), event(5n, { kind: "HOST_MEMORY_CHANGED" })], newestCursor: null });
    expect(newestThatMatters(after)?.message).toBe("crashed");
  });

  it("is the crash and not the alert it raised", () => {
    const after = reduce(happened(started, { state: "CRASHED", message: "crashed" }), { type: "events", events: [event(3n, { kind: "ALERT_RAISED" })], newestCursor: null });
    expect(newestThatMatters(after)?.message).toBe("crashed");
  });

  it("is nothing while nothing happened", () => expect(newestThatMatters(stateWith([]))).toBeNull());
});
