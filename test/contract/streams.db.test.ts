// Subscriptions over server-sent events, and what a reader is told whose cursor is no longer, or not yet, in the log.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../server/src/db/client.js";
import { EventLog } from "../../server/src/event/log.js";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { collect, ContractStack, until } from "../support/contract.js";
import { SlowClient } from "../support/slow-client.js";

interface Item { readonly events: { readonly __typename: string; readonly cursor?: string; readonly trimmedBefore?: string } }
const EVENTS = "subscription ($after: BigInt) { events(after: $after) { __typename ... on Event { cursor } ... on EventGap { trimmedBefore } ... on EventsLive { cursor } } }";

let stack: ContractStack;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.add("web", VmState.VM_STATE_RUNNING);
    daemon.add("off");
  }, { tickMs: 50 });
  // It is told once the host's journal is stored, a moment after the server is up: nothing comes unasked from then on.
  await until("the host's connection to be told", async () => {
    const { events } = await stack.peer().query<{ events: { events: { kind: string }[] } }>("{ events(last: 20) { events { kind } } }");
    return events.events.some(({ kind }) => kind === "HOST_CONNECTED");
  });
});
afterAll(() => stack[Symbol.asyncDispose]());

async function newestCursor(): Promise<bigint> {
  return BigInt((await stack.peer().query<{ events: { newestCursor: string } }>("{ events(last: 1) { newestCursor } }")).events.newestCursor);
}

describe("a cursor that is not in the log", () => {
  it("from another life of the database is answered with a gap, and then with what is new", async () => {
    const newest = await newestCursor();
    const reader = collect(stack.peer().subscribe<Item>(EVENTS, { after: (newest + 1_000n).toString() }));
    await until("it is live", () => reader.items.length === 2);
    expect(reader.items.map(({ events }) => events)).toEqual([
      { __typename: "EventGap", trimmedBefore: (newest + 1n).toString() },
      { __typename: "EventsLive", cursor: newest.toString() },
    ]);
    stack.daemon.append({ vmId: "web" });
    await until("what is new", () => reader.items.length === 3);
    expect(reader.items[2]?.events).toEqual({ __typename: "Event", cursor: (newest + 1n).toString() });
    await reader.stop();
  });

  it("of history that was trimmed is answered with a gap, what is kept, and the present", async () => {
    for (let count = 0; count < 20; count += 1) stack.daemon.append({ vmId: "web", message: `Number ${count}.` });
    const before = await newestCursor();
    await until("all are stored", async () => (await newestCursor()) >= before + 10n);
    await using database = openDatabase({ kind: "socket", directory: `${stack.stateDir}/run/postgres`, user: "quetzal", database: "postgres" });
    expect(await new EventLog(database.db).trim(new Date(), 5)).toBeGreaterThan(0);
    const newest = await newestCursor();
    const oldest = newest - 4n;
    const reader = collect(stack.peer().subscribe<Item>(EVENTS, { after: "1" }));
    await until("it is live", () => reader.items.at(-1)?.events.__typename === "EventsLive");
    expect(reader.items[0]?.events).toEqual({ __typename: "EventGap", trimmedBefore: oldest.toString() });
    expect(reader.items.slice(1, -1).map(({ events }) => BigInt(events.cursor ?? 0))).toEqual([0n, 1n, 2n, 3n, 4n].map((step) => oldest + step));
    expect(reader.items.at(-1)?.events.cursor).toBe(newest.toString());
    await reader.stop();
    const page = await stack.peer().query<{ events: { trimmedBefore: string | null } }>('{ events(after: "1") { trimmedBefore } }');
    expect(page.events.trimmedBefore).toBe(oldest.toString());
  });

  it("is no matter for a reader who has seen all that was trimmed", async () => {
    const after = (await newestCursor()) - 3n;
    await using client = new SlowClient<Item>(stack.server.url, stack.token, EVENTS, { after: after.toString() });
    await until("it is live", () => client.items.at(-1)?.events.__typename === "EventsLive");
    expect(client.items.map(({ events }) => events.__typename)).toEqual(["Event", "Event", "Event", "EventsLive"]);
  });
});

describe("server-sent events", () => {
  interface Sent { readonly event: string; readonly data: { readonly data?: Record<string, unknown>; readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[] } | null }

  function post(query: string, variables: Record<string, unknown>, token: string, signal?: AbortSignal): Promise<Response> {
    return fetch(stack.server.url, {
      method: "POST", signal: signal ?? null, body: JSON.stringify({ query, variables }),
      headers: { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${token}` },
    });
  }
  /** What was sent until `enough` of it or its end. */
  async function read(response: Response, enough = Infinity): Promise<Sent[]> {
    const sent: Sent[] = [];
    let text = "";
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = /^event: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1] ?? "";
        if (event !== undefined) sent.push({ event, data: data === "" ? null : (JSON.parse(data) as Sent["data"]) });
      }
      if (sent.length >= enough) break;
    }
    return sent;
  }

  it("bring an operation to its end and then say that it is complete", async () => {
    const { startVm } = await stack.peer().query<{ startVm: { operation: { id: string } } }>('mutation { startVm(input: { id: "off" }) { ... on VmOperationAccepted { operation { id } } } }');
    const response = await post("subscription ($id: ID!) { operation(id: $id) { state } }", { id: startVm.operation.id }, stack.token);
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const sent = await read(response);
    expect(sent.at(-1)?.event).toBe("complete");
    expect(sent.at(-2)?.data?.data).toEqual({ operation: { state: "SUCCEEDED" } });
  });

  it("bring samples, and a reader that leaves disturbs nothing", async () => {
    const abort = new AbortController();
    const sent = await read(await post("subscription { metrics { samples { vmId cpuRatio } } }", {}, stack.token, abort.signal), 3);
    expect(sent.map(({ event }) => event)).toEqual(["next", "next", "next"]);
    abort.abort();
    expect((await fetch(new URL("/health", stack.server.url))).status).toBe(200);
  });

  it("refuse without a token, and say with a code what cannot be subscribed to", async () => {
    expect((await post(EVENTS, {}, "wrong")).status).toBe(401);
    const unknown = await read(await post('subscription { operation(id: "0f0f0f0f-0000-4000-8000-000000000000") { state } }', {}, stack.token));
    expect(unknown[0]?.data?.errors?.[0]?.extensions?.code).toBe("OPERATION_NOT_FOUND");
    const deep = await post("subscription { nothingOfTheKind }", {}, stack.token);
    expect(JSON.stringify(await deep.text())).toContain("nothingOfTheKind");
  });
});
