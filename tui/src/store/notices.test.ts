import { describe, expect, it } from "vitest";
import type { Event } from "./model.js";
import { SERVER_AWAY, WARNING_KEPT_MS, newestThatMatters } from "./notices.js";
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

describe("a refusal of a VM", () => {
  const refused = reduce(started, { type: "notice", tone: "error", text: "start: It is stopping.", vmId: "web-1" });

  it("is over when the VM is in another state, or gone", () => {
    expect(refused.ui.notice?.text).toBe("start: It is stopping.");
    expect(reduce(refused, { type: "vmChanged", id: "web-1", vm: vm({ state: "STOPPED" }), sample: null }).ui.notice).toBeNull();
    expect(reduce(refused, { type: "vmChanged", id: "web-1", vm: null, sample: null }).ui.notice).toBeNull();
  });

  it("stays while nothing of it changes, whatever other VMs do", () => {
    expect(reduce(refused, { type: "vmChanged", id: "web-1", vm: vm({ label: "other" }), sample: null }).ui.notice).not.toBeNull();
    expect(reduce(refused, { type: "vmChanged", id: "web-2", vm: vm({ id: "web-2", state: "STOPPED" }), sample: null }).ui.notice).not.toBeNull();
  });
});

describe("a refusal", () => {
  const later = (state: State, ms: number): State => reduce(state, { type: "tick", now: NOW + ms });
  const told = (state: State): State => reduce(state, { type: "notice", tone: "info", text: "start web-2 succeeded" });

  it("keeps its place before news that all is well, for some seconds or until a key", () => {
    const refused = said(started, "start: It is running.");
    expect(told(later(refused, WARNING_KEPT_MS - 1)).ui.notice?.text).toBe("start: It is running.");
    expect(told(later(refused, WARNING_KEPT_MS)).ui.notice?.text).toBe("start web-2 succeeded");
    expect(told(reduce(refused, { type: "clearNotice" })).ui.notice?.text).toBe("start web-2 succeeded");
  });

  it("gives way to a newer one, and what it kept away is in the log", () => {
    expect(said(said(started, "start: It is running."), "stop: It is stopped.").ui.notice?.text).toBe("stop: It is stopped.");
    expect(told(said(started, "start: It is running.")).log.at(-1)?.text).toBe("start web-2 succeeded");
  });
});

describe("the newest that matters", () => {
  const plain = event(3n, { state: "RUNNING", vmId: "web-2", message: "web-2 is running." });
  const warned = (change: Partial<Event> = {}): State => happened(started, { kind: "ALERT_RAISED", message: "alert", ...change });
  const followed = (state: State): State => reduce(state, { type: "events", events: [plain], newestCursor: 3n });

  it.each(["ALERT_RAISED", "GUEST_PANICKED", "HOST_DISCONNECTED", "WARNING", "ACCESS_REFUSED", "LOGIN_FAILED"])("is the warning %s while it is fresh, whatever comes after it that is none", (kind) => {
    const after = followed(warned({ kind }));
    expect(newestThatMatters(after)?.message).toBe("alert");
    expect(newestThatMatters(reduce(after, { type: "tick", now: NOW + WARNING_KEPT_MS }))?.message).toBe("web-2 is running.");
  });

  it("is no warning that a key has passed, nor one before a newer warning", () => {
    const seen = reduce(reduce(warned(), { type: "events", events: [], newestCursor: 2n }), { type: "clearNotice" });
    expect(newestThatMatters(followed(seen))?.message).toBe("web-2 is running.");
    const newer = reduce(followed(warned()), { type: "events", events: [event(4n, { state: "CRASHED", message: "crash" })], newestCursor: 4n });
    expect(newestThatMatters(newer)?.message).toBe("crash");
  });

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
