// The event stream as strangers read it: server-sent events with nothing but fetch, replay first, then live.
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { Stack } from "../support/stack.js";
import { bareGuest, VmDriver } from "../support/vm.js";

let stack: Stack;
beforeAll(async () => { stack = await Stack.start(); });
afterAll(() => stack[Symbol.asyncDispose]());

interface Item { readonly __typename: string; readonly cursor: string; readonly vmId?: string | null; readonly message?: string; readonly operationId?: string | null; readonly kind?: string }
const EVENTS = "subscription ($after: BigInt) { events(after: $after) { __typename ... on Event { cursor vmId kind message operationId } ... on EventsLive { cursor } } }";

/** The events of a subscription over one HTTP answer, until `enough` holds. */
async function overSse(after: string, enough: (items: Item[]) => boolean, meanwhile: (items: Item[]) => Promise<void>): Promise<Item[]> {
  const abort = new AbortController();
  const response = await fetch(stack.url, {
    method: "POST", signal: abort.signal, body: JSON.stringify({ query: EVENTS, variables: { after } }),
    headers: { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${stack.token}` },
  });
  expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
  const items: Item[] = [];
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = /^event: next\ndata: (.*)$/ms.exec(block)?.[1];
      if (data !== undefined) items.push((JSON.parse(data) as { data: { events: Item } }).data.events);
    }
    await meanwhile(items);
    if (enough(items)) break;
  }
  abort.abort();
  return items;
}

it("come over SSE: what was, then the mark of the present, then what happens, each once", async () => {
  const vm = await VmDriver.define(stack, bareGuest("story-events"));
  // The definition is accepted a moment before its event is stored.
  await eventually("the definition to be stored", async () => {
    const { events } = await stack.api.query<{ events: { events: Item[] } }>('{ events(last: 100, vmId: "story-events") { events { kind message } } }');
    return events.events.some((event) => event.kind === "OPERATION_FINISHED");
  });
  let isStarted = false;
  const items = await overSse("0", (seen) => seen.at(-1)?.message?.startsWith("start succeeded") === true, async (seen) => {
    if (isStarted || !seen.some((item) => item.__typename === "EventsLive")) return;
    isStarted = true;
    await vm.start();
  });
  const live = items.findIndex((item) => item.__typename === "EventsLive");
  expect(items.slice(0, live).some((item) => item.kind === "VM_DEFINED" && item.vmId === "story-events")).toBe(true);
  expect(items.slice(live + 1).filter((item) => item.kind === "VM_STATE_CHANGED").map((item) => item.vmId)).toEqual(["story-events", "story-events"]);
  const cursors = items.filter((item) => item.__typename === "Event").map((item) => BigInt(item.cursor));
  expect(cursors).toEqual(cursors.map((_, index) => (cursors[0] ?? 0n) + BigInt(index)));
});

it("read differently for a change and for the end of the operation that made it", async () => {
  const vm = new VmDriver(stack, "story-events");
  await vm.forceOff();
  await vm.complete("deleteVm");
  const { events } = await stack.api.query<{ events: { events: Item[] } }>('{ events(last: 1000, vmId: "story-events") { events { kind message } } }');
  const said = events.events.map((event) => event.message);
  expect(said).toEqual(expect.arrayContaining(["powered off", "force off succeeded: powered off", "deleted", "delete succeeded: deleted"]));
  expect(said.filter((message, index) => said.indexOf(message) !== index)).toEqual([]);
});
