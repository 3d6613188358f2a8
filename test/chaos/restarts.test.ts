// What dies comes back: daemon, server, Postgres and QEMU are killed with VMs running, and nothing is lost.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectChangesInOrder, ORDERED_FIELDS, type OrderedEvent } from "../support/event-order.js";
import { eventually, isAlive } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { bareGuest, smallGuest, VmDriver } from "../support/vm.js";

let stack: Stack;
let guest: VmDriver;
let bare: VmDriver;

interface Seen extends OrderedEvent { readonly cursor: string; readonly message: string }
const EVENTS = `events(after: $after, first: 1000) { events { cursor message ${ORDERED_FIELDS} } newestCursor }`;

async function eventsAfter(after: string): Promise<Seen[]> {
  return (await stack.api.query<{ events: { events: Seen[] } }>(`query ($after: BigInt) { ${EVENTS} }`, { after })).events.events;
}
async function newestCursor(): Promise<string> {
  return (await stack.api.query<{ events: { newestCursor: string } }>("{ events { newestCursor } }")).events.newestCursor;
}
function postgresMain(): number {
  const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).find((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return line.includes("postgres") && line.includes(`${stack.stateDir}/postgres`) && isAlive(pid);
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error("no Postgres of this stack");
  return found;
}

beforeAll(async () => {
  stack = await Stack.start();
  guest = await VmDriver.define(stack, smallGuest("chaos-guest"));
  bare = await VmDriver.define(stack, bareGuest("chaos-bare"));
  await guest.start();
  await guest.waitForBoot();
  await bare.start();
});
afterAll(() => stack[Symbol.asyncDispose]());

describe("kill -9", () => {
  it("of QEMU: the VM is CRASHED with its cause, and starts again", async () => {
    const { pid } = await bare.show();
    process.kill(pid as number, "SIGKILL");
    await bare.waitForState("CRASHED");
    expect((await bare.show()).crash?.cause).toMatch(/signal 9/);
    await bare.start();
  });

  it("of the daemon: running VMs are adopted, and one that died meanwhile is reported", async () => {
    const before = await newestCursor();
    const pids = stack.qemuPids();
    await stack.daemon?.end("SIGKILL");
    process.kill(pids.get(bare.id) as number, "SIGKILL");
    await stack.startDaemon();
    await eventually("the death to be reported", async () => (await eventsAfter(before)).some((event) => event.vmId === bare.id && event.state === "CRASHED"));
    expect(stack.qemuPids().get(guest.id)).toBe(pids.get(guest.id));
    await guest.waitForState("RUNNING");
    expect(await guest.run("echo adopted")).toBe("adopted");
    expect((await bare.show()).state).toBe("CRASHED");
    await bare.start();
  });

  it("of the server: VMs run on, and what happened meanwhile is in the events, once and in order", async () => {
    const before = await newestCursor();
    const pid = stack.qemuPids().get(bare.id) as number;
    await stack.server?.end("SIGKILL");
    process.kill(pid, "SIGKILL");
    await stack.startServer();
    await bare.waitForState("CRASHED");
    const events = await eventually("the crash to be in the events", async () => {
      const seen = await eventsAfter(before);
      return seen.some((event) => event.vmId === bare.id && event.state === "CRASHED") ? seen : undefined;
    });
    expect(events.filter((event) => event.vmId === bare.id && event.state === "CRASHED")).toHaveLength(1);
    const all = await eventsAfter("0");
    for (const { id } of [guest, bare]) expectChangesInOrder(all, id);
    expect(await guest.run("echo alive")).toBe("alive");
    await bare.start();
  });

  it("of the server in the middle of a stop: the operation ends as what it then is", async () => {
    // With a key, as the dashboard and `quetzal` ask: only then is the operation certain to be stored when the answer comes.
    const stop = await guest.verb("stopVm", { timeoutSeconds: 60, idempotencyKey: "chaos-stop" });
    await stack.server?.end("SIGKILL");
    await stack.startServer();
    expect((await guest.operationEnd(stop.operation?.id ?? "")).state).toBe("SUCCEEDED");
    expect((await guest.show()).state).toBe("STOPPED");
    await guest.start();
    await guest.waitForBoot();
  });

  it("of Postgres: what is observed stays readable, and everything goes on when it is back", async () => {
    process.kill(postgresMain(), "SIGKILL");
    expect((await guest.show<{ state: string }>("state")).state).toBe("RUNNING");
    await eventually("the database to be back", async () => (await stack.api.query<{ server: { databaseConnected: boolean } }>("{ server { databaseConnected } }")).server.databaseConnected);
    await eventually("mutations to work again", async () => {
      const result = await bare.verb("pauseVm");
      return result.__typename === "VmOperationAccepted" || result.__typename === "InvalidVmState";
    });
    await bare.waitForState("PAUSED");
  });

  it("of the server and of Postgres under a follower: its events are complete, in order and told once", async () => {
    const start = await newestCursor();
    const follower = spawn(process.execPath, [cliPath, "events", "--follow", "--after", start, "-o", "json"], { env: { ...process.env, ...stack.clientEnv }, stdio: ["ignore", "pipe", "ignore"] });
    try {
      let said = "";
      follower.stdout.on("data", (chunk: Buffer) => { said += chunk.toString(); });
      const cursors = (): string[] => said.split("\n").slice(0, -1).map((line) => (JSON.parse(line) as { cursor: string }).cursor);
      await bare.complete("resumeVm");
      await eventually("the first events", () => cursors().length > 0);
      await stack.server?.end("SIGKILL");
      process.kill(stack.qemuPids().get(bare.id) as number, "SIGKILL");
      await stack.startServer();
      await bare.waitForState("CRASHED");
      process.kill(postgresMain(), "SIGKILL");
      await eventually("the database to be back", async () => (await bare.verb("startVm")).__typename === "VmOperationAccepted");
      await bare.waitForState("RUNNING");
      const all = await eventually("every event to be stored", async () => {
        const stored = await eventsAfter(start);
        const crash = stored.findIndex(({ state }) => state === "CRASHED");
        // A busy host may raise an alert after the last of them.
        const started = stored.findIndex(({ kind }, at) => at > crash && kind === "OPERATION_FINISHED");
        return crash >= 0 && started > crash ? stored.slice(0, started + 1).map(({ cursor }) => cursor) : undefined;
      });
      await eventually("the follower to have them", () => cursors().length >= all.length);
      expect(cursors().slice(0, all.length)).toEqual(all);
      expect(new Set(cursors()).size).toBe(cursors().length);
    } finally {
      follower.kill("SIGKILL");
    }
  });
});
