// The filter language over the API: lists, the followed set and what they share, and errors with their place.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { collect, ContractStack, until } from "../support/contract.js";
import type { GraphqlPeer } from "../support/graphql.js";

const LIST = "query ($where: String) { vms(filter: { where: $where }) { totalCount nodes { id } } }";
const FOLLOW = "subscription ($where: String!) { vmsMatching(where: $where) { ids error errorColumn } }";
interface Matches { readonly vmsMatching: { readonly ids: readonly string[]; readonly error: string | null; readonly errorColumn: number | null } }

let stack: ContractStack;
let viewer: GraphqlPeer;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.add("web-1", VmState.VM_STATE_RUNNING, { labels: { tier: "web" } });
    daemon.add("web-2", VmState.VM_STATE_PAUSED, { labels: { tier: "web" } });
    daemon.add("db", VmState.VM_STATE_RUNNING, { memory_mb: 4_096 });
    daemon.add("off");
  }, { tickMs: 50 });
  viewer = await stack.peerAs("VIEWER");
});
afterAll(() => stack[Symbol.asyncDispose]());

async function list(where: string): Promise<string[]> {
  return (await viewer.query<{ vms: { nodes: { id: string }[] } }>(LIST, { where })).vms.nodes.map(({ id }) => id);
}
const follow = (where: string, peer = viewer) => collect(peer.subscribe<Matches>(FOLLOW, { where }));

describe("vms(filter: {where})", () => {
  it("lists what passes, by state, label, definition, figure and host", async () => {
    await until("a rate", async () => (await list("cpu>5")).length > 0);
    expect(await list("state:running label=web")).toEqual(["web-1"]);
    expect(await list("label.tier=web")).toEqual(["web-1", "web-2"]);
    expect(await list("memory>1G or state:defined")).toEqual(["db", "off"]);
    expect(await list("cpu>5 cpu<15 disk.read>1M host=lab1 or (off)")).toContain("off");
    expect(await list("not web")).toEqual(["db", "off"]);
    expect(await list("")).toHaveLength(4);
  });

  it("goes together with the other conditions, and counts and pages what passes", async () => {
    const page = await viewer.query<{ vms: { totalCount: number; nodes: { id: string }[] } }>('{ vms(first: 1, filter: { where: "web", states: [PAUSED, RUNNING] }) { totalCount nodes { id } } }');
    expect(page.vms).toEqual({ totalCount: 2, nodes: [{ id: "web-1" }] });
  });

  it("says where a text is no filter", async () => {
    await expect(viewer.query(LIST, { where: "web cpu>fast" })).rejects.toThrow(/Column 9: cpu expects a number.*"code":"INVALID_INPUT","field":"where","column":9/);
  });

  it("tells its fields to clients, each with an example that is a filter", async () => {
    const { filterFields } = await viewer.query<{ filterFields: { name: string; unit: string | null; example: string }[] }>("{ filterFields { name unit description example } }");
    expect(filterFields.find(({ name }) => name === "disk.latency")).toMatchObject({ unit: "time", example: "disk.latency>20ms" });
    for (const { example } of filterFields) await list(example);
  });
});

describe("vmsMatching", () => {
  it("tells the set at once, again when it has changed, and is silent while it has not", async () => {
    const reader = follow("state:paused label=web");
    const clock = collect(viewer.subscribe<object>("subscription { metrics { time } }"));
    await until("the set", () => reader.items.length === 1);
    stack.daemon.setState("web-1", VmState.VM_STATE_PAUSED);
    await until("the greater set", () => reader.items.length === 2);
    stack.daemon.setState("db", VmState.VM_STATE_PAUSED);
    stack.daemon.setState("db", VmState.VM_STATE_RUNNING);
    const seen = clock.items.length;
    await until("ten more ticks", () => clock.items.length >= seen + 10);
    stack.daemon.setState("web-1", VmState.VM_STATE_RUNNING);
    await until("the smaller set", () => reader.items.length === 3);
    expect(reader.items.map(({ vmsMatching }) => vmsMatching.ids)).toEqual([["web-2"], ["web-1", "web-2"], ["web-2"]]);
    await Promise.all([reader.stop(), clock.stop()]);
  });

  it("follows figures: what no change of a VM tells of", async () => {
    stack.daemon.setState("off", VmState.VM_STATE_STOPPED);
    const reader = follow("id=off cpu>5");
    await until("nothing", () => reader.items.length === 1);
    expect(reader.items[0]?.vmsMatching.ids).toEqual([]);
    stack.daemon.setState("off", VmState.VM_STATE_RUNNING);
    await until("its figure", () => reader.items.at(-1)?.vmsMatching.ids.length === 1);
    stack.daemon.setState("off", VmState.VM_STATE_STOPPED);
    await until("its end", () => reader.items.at(-1)?.vmsMatching.ids.length === 0);
    await reader.stop();
  });

  it("gives a text that is no filter one answer with the place, and no more", async () => {
    const reader = follow("cpu>50 or (web");
    await until("the answer", () => reader.items.length === 1);
    expect(reader.items[0]?.vmsMatching).toEqual({ ids: [], error: "Column 15: expected ) or a word or a condition such as cpu>50, found the end.", errorColumn: 15 });
    stack.daemon.setState("off", VmState.VM_STATE_RUNNING);
    stack.daemon.setState("off", VmState.VM_STATE_STOPPED);
    await until("the last change is seen", async () => (await list("off state:stopped")).length === 1);
    expect(reader.items).toHaveLength(1);
    expect(reader.failure()).toBeUndefined();
    await reader.stop();
  });

  it("is one execution for equal texts, and ends with the last who follows", async () => {
    const { sockets } = stack.server;
    await until("no source is open", () => sockets.shared.sourceCount === 0);
    const peers = await Promise.all(Array.from({ length: 5 }, () => stack.peerAs("VIEWER")));
    const readers = peers.map((peer) => follow("web", peer));
    await until("everybody has the set", () => readers.every(({ items }) => items.length === 1));
    expect(sockets.shared.sourceCount).toBe(1);
    await Promise.all(readers.map((reader) => reader.stop()));
    await until("the source is closed", () => sockets.shared.sourceCount === 0);
  });
});
