// Attempts that were not allowed: told at once, counted when they repeat, and never more than a bound of them.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { NewEvent } from "../event/log.js";
import { Attempts, MAX_TOLD_APART, REPEAT_WINDOW_MS, type RefusedCall } from "./attempts.js";

let told: Omit<NewEvent, "time">[];
let attempts: Attempts;
beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  attempts = new Attempts({ record: (event) => void told.push(event) });
});
afterEach(() => {
  attempts[Symbol.dispose]();
  vi.useRealTimers();
});

const messages = (): string[] => told.map(({ message }) => message);
const CALL: RefusedCall = { actor: "ci", role: "VIEWER", requiredRole: "OPERATOR", call: "startVm", vmId: "web", hostId: "h1" };

describe("Attempts", () => {
  it("tells the first of a kind at once, with who, what and where", () => {
    attempts.callRefused(CALL);
    attempts.loginFailed({ reason: "unknown" }, "10.0.0.3");
    attempts.loginFailed({ reason: "revoked", tokenName: "ci" }, "10.0.0.3");
    attempts.loginFailed({ reason: "expired", tokenName: "old" }, "10.0.0.4");
    expect(told).toEqual([
      { kind: "ACCESS_REFUSED", actor: "ci", vmId: "web", hostId: "h1", message: "startVm of web was refused to ci (VIEWER): it needs the role OPERATOR." },
      { kind: "LOGIN_FAILED", actor: null, vmId: null, hostId: null, message: "A login from 10.0.0.3 was refused: its token is unknown." },
      { kind: "LOGIN_FAILED", actor: "ci", vmId: null, hostId: null, message: "A login from 10.0.0.3 was refused: the token ci was revoked." },
      { kind: "LOGIN_FAILED", actor: "old", vmId: null, hostId: null, message: "A login from 10.0.0.4 was refused: the token old has expired." },
    ]);
  });

  it("counts the same again, and tells the count once a window while it goes on", () => {
    for (let i = 0; i < 38; i += 1) attempts.loginFailed({ reason: "unknown" }, "10.0.0.3");
    expect(messages()).toHaveLength(1);
    vi.advanceTimersByTime(REPEAT_WINDOW_MS);
    expect(messages()[1]).toBe("A login from 10.0.0.3 was refused: its token is unknown, 37 more times.");
    attempts.loginFailed({ reason: "unknown" }, "10.0.0.3");
    vi.advanceTimersByTime(REPEAT_WINDOW_MS);
    expect(messages()[2]).toMatch(/unknown, 1 more time\.$/);
    expect(messages()).toHaveLength(3);
  });

  it("starts afresh after a quiet window", () => {
    attempts.callRefused(CALL);
    vi.advanceTimersByTime(REPEAT_WINDOW_MS);
    attempts.callRefused(CALL);
    expect(messages()).toEqual([messages()[0], messages()[0]]);
  });

  it("tells what it has counted when it ends", () => {
    attempts.callRefused(CALL);
    attempts.callRefused(CALL);
    attempts[Symbol.dispose]();
    expect(messages()[1]).toMatch(/OPERATOR, 1 more time\.$/);
  });

  it("keeps to its bound however many addresses knock, and counts the rest together", () => {
    for (let i = 0; i < 10 * MAX_TOLD_APART; i += 1) attempts.loginFailed({ reason: "unknown" }, `10.0.${i >> 8}.${i & 255}`);
    expect(told).toHaveLength(MAX_TOLD_APART + 1);
    vi.advanceTimersByTime(REPEAT_WINDOW_MS);
    expect(messages().at(-1)).toMatch(/more ways than are told apart, 449 more times\.$/);
    expect(told).toHaveLength(MAX_TOLD_APART + 2);
  });
});
