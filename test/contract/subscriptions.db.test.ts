// Subscriptions over WebSocket: what is sent first, order, replay and gaps, sharing, slow readers, consoles.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { collect, ContractStack, until } from "../support/contract.js";
import type { GraphqlPeer } from "../support/graphql.js";

interface StreamItem { readonly __typename: string; readonly cursor?: string; readonly kind?: string; readonly vmId?: string | null; readonly trimmedBefore?: string }
const EVENTS = "subscription ($after: BigInt, $vmId: ID) { events(after: $after, vmId: $vmId) { __typename ... on Event { cursor kind vmId } ... on EventGap { trimmedBefore } ... on EventsLive { cursor } } }";
const CHANGES = "subscription ($id: ID) { vmChanged(id: $id) { id vm { state generation } } }";
const METRICS = "subscription ($vmIds: [ID!]) { metrics(vmIds: $vmIds) { hostId samples { vmId cpuRatio rssBytes diskReadBytesPerSecond } } }";

let stack: ContractStack;
let admin: GraphqlPeer;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.add("web", VmState.VM_STATE_RUNNING);
    daemon.add("db", VmState.VM_STATE_RUNNING);
    daemon.add("off");
  }, { tickMs: 50 });
  admin = stack.peer();
});
afterAll(() => stack[Symbol.asyncDispose]());

describe("vmChanged", () => {
  it("tells every VM as it is, then every change in order", async () => {
    const reader = collect(admin.subscribe<{ vmChanged: { id: string; vm: { state: string; generation: string } | null } }>(CHANGES));
    await until("three VMs", () => reader.items.length >= 3);
    expect(reader.items.slice(0, 3).map(({ vmChanged }) => vmChanged.id).sort()).toEqual(["db", "off", "web"]);
    for (const state of [VmState.VM_STATE_PAUSED, VmState.VM_STATE_RUNNING, VmState.VM_STATE_STOPPING, VmState.VM_STATE_RUNNING]) stack.daemon.setState("web", state);
    await until("four changes", () => reader.items.length >= 7);
    expect(reader.items.slice(3).map(({ vmChanged }) => vmChanged.vm?.state)).toEqual(["PAUSED", "RUNNING", "STOPPING", "RUNNING"]);
    await reader.stop();
  });

  it("tells of one VM alone when asked to, and of its end", async () => {
    stack.daemon.add("brief", VmState.VM_STATE_STOPPED);
    stack.daemon.setState("brief", VmState.VM_STATE_STOPPED);
    const reader = collect(admin.subscribe<{ vmChanged: { id: string; vm: unknown } }>(CHANGES, { id: "brief" }));
    await until("the VM", () => reader.items.length >= 1);
    stack.daemon.setState("web", VmState.VM_STATE_RUNNING);
    await admin.query('mutation { deleteVm(input: { id: "brief" }) { __typename } }');
    await until("its end", () => reader.items.some(({ vmChanged }) => vmChanged.vm === null));
    expect(new Set(reader.items.map(({ vmChanged }) => vmChanged.id))).toEqual(new Set(["brief"]));
    await reader.stop();
  });
});

