import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DatabaseUnavailable, asDatabaseError, unavailableReason } from "./errors.js";
import { DatabaseHealth, type HealthState } from "./health.js";

const away = (): Error => Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });

describe("DatabaseHealth", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("tells of the outage once, tries ever more gently, revives before each try, and tells of the return", async () => {
    let answers = false;
    const tries: number[] = [];
    let revivals = 0;
    const health = new DatabaseHealth({
      ping: async () => {
        tries.push(Date.now());
        if (!answers) throw away();
        await Promise.resolve();
      },
      revive: async () => {
        revivals += 1;
        await Promise.resolve();
      },
    });
    const states: HealthState[] = [];
    health.onChange((state) => states.push(state));
    expect(health.noticeFailure(away())).toBe(true);
    expect(health.noticeFailure(away())).toBe(true);
    await vi.advanceTimersByTimeAsync(30_000);
    const pauses = tries.slice(1).map((time, i) => time - (tries[i] ?? 0));
    expect(pauses.slice(0, 4)).toEqual([200, 400, 800, 1600]);
    expect(Math.max(...pauses)).toBe(5_000);
    expect(revivals).toBe(tries.length);
    answers = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(states.map((state) => [state.connected, state.error])).toEqual([[false, "connect ECONNREFUSED 127.0.0.1:1"], [true, null]]);
    health[Symbol.dispose]();
  });

  it("notices an outage that no query has met, and asks nobody after it was disposed", async () => {
    let pings = 0;
    const health = new DatabaseHealth({ ping: () => {
      pings += 1;
      return Promise.reject(away());
    } });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(health.state.connected).toBe(false);
    health[Symbol.dispose]();
    const before = pings;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pings).toBe(before);
  });

  it("takes an error of the query itself for what it is", () => {
    const health = new DatabaseHealth({ ping: () => Promise.resolve() });
    expect(health.noticeFailure(Object.assign(new Error("duplicate key"), { code: "23505" }))).toBe(false);
    expect(health.state.connected).toBe(true);
    health[Symbol.dispose]();
  });
});

it.each([
  [{ code: "57P01", message: "terminating connection due to administrator command" }, "terminating connection due to administrator command"],
  [{ code: "08006", message: "connection failure." }, "connection failure"],
  [{ message: "wrapped", cause: { code: "ECONNRESET", message: "read ECONNRESET" } }, "read ECONNRESET"],
  [{ message: "p", meta: { driverAdapterError: { message: "x", cause: { kind: "ConnectionClosed" } } } }, "ConnectionClosed"],
  [new Error("Connection terminated unexpectedly"), "Connection terminated unexpectedly"],
  [{ code: "P2002", message: "Unique constraint failed" }, null],
  [null, null],
  ["text", null],
])("unavailableReason of %j is %j", (error, reason) => {
  expect(unavailableReason(error)).toBe(reason);
});

it("asDatabaseError replaces an outage's error and no other", () => {
  const other = new Error("other");
  expect(asDatabaseError(other)).toBe(other);
  const wrapped = asDatabaseError(away());
  expect(wrapped).toBeInstanceOf(DatabaseUnavailable);
  expect(asDatabaseError(wrapped)).toBe(wrapped);
});
