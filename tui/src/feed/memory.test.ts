// When memory is asked about, and when no longer; and which texts of a target are judged.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "../client/client.js";
import { documentText } from "../client/document.js";
import { MemoryStore } from "./memory-store.js";
import { AGAIN_AFTER_MS, MemoryFeed, wantedMemory } from "./memory.js";
import { JUDGED_AFTER_MS, JUDGED_AGAIN_AFTER_MS, TargetFeed } from "./targets.js";
import { RECORDED_HOST } from "../../../test/support/recorded-fleet.js";
import { reduce } from "../store/reduce.js";
import type { Page, State, VmTab } from "../store/state.js";
import { stateWith, vm } from "../store/testing.js";

/** A server that answers at once; "down": it refuses. */
function opened(answer: "up" | "down" = "up") {
  const asked: string[] = [];
  const request = (document: object, variables: Record<string, unknown>): Promise<unknown> => {
    const name = /(?:query|mutation) Dashboard(\w+)/.exec(documentText(document))?.[1] ?? "";
    asked.push(`${name} ${JSON.stringify(variables)}`);
    if (answer === "down") return Promise.reject(new Error("connection refused"));
    if (name === "HostMemory") return Promise.resolve({ host: { memory: null, memoryBreakdown: null, memoryDecisions: [] } });
    if (name === "VmsMemory") return Promise.resolve({ vms: { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } } });
    if (name === "Balloon") return Promise.resolve({ answer: { __typename: "VmOperationAccepted", effect: "Leaves it so much.", operation: null } });
    return Promise.resolve({ vm: null });
  };
  const store = new MemoryStore(0, () => undefined);
  store.state = { ...stateWith([vm({ id: "a" }), vm({ id: "b" })]), hosts: [{ ...RECORDED_HOST, connectedSince: 0, bootedAt: 0 }] };
  const client = { request: request as Client["request"] } as Client;
  return { asked, store, feed: new MemoryFeed(client, store), targets: new TargetFeed(client, store), names: () => asked.map((one) => one.split(" ")[0]) };
}
const on = (state: State, page: Page, tab: VmTab = "graphs"): State => reduce(reduce(state, { type: "open", page }), { type: "tab", tab });

describe("where memory is", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([["overview", "graphs", null], ["vm", "graphs", null], ["events", "memory", null], ["vm", "memory", "vm"], ["vm", "cpu", "vm"], ["memory", "graphs", "page"]] as const)("is wanted on the %s page, tab %s: %s", (page, tab, kind) => {
    const { store } = opened();
    const state = page === "overview" ? store.state : on(store.state, page, tab);
    expect(wantedMemory(state)?.kind ?? null).toBe(kind);
    expect(wantedMemory({ ...state, past: { ...state.past, at: 1 } })).toBeNull();
  });

  it("is asked about again and again while it is shown, and no longer", async () => {
    const { store, feed, names } = opened();
    store.state = on(store.state, "memory");
    feed.lookedAt();
    await vi.advanceTimersByTimeAsync(0);
    feed.lookedAt();
    expect(names()).toEqual(["HostMemory", "VmsMemory"]);
    await vi.advanceTimersByTimeAsync(AGAIN_AFTER_MS);
    expect(names()).toHaveLength(4);
    store.dispatch({ type: "back" });
    feed.lookedAt();
    await vi.advanceTimersByTimeAsync(10 * AGAIN_AFTER_MS);
    expect(names()).toHaveLength(4);
    feed[Symbol.dispose]();
  });

  it("is asked anew when something was done to it, and after a fault", async () => {
    const { store, feed, names } = opened("down");
    store.state = on(store.state, "vm", "memory");
    feed.lookedAt();
    await vi.advanceTimersByTimeAsync(0);
    expect([names(), store.state.memory.fault]).toEqual([["VmMemoryDetail"], "connection refused"]);
    store.dispatch({ type: "operations", operations: [{ id: "op", kind: "SET_VM_BALLOON", vmId: "a", state: "SUCCEEDED", progressRatio: 1, cancellable: false, error: null, requestedBy: "x", startedAt: 0, endedAt: 1 }] });
    feed.lookedAt();
    await vi.advanceTimersByTimeAsync(0);
    expect(names()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(AGAIN_AFTER_MS);
    expect(names()).toHaveLength(3);
    feed[Symbol.dispose]();
  });
});

describe("a target that is typed", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is judged once it stands, as a dry run, and of several VMs not before the plan", async () => {
    const { store, targets, asked } = opened();
    const type = async (text: string, ms: number): Promise<void> => {
      store.dispatch({ type: "promptText", text });
      targets.lookedAt();
      await vi.advanceTimersByTimeAsync(ms);
    };
    store.dispatch({ type: "prompt", prompt: { kind: "target", what: "balloon", text: "", vmIds: ["a"], judged: null } });
    for (const text of ["2", "20", "200"]) await type(text, JUDGED_AFTER_MS / 2);
    await type("200M", JUDGED_AFTER_MS);
    await type("nonsense", JUDGED_AFTER_MS);
    expect(asked).toEqual([`Balloon ${JSON.stringify({ id: "a", key: null, dryRun: true, bytes: 200 * 1024 ** 2 })}`]);
    store.dispatch({ type: "prompt", prompt: { kind: "target", what: "balloon", text: "100M", vmIds: ["a", "b"], judged: null } });
    await type("128M", JUDGED_AFTER_MS);
    expect(asked).toHaveLength(1);
    targets[Symbol.dispose]();
  });

  it("is judged again while it stands, for what the guest has moves, and no longer", async () => {
    const { store, targets, asked } = opened();
    store.dispatch({ type: "prompt", prompt: { kind: "target", what: "balloon", text: "200M", vmIds: ["a"], judged: null } });
    targets.lookedAt();
    await vi.advanceTimersByTimeAsync(2 * JUDGED_AFTER_MS + JUDGED_AGAIN_AFTER_MS);
    expect(asked).toHaveLength(2);
    store.dispatch({ type: "prompt", prompt: null });
    targets.lookedAt();
    await vi.advanceTimersByTimeAsync(10 * JUDGED_AGAIN_AFTER_MS);
    expect(asked).toHaveLength(2);
    targets[Symbol.dispose]();
  });
});