describe("metrics", () => {
  it("gives rates from the second tick on, of the VMs asked for", async () => {
    const reader = collect(admin.subscribe<{ metrics: { hostId: string; samples: { vmId: string; cpuRatio: number | null; diskReadBytesPerSecond: number | null }[] } }>(METRICS, { vmIds: ["web"] }));
    await until("three batches", () => reader.items.length >= 3);
    const last = reader.items.at(-1)?.metrics;
    expect(last?.hostId).toBe("host-1");
    expect(last?.samples.map(({ vmId }) => vmId)).toEqual(["web"]);
    expect(last?.samples[0]?.cpuRatio).toBeCloseTo(0.1, 2);
    expect(last?.samples[0]?.diskReadBytesPerSecond).toBeCloseTo(1_048_576, -3);
    await reader.stop();
  });

  it("shares one source among identical subscriptions of one role, and closes it with the last", async () => {
    const { sockets } = stack.server;
    await until("no source is open", () => sockets.shared.sourceCount === 0);
    const readers = Array.from({ length: 20 }, () => collect(stack.peer().subscribe(METRICS)));
    await until("everybody has batches", () => readers.every(({ items }) => items.length >= 3));
    expect(sockets.shared.sourceCount).toBe(1);
    const viewer = collect((await stack.peerAs("VIEWER")).subscribe(METRICS));
    await until("the viewer has batches", () => viewer.items.length >= 2);
    expect(sockets.shared.sourceCount).toBe(2);
    await Promise.all([...readers, viewer].map((reader) => reader.stop()));
    await until("the sources are closed", () => sockets.shared.sourceCount === 0);
    expect(readers[0]?.items.length).toBeGreaterThan(2);
  });

  it("gives the host's samples, and keeps a history of both", async () => {
    const reader = collect(admin.subscribe<{ hostMetrics: { hostId: string; cpuRatio: number | null; memoryTotalBytes: number } }>("subscription { hostMetrics { hostId cpuRatio memoryTotalBytes } }"));
    await until("two samples", () => reader.items.length >= 2);
    expect(reader.items.at(-1)?.hostMetrics).toMatchObject({ hostId: "host-1", memoryTotalBytes: 25_769_803_776 });
    await reader.stop();
    const from = new Date(Date.now() - 60_000).toISOString();
    // The first sample of a VM has no rates yet.
    await until("a rate in the history", async () => {
      const { vm } = await admin.query<{ vm: { history: { series: { metric: string; unit: string; mean: (number | null)[]; times: string[] }[] } } }>(
        `{ vm(id: "web") { history(range: { from: "${from}" }, metrics: [CPU_RATIO]) { series { metric unit times mean max } } } }`);
      const [series] = vm.history.series;
      expect(series).toMatchObject({ metric: "CPU_RATIO", unit: "ratio" });
      expect(series?.times.length).toBe(series?.mean.length);
      return series?.mean.some((value) => value !== null) ?? false;
    });
  });
});

describe("events", () => {
  it("replays what follows a cursor, says that it is live, and goes on without a hole", async () => {
    const { events } = await admin.query<{ events: { newestCursor: string } }>("{ events(last: 1) { newestCursor } }");
    const after = (BigInt(events.newestCursor) - 3n).toString();
    const reader = collect(admin.subscribe<{ events: StreamItem }>(EVENTS, { after }));
    await until("it is live", () => reader.items.some(({ events: item }) => item.__typename === "EventsLive"));
    for (let count = 0; count < 50; count += 1) stack.daemon.append({ vmId: "web", message: `Number ${count}.` });
    await until("fifty more", () => reader.items.length >= 54);
    const cursors = reader.items.filter(({ events: item }) => item.__typename === "Event").map(({ events: item }) => BigInt(item.cursor ?? 0));
    expect(cursors).toEqual(cursors.map((_, index) => BigInt(after) + 1n + BigInt(index)));
    expect(reader.items.findIndex(({ events: item }) => item.__typename === "EventsLive")).toBe(3);
    await reader.stop();
  });

  it("begins with what is new when no cursor is given, and narrows to a VM", async () => {
    const reader = collect(admin.subscribe<{ events: StreamItem }>(EVENTS, { vmId: "db" }));
    await until("it is live", () => reader.items.length === 1);
    expect(reader.items[0]?.events.__typename).toBe("EventsLive");
    stack.daemon.append({ vmId: "web" });
    stack.daemon.append({ vmId: "db" });
    await until("one event", () => reader.items.length === 2);
    expect(reader.items[1]?.events.vmId).toBe("db");
    await reader.stop();
  });

  it("loses and doubles nothing over a restart of the server", async () => {
    const { events } = await admin.query<{ events: { newestCursor: string } }>("{ events(last: 1) { newestCursor } }");
    await stack.stopServer();
    for (let count = 0; count < 5; count += 1) stack.daemon.append({ vmId: "off", message: `While down ${count}.` });
    await stack.startServer();
    admin = stack.peer();
    const seen = async () => (await admin.query<{ events: { events: { message: string }[] } }>(`{ events(after: "${events.newestCursor}") { events { message } } }`)).events.events.map(({ message }) => message).filter((message) => message.startsWith("While down"));
    await until("all five", async () => (await seen()).length >= 5);
    expect(await seen()).toEqual([0, 1, 2, 3, 4].map((count) => `While down ${count}.`));
  });
});

