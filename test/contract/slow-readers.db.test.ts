// Readers that stop reading for a while: nobody else notices, and each gets what its subscription promises when it is back.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { collect, ContractStack, until } from "../support/contract.js";
import { SlowClient } from "../support/slow-client.js";

/** Linux holds up to 6 MB on the receiving and 4 MB on the sending side of a connection; the server holds 1 MB more. */
const BUFFERED_BYTES = 11_000_000;
const DEADLINE_MS = 60_000;

describe("a slow reader of metrics", () => {
  interface Batch { readonly metrics: { readonly time: string; readonly samples: readonly unknown[] } }
  const METRICS = `subscription { metrics { time samples { vmId time cpuRatio cpuUserRatio cpuSystemRatio memoryConfiguredBytes balloonActualBytes guestTotalBytes guestAvailableBytes
    guestUpdatedAt rssBytes pssBytes diskReadBytesPerSecond networkRxBytesPerSecond vcpus { index ratio stealRatio } nics { name rxBytesPerSecond txBytesPerSecond rxPacketsPerSecond }
    disks { name readBytesPerSecond writeBytesPerSecond readsPerSecond readLatencySeconds allocatedBytes } } } }`;
  const VMS = 200;
  let stack: ContractStack;
  beforeAll(async () => {
    stack = await ContractStack.start((daemon) => {
      for (let count = 0; count < VMS; count += 1) daemon.add(`a-vm-with-a-name-as-long-as-they-are-${count}`, VmState.VM_STATE_RUNNING);
    }, { tickMs: 20 });
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  it("misses what lay between, goes on with the newest, and holds up nobody", async () => {
    const fast = collect(stack.peer().subscribe<Batch>(METRICS));
    await using slow = new SlowClient<Batch>(stack.server.url, stack.token, METRICS);
    await until("both have batches", () => fast.items.length > 0 && slow.items.length > 0);
    slow.pause();
    const from = fast.items.length;
    const size = JSON.stringify(fast.items.at(-1)).length;
    const enough = from + Math.ceil((2 * BUFFERED_BYTES) / size);
    await until("more than all buffers hold", () => fast.items.length >= enough, DEADLINE_MS);
    const newest = fast.items.at(-1)?.metrics.time ?? "";
    slow.resume();
    await until("the newest", () => (slow.items.at(-1)?.metrics.time ?? "") >= newest);
    const known = new Map(fast.items.map(({ metrics }, index) => [metrics.time, index]));
    const places = slow.items.flatMap(({ metrics }) => known.get(metrics.time) ?? []);
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
    const skipped = places.slice(1).map((place, index) => place - (places[index] ?? 0) - 1);
    expect(Math.max(...skipped)).toBeGreaterThan((enough - from) / 4);
    expect(slow.items.at(-1)?.metrics.samples).toHaveLength(VMS);
    expect(slow.errors).toBeUndefined();
    await fast.stop();
  }, 2 * DEADLINE_MS);
});

describe("a slow reader of what must not be missed", () => {
  let stack: ContractStack;
  beforeAll(async () => {
    stack = await ContractStack.start((daemon) => {
      daemon.add("web", VmState.VM_STATE_RUNNING, { labels: { note: "n".repeat(LABEL_BYTES) } });
    });
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const LABEL_BYTES = 20_000;
  /** What one reader may fall behind, in payloads, and a round number of those that the buffers swallow before. */
  const CHANGES = 2_048 + Math.ceil(BUFFERED_BYTES / LABEL_BYTES) + 400;
  interface Change { readonly vmChanged: { readonly vm: { readonly generation: string; readonly state: string } } }
  const VM_CHANGED = 'subscription { vmChanged(id: "web") { id vm { generation state definition } } }';
  const generations = (items: readonly Change[]): number[] => items.map(({ vmChanged }) => Number(vmChanged.vm.generation));
  const isContiguous = (numbers: readonly number[]): boolean => numbers.every((number, index) => number === (numbers[0] ?? 0) + index);

  it("of VM changes is let go without a hole in what it got, and subscribes again to what is", async () => {
    const fast = collect(stack.peer().subscribe<Change>(VM_CHANGED));
    await using slow = new SlowClient<Change>(stack.server.url, stack.token, VM_CHANGED);
    await until("both know the VM", () => fast.items.length === 1 && slow.items.length === 1);
    slow.pause();
    let told = 0;
    const change = (): void => {
      told += 1;
      stack.daemon.setState("web", told % 2 === 0 ? VmState.VM_STATE_RUNNING : VmState.VM_STATE_PAUSED);
    };
    while (told < CHANGES) {
      for (let count = 0; count < 100; count += 1) change();
      await until("the fast reader follows", () => fast.items.length === told + 1, DEADLINE_MS);
    }
    slow.resume();
    // It goes on happening while the reader catches up.
    await until("the slow reader is let go", () => { change(); return slow.errors !== undefined; }, DEADLINE_MS);
    expect(slow.errors?.[0]?.extensions?.code).toBe("READER_TOO_SLOW");
    expect(isContiguous(generations(slow.items))).toBe(true);
    expect(slow.items.length).toBeLessThan(told);
    await using again = new SlowClient<Change>(stack.server.url, stack.token, VM_CHANGED);
    await until("the VM as it is", () => again.items.length > 0);
    expect(generations(again.items)[0]).toBe(Number(stack.daemon.vms.get("web")?.generation));
    expect(isContiguous(generations(fast.items))).toBe(true);
    await fast.stop();
  }, 3 * DEADLINE_MS);

  it("of events gets every one, in order, when it is back", async () => {
    const MESSAGE_BYTES = 10_000;
    const EVENTS = Math.ceil((2 * BUFFERED_BYTES) / MESSAGE_BYTES);
    interface Item { readonly events: { readonly cursor: string; readonly message?: string } }
    await using slow = new SlowClient<Item>(stack.server.url, stack.token, "subscription { events { ... on Event { cursor message } ... on EventsLive { cursor } } }");
    // Changes of before may still be on their way into the journal.
    await until("it is live", () => slow.items.length > 0);
    slow.pause();
    const start = BigInt(slow.items[0]?.events.cursor ?? 0);
    for (let count = 0; count < EVENTS; count += 1) stack.daemon.append({ vmId: "web", message: `${count} `.padEnd(MESSAGE_BYTES, ".") });
    const peer = stack.peer();
    const last = `${EVENTS - 1} `.padEnd(MESSAGE_BYTES, ".");
    await until("all are stored", async () => (await peer.query<{ events: { events: readonly { message: string }[] } }>("{ events(last: 1) { events { message } } }")).events.events[0]?.message === last, DEADLINE_MS);
    slow.resume();
    await until("all are read", () => slow.items.at(-1)?.events.message === last, DEADLINE_MS);
    expect(slow.items.map(({ events }) => BigInt(events.cursor))).toEqual(slow.items.map((_, index) => start + BigInt(index)));
    expect(slow.errors).toBeUndefined();
  }, 3 * DEADLINE_MS);
});
