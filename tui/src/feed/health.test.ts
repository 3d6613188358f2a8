import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "../client/client.js";
import { connected } from "../client/status.js";
import { RECORDED_HOST } from "../../../test/support/recorded-fleet.js";
import { HEALTH_EVERY_MS, HealthFeed } from "./health.js";
import { MemoryStore } from "./memory-store.js";

/** Questions that the test answers when it wants to. */
function answering() {
  const waiting: ((isConnected: boolean, hasDatabase?: boolean) => Promise<void>)[] = [];
  const request = () => new Promise((resolve) => waiting.push(async (isConnected, hasDatabase = true) => {
    resolve({ server: { databaseConnected: hasDatabase }, hosts: [{ ...RECORDED_HOST, connected: isConnected }] });
    await vi.advanceTimersByTimeAsync(0);
  }));
  const client: Pick<Client, "request" | "status"> = { request: request as Client["request"], status: connected(0) };
  const store = new MemoryStore(0, () => undefined);
  const databaseBack = vi.fn();
  return { waiting, store, databaseBack, feed: new HealthFeed(client, store, databaseBack), isConnected: () => store.state.hosts[0]?.connected };
}

describe("the health of hosts", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([["HOST_DISCONNECTED", false], ["HOST_CONNECTED", true]] as const)("is asked for at once on %s", async (kind, is) => {
    const { waiting, feed, isConnected } = answering();
    feed.heard(kind);
    await waiting[0]?.(is);
    expect([waiting.length, isConnected()]).toEqual([1, is]);
    feed[Symbol.dispose]();
  });

  it("is not asked for on other events, but every few seconds", async () => {
    const { waiting, feed } = answering();
    feed.heard("VM_STATE_CHANGED");
    expect(waiting).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(HEALTH_EVERY_MS);
    expect(waiting).toHaveLength(1);
    feed[Symbol.dispose]();
  });

  it("is asked for once more when an event came while an answer was under way", async () => {
    const { waiting, feed, isConnected } = answering();
    feed.heard("HOST_DISCONNECTED");
    feed.heard("HOST_CONNECTED");
    await waiting[0]?.(false);
    await waiting[1]?.(true);
    expect([waiting.length, isConnected()]).toEqual([2, true]);
    feed[Symbol.dispose]();
  });

  it("tells when the database is back, and nothing after its end", async () => {
    const { waiting, feed, databaseBack, isConnected } = answering();
    for (const [index, has] of [false, true].entries()) {
      feed.heard("HOST_CONNECTED");
      await waiting[index]?.(true, has);
    }
    expect(databaseBack).toHaveBeenCalledTimes(1);
    feed.heard("HOST_DISCONNECTED");
    feed[Symbol.dispose]();
    await waiting[2]?.(false);
    expect(isConnected()).toBe(true);
  });
});