describe("operation", () => {
  it("is told as it is, then to its end, and then the stream ends", async () => {
    const { startVm } = await admin.query<{ startVm: { operation: { id: string } } }>('mutation { startVm(input: { id: "off" }) { ... on VmOperationAccepted { operation { id } } } }');
    const reader = collect(admin.subscribe<{ operation: { state: string } }>("subscription ($id: ID!) { operation(id: $id) { state endedAt } }", { id: startVm.operation.id }));
    await until("its end", () => reader.items.at(-1)?.operation.state === "SUCCEEDED");
    await reader.stop();
    expect(reader.failure()).toBeUndefined();
  });

  it("says with a code that there is none", async () => {
    const reader = collect(admin.subscribe("subscription { operation(id: \"0f0f0f0f-0000-4000-8000-000000000000\") { state } }"));
    await until("the failure", () => reader.failure() !== undefined);
    expect(JSON.stringify(reader.failure())).toContain("OPERATION_NOT_FOUND");
  });
});

describe("consoles", () => {
  const OUTPUT = "subscription ($from: Bytes) { consoleOutput(vm: \"web\", fromOffset: $from) { __typename ... on ConsoleChunk { offset data skippedBytes } ... on ConsoleAudience { writer readers } ... on ConsoleClosed { reason } } }";
  interface Output { readonly consoleOutput: { readonly __typename: string; readonly data?: string; readonly offset?: number; readonly writer?: string | null } }
  const type = async (session: string, sequence: number, text: string, takeOver = false, peer = admin) =>
    (await peer.query<{ consoleInput: { __typename: string; writer?: string } }>(
      "mutation ($input: ConsoleInputInput!) { consoleInput(input: $input) { __typename ... on ConsoleInputAccepted { sequence } ... on ConsoleBusy { writer } ... on Error { message } } }",
      { input: { vm: "web", session, sequence, data: Buffer.from(text).toString("base64"), takeOver } })).consoleInput;
  const textOf = (items: Output[]) => Buffer.concat(items.map(({ consoleOutput }) => Buffer.from(consoleOutput.data ?? "", "base64"))).toString();

  it("replays from an offset, echoes what is typed, and knows who writes", async () => {
    const reader = collect(admin.subscribe<Output>(OUTPUT, { from: 2 }));
    await until("the replay", () => textOf(reader.items) === "ot\r\n");
    expect(reader.items.find(({ consoleOutput }) => consoleOutput.data !== undefined)?.consoleOutput.offset).toBe(2);
    await Promise.all([type("pane-1", 2, "B"), type("pane-1", 1, "A"), type("pane-1", 3, "C")]);
    await until("the echo in order", () => textOf(reader.items) === "ot\r\nABC");
    await until("the writer", () => reader.items.some(({ consoleOutput }) => consoleOutput.writer === "pane-1"));
    expect(await type("pane-2", 1, "x")).toMatchObject({ __typename: "ConsoleBusy", writer: "pane-1" });
    expect(await type("pane-2", 1, "D", true)).toMatchObject({ __typename: "ConsoleInputAccepted" });
    expect(await type("pane-1", 4, "E")).toMatchObject({ __typename: "ConsoleBusy", writer: "pane-2" });
    expect(await admin.query('mutation { releaseConsole(session: "pane-2") }')).toEqual({ releaseConsole: true });
    await until("nobody writes", () => reader.items.findLast(({ consoleOutput }) => consoleOutput.__typename === "ConsoleAudience")?.consoleOutput.writer === null);
    await reader.stop();
    await until("the daemon has no reader", () => stack.daemon.consoleReaders === 0);
  });

  it("lets a viewer watch and not write, and refuses bad input", async () => {
    const viewer = await stack.peerAs("VIEWER");
    const reader = collect(viewer.subscribe<Output>(OUTPUT, { from: 0 }));
    await until("output", () => reader.items.length > 0);
    await reader.stop();
    expect((await type("v", 1, "x", false, viewer)).__typename).toBe("Forbidden");
    expect((await type("has space", 1, "x")).__typename).toBe("InvalidInput");
  });

  it("says that it is closed when QEMU ends", async () => {
    const reader = collect(admin.subscribe<Output>(OUTPUT));
    await until("output", () => reader.items.length > 0);
    stack.daemon.setState("web", VmState.VM_STATE_CRASHED);
    await until("the end", () => reader.items.at(-1)?.consoleOutput.__typename === "ConsoleClosed");
    await reader.stop();
    expect((await type("late", 1, "x")).__typename).toBe("InvalidVmState");
  });
});
