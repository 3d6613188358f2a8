// What stands before GraphQL, and what happens when something behind it goes away: tokens, limits, the database, the daemon.
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Readable } from "node:stream";
import WebSocket from "ws";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { startServer } from "../../server/src/server.js";
import { collect, ContractStack, until } from "../support/contract.js";
import type { GraphqlPeer } from "../support/graphql.js";

let stack: ContractStack;
let admin: GraphqlPeer;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.add("web", VmState.VM_STATE_RUNNING);
  });
  admin = stack.peer();
});
afterAll(() => stack[Symbol.asyncDispose]());

async function post(body: string | Buffer, headers: Record<string, string> = {}) {
  const response = await fetch(stack.server.url, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${stack.token}`, ...headers }, body: new Uint8Array(Buffer.from(body)) });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe("before GraphQL", () => {
  it("answers health without a token, and says 404 elsewhere", async () => {
    const base = stack.server.url.replace("/graphql", "");
    expect(await (await fetch(`${base}/health`)).json()).toEqual({ status: "ok" });
    expect((await fetch(`${base}/nowhere`)).status).toBe(404);
  });

  it("shows GraphiQL to a browser", async () => {
    const page = await fetch(stack.server.url, { headers: { accept: "text/html" } });
    expect(page.status).toBe(200);
    const text = await page.text();
    expect(text).toContain("GraphiQL");
    expect(text).not.toMatch(/<(script|link)[^>]+(src|href)="?https?:/);
  });

  it("refuses a missing and a wrong token with 401 and a sentence", async () => {
    expect(await post("{}", { authorization: "Bearer qz_wrong" })).toMatchObject({ status: 401, text: expect.stringContaining("wrong, revoked or expired") as string });
    expect(await post("{}", { authorization: "" })).toMatchObject({ status: 401, text: expect.stringContaining("UNAUTHENTICATED") as string });
  });

  it("closes a WebSocket with a wrong or missing token", async () => {
    for (const payload of [{}, { authorization: "Bearer qz_wrong" }]) {
      const socket = new WebSocket(stack.server.wsUrl, "graphql-transport-ws");
      const closed = new Promise<number>((resolve) => socket.once("close", resolve));
      await new Promise((resolve) => socket.once("open", resolve));
      socket.send(JSON.stringify({ type: "connection_init", payload }));
      expect(await closed).toBe(4401);
    }
  });

  it("closes the connections of a token that is revoked", async () => {
    const viewer = await stack.peerAs("VIEWER");
    const reader = collect(viewer.subscribe("subscription { vmChanged { id } }"));
    await until("the VM", () => reader.items.length > 0);
    await admin.query(`mutation { revokeToken(id: "${viewer.tokenId}") { __typename } }`);
    await until("the end", () => reader.failure() !== undefined);
    expect((reader.failure() as { code: number }).code).toBe(4401);
  });

  it("refuses a body of 100 MB with 413, whether or not it says its size", async () => {
    const huge = await post(Buffer.alloc(100 * 1024 * 1024, "x")).catch((error: unknown) => ({ status: 413, text: String(error) }));
    expect(huge.status).toBe(413);
    const parts = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(64 * 1024, "x")));
    const init = { method: "POST", headers: { authorization: `Bearer ${stack.token}` }, body: parts, duplex: "half" };
    const status = await fetch(stack.server.url, init as unknown as RequestInit).then((response) => response.status, () => 413);
    expect(status).toBe(413);
  });

  it.each([
    ["broken JSON", "{", "The request's body is not valid JSON"],
    ["no JSON at all", "", "The request's body is not valid JSON"],
    ["a number", "7", "POST body is expected to be object but received number"],
  ])("refuses %s as a body with one sentence and the mend, and nothing of what was thrown inside", async (_, body, what) => {
    const { status, text } = await post(body);
    expect({ status, answer: JSON.parse(text) as unknown }).toEqual({ status: 400, answer: {
      errors: [{ message: `${what}: send an object such as {"query": "{ vms { nodes { id state } } }"}.`, extensions: { code: "BAD_REQUEST" } }],
    } });
  });

  it("refuses broken GraphQL with a sentence", async () => {
    expect((await post(JSON.stringify({ query: "{ nothing }" }))).text).toContain("Cannot query field");
  });

  it("names every request", async () => {
    expect((await post(JSON.stringify({ query: "{ __typename }" }))).headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("keeps a connection for longer than a person thinks between two keys", async () => {
    expect((await post(JSON.stringify({ query: "{ __typename }" }))).headers.get("keep-alive")).toBe("timeout=75");
  });

  it("refuses a second server on the same port by name, and leaves the first alone", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const { port } = holder.address() as { port: number };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const config = { ...stack.config, listen: { host: "127.0.0.1", port } };
    await expect(startServer(config, log)).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    holder.close();
    expect(await admin.query("{ viewer { name } }")).toEqual({ viewer: { name: "local" } });
  });
});

describe("limits", () => {
  const nest = (levels: number, inner: string): string => (levels === 0 ? inner : `operations(first: 1) { vm { ${nest(levels - 1, inner)} } }`);

  it("refuses a query of absurd depth, cost or length, over HTTP and WebSocket", async () => {
    const deep = `{ vms { nodes { ${nest(8, "id")} } } }`;
    const dear = "{ vms(first: 1000) { nodes { operations(first: 500) { events: vm { events(last: 1000) { cursor } } } } } }";
    // A page whose length is not said is as long as it may be.
    const unsaid = `{ vms { nodes { operations(first: 210) { id } } } }`;
    for (const query of [deep, dear, unsaid]) {
      const { body } = await admin.raw(query);
      expect(body.errors?.[0]?.extensions?.["code"], query).toBe("QUERY_TOO_EXPENSIVE");
    }
    const long = `{ ${Array.from({ length: 12_000 }, (_, index) => `a${index}: __typename`).join(" ")} }`;
    expect((await admin.raw(long)).body.errors?.[0]?.message).toMatch(/token/i);
    const reader = collect(admin.subscribe(`subscription { vmChanged { vm { ${nest(8, "id")} } } }`));
    await until("the refusal", () => reader.failure() !== undefined);
    expect(JSON.stringify(reader.failure())).toContain("QUERY_TOO_EXPENSIVE");
  });

  it("bears fragments that name each other many times", async () => {
    const bomb = Array.from({ length: 20 }, (_, index) => `fragment f${index} on Vm { ...f${index + 1} ...f${index + 1} }`).join(" ");
    const { body } = await admin.raw(`{ vms { nodes { ...f0 } } } ${bomb} fragment f20 on Vm { id }`);
    expect(body.errors?.[0]?.extensions?.["code"]).toBe("QUERY_TOO_EXPENSIVE");
  });

  it("answers the introspection that every client sends", async () => {
    const { getIntrospectionQuery } = await import("graphql");
    expect((await admin.raw(getIntrospectionQuery())).body.errors).toBeUndefined();
  });

  it("refuses a cursor and a page size that are none", async () => {
    for (const args of ['after: "x"', "first: 5000", "first: -1"]) {
      expect((await admin.raw(`{ vms(${args}) { totalCount } }`)).body.errors?.[0]?.extensions?.["code"]).toBe("INVALID_INPUT");
    }
  });
});

describe("when the daemon is away", () => {
  it("shows its VMs as they were, refuses mutations, and takes up again", async () => {
    const hosts = collect(admin.subscribe<{ vmChanged: { vm: { host: { connected: boolean } } } }>("subscription { vmChanged { vm { host { connected } } } }"));
    stack.daemon.kill();
    await until("it is shown as not connected", () => hosts.items.at(-1)?.vmChanged.vm.host.connected === false);
    const shown = await admin.query<{ vm: { state: string; verbs: { reason: string | null }[]; host: { connectionError: string } } }>('{ vm(id: "web") { state verbs { reason } host { connectionError } } }');
    expect(shown.vm.state).toBe("RUNNING");
    expect(shown.vm.verbs[0]?.reason).toBe("its host is not connected");
    expect(shown.vm.host.connectionError).not.toBe("");
    expect(await admin.query('mutation { pauseVm(input: { id: "web" }) { __typename } }')).toEqual({ pauseVm: { __typename: "HostUnreachable" } });
    stack.daemon.setState("web", VmState.VM_STATE_CRASHED);
    await stack.daemon.listen();
    await until("it is connected", () => hosts.items.at(-1)?.vmChanged.vm.host.connected === true);
    expect(await admin.query('{ vm(id: "web") { state } }')).toEqual({ vm: { state: "CRASHED" } });
    await until("the death is in the events", async () => JSON.stringify(await admin.query('{ events(last: 20, vmId: "web") { events { kind state } } }')).includes('"CRASHED"'));
    await hosts.stop();
  });
});

describe("when the database is away", () => {
  it("reads from memory, refuses changes, and loses no event", async () => {
    const postgres = stack.postgres();
    await admin.query('mutation { startVm(input: { id: "web" }) { __typename } }');
    await until("it runs", async () => JSON.stringify(await admin.query('{ vm(id: "web") { state } }')).includes("RUNNING"));
    const { events } = await admin.query<{ events: { newestCursor: string } }>("{ events(last: 1) { newestCursor } }");
    postgres.stop();
    stack.daemon.append({ vmId: "web", message: "Said without a database." });
    await until("it is noticed", async () => JSON.stringify(await admin.query("{ server { databaseConnected } }")).includes("false"));
    expect(stack.logged.map(({ level, message }) => `${level}: ${message}`)).toContain("warn: lost the database");
    expect(await admin.query("{ vms { totalCount } }")).toEqual({ vms: { totalCount: 1 } });
    expect(await admin.query('mutation { pauseVm(input: { id: "web" }) { __typename } }')).toEqual({ pauseVm: { __typename: "DatabaseUnavailable" } });
    expect((await admin.raw("{ events { newestCursor } }")).body.errors?.[0]?.extensions?.["code"]).toBe("DATABASE_UNAVAILABLE");
    postgres.start();
    await until("it is back", async () => JSON.stringify(await admin.query("{ server { databaseConnected } }")).includes("true"), 30_000);
    const said = async () => (await admin.query<{ events: { events: { message: string }[] } }>(`{ events(after: "${events.newestCursor}") { events { message } } }`)).events.events.filter(({ message }) => message === "Said without a database.").length;
    await until("the event is stored", async () => (await said()) > 0);
    expect(await said()).toBe(1);
    const warnings = async () => (await admin.query<{ events: { events: { kind: string; message: string }[] } }>(`{ events(after: "${events.newestCursor}") { events { kind message } } }`)).events.events.filter(({ kind }) => kind === "WARNING").map(({ message }) => message);
    await until("the outage is in the events", async () => (await warnings()).some((message) => message.startsWith("The database is back after ")));
    expect((await warnings())[0]).toMatch(/^Lost the database: .+\.$/);
    expect(stack.logged.map(({ message }) => message)).toContain("the database is back");
    expect(await admin.query('mutation { pauseVm(input: { id: "web" }) { __typename } }')).toEqual({ pauseVm: { __typename: "VmOperationAccepted" } });
  });
});
