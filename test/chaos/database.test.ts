// The whole product over a Postgres that is not ours (DATABASE_URL), which goes away while it is worked with, comes back,
// and forgets: changes are refused in words, what runs runs on, and nothing that happened meanwhile is lost.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DebianPostgres } from "../../server/src/db/testing/debian.js";
import { expectChangesInOrder, ORDERED_FIELDS, type OrderedEvent } from "../support/event-order.js";
import { eventually } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { bareGuest, VmDriver } from "../support/vm.js";

const isMissing = DebianPostgres.installed() === null;
if (isMissing) console.warn("The stories of a database that goes away are left out: no Postgres in /usr/lib/postgresql (apt-get install postgresql).");

interface Seen extends OrderedEvent { readonly cursor: string }

describe.skipIf(isMissing)("a database of our own choosing", () => {
  const folder = mkdtempSync(join(tmpdir(), "qz-db-"));
  let database: DebianPostgres;
  let stack: Stack;
  let vm: VmDriver;
  beforeAll(async () => {
    chmodSync(folder, 0o755);
    database = await DebianPostgres.create(join(folder, "d")) as DebianPostgres;
    stack = await Stack.start({ databaseUrl: database.url });
    vm = await VmDriver.define(stack, bareGuest("chaos-db"));
    await vm.start();
  });
  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function connected(): Promise<boolean> {
    return (await stack.api.query<{ server: { databaseConnected: boolean } }>("{ server { databaseConnected } }")).server.databaseConnected;
  }
  async function newestCursor(): Promise<string> {
    return (await stack.api.query<{ events: { newestCursor: string } }>("{ events { newestCursor } }")).events.newestCursor;
  }
  async function eventsAfter(after: string): Promise<Seen[]> {
    return (await stack.api.query<{ events: { events: Seen[] } }>(`query ($after: BigInt) { events(after: $after, first: 1000) { events { cursor ${ORDERED_FIELDS} } } }`, { after })).events.events;
  }

  it("is the one that is used", () => {
    expect(stack.postgresPids()).toEqual([]);
  });

  it("refuses every change in words while it is away, and shows what runs all the same", async () => {
    await database.stop();
    const put = await stack.api.query<{ putVm: { __typename: string; message?: string } }>(
      "mutation ($definition: JSON!) { putVm(input: { definition: $definition }) { __typename ... on Error { message } } }", { definition: bareGuest("chaos-late") });
    expect(put.putVm.__typename).toBe("DatabaseUnavailable");
    expect(put.putVm.message).toMatch(/database/i);
    expect((await vm.verb("pauseVm")).__typename).toBe("DatabaseUnavailable");
    const token = await stack.api.query<{ createToken: { __typename: string } }>('mutation { createToken(input: { name: "late", role: VIEWER }) { __typename } }');
    expect(token.createToken.__typename).toBe("DatabaseUnavailable");
    expect(await connected()).toBe(false);
    expect((await vm.show<{ state: string }>("state")).state).toBe("RUNNING");
    await using screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
    await screen.waitFor("database away");
    await screen.waitFor(/chaos-db\s+running/);
    await database.start();
    await eventually("the database to be back", connected);
    await screen.waitFor(/^(?!.*database away)/);
    expect((await stack.api.query<{ vms: { nodes: { id: string }[] } }>("{ vms { nodes { id } } }")).vms.nodes.map(({ id }) => id)).toEqual(["chaos-db"]);
  });

  it("has, once it is back, what happened while it was away: once and in order", async () => {
    const before = await newestCursor();
    await database.stop();
    process.kill(stack.qemuPids().get(vm.id) as number, "SIGKILL");
    await vm.waitForState("CRASHED");
    await database.start();
    const events = await eventually("the crash to be stored", async () => {
      const seen = await eventsAfter(before);
      return seen.some((event) => event.state === "CRASHED") ? seen : undefined;
    });
    expect(events.filter((event) => event.state === "CRASHED")).toHaveLength(1);
    expectChangesInOrder(await eventsAfter("0"), vm.id);
    await vm.start();
  });

  it("takes up work while it comes and goes: every accepted operation ends, no refused one is seen", async () => {
    const accepted: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (const verb of ["pauseVm", "resumeVm"]) {
        const result = await vm.verb(verb);
        if (result.operation) accepted.push(result.operation.id);
      }
      await database.stop();
      expect((await vm.verb("resetVm")).__typename).toBe("DatabaseUnavailable");
      await database.start();
      await eventually("the database to be back", connected);
    }
    for (const id of accepted) expect((await vm.operationEnd(id)).state).toMatch(/SUCCEEDED|FAILED/);
    const { operations } = await stack.api.query<{ operations: { nodes: { id: string; kind: string; state: string }[] } }>("{ operations(first: 100) { nodes { id kind state } } }");
    expect(operations.nodes.filter(({ state }) => state === "RUNNING")).toEqual([]);
    expect(operations.nodes.filter(({ kind }) => kind === "RESET_VM")).toEqual([]);
  });

  it("says where its history was trimmed, to who asks and to who follows", async () => {
    const newest = BigInt(await newestCursor());
    const kept = newest - 2n;
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query("UPDATE events SET time = time - interval '1 year' WHERE cursor < $1", [kept.toString()]);
    } finally {
      await client.end();
    }
    // A start looks for what is too old.
    await stack.server?.end();
    await stack.startServer();
    const page = await eventually("the old events to be trimmed", async () => {
      const { events } = await stack.api.query<{ events: { trimmedBefore: string | null; events: Seen[] } }>('{ events(after: "0") { trimmedBefore events { cursor } } }');
      return events.trimmedBefore === null ? undefined : events;
    });
    expect(page.trimmedBefore).toBe(kept.toString());
    expect(page.events[0]?.cursor).toBe(kept.toString());
    const stream = stack.api.subscribe<{ events: { __typename: string; trimmedBefore?: string; cursor?: string } }>(
      'subscription { events(after: "0") { __typename ... on EventGap { trimmedBefore } ... on Event { cursor } } }');
    expect((await stream.next()).value).toEqual({ events: { __typename: "EventGap", trimmedBefore: kept.toString() } });
    expect((await stream.next()).value).toEqual({ events: { __typename: "Event", cursor: kept.toString() } });
    await stream.return?.();
  });
});
