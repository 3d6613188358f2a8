// Every verb of a VM's life by the dashboard's keys, and the dashboard over the death of its server.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { smallGuest, VmDriver } from "../support/vm.js";

const NAME = "story-keys";
const BOOTED = "QuetzalCore guest ready";
const row = (state: string): RegExp => new RegExp(`${NAME}\\s+${state}`);

let stack: Stack;
let vm: VmDriver;
let screen: TerminalDriver;
beforeAll(async () => {
  stack = await Stack.start();
  vm = await VmDriver.define(stack, smallGuest(NAME));
  screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor(row("(defined|stopped)"));
});
afterAll(async () => {
  await screen[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const press = (keys: string, expected: string | RegExp): Promise<string> => screen.press(keys, expected);

describe("keys", () => {
  it("s powers on", async () => {
    await press("s", row("running"));
    await vm.waitForBoot();
  });

  it("p pauses, and p again lets it run on", async () => {
    await press("p", row("paused"));
    await press("p", row("running"));
  });

  it("r asks first, and r again resets: the guest boots anew", async () => {
    await press("r", /Reset .*\?/);
    screen.send("r");
    await vm.readUntil((text) => text.split(BOOTED).length > 2, 1_000_000);
  });

  it("r and then another key resets nothing", async () => {
    const { events: before } = await vm.show<{ events: unknown[] }>("events { cursor }");
    await press("r", /Reset .*\?/);
    screen.send("\u001b");
    await screen.waitFor(/^(?![\s\S]*Reset .*\?)/);
    expect((await vm.show<{ events: unknown[] }>("events { cursor }")).events).toEqual(before);
  });

  it("S asks the guest, which powers down", async () => {
    await press("S", row("stopped"));
    expect(stack.qemuPids().size).toBe(0);
  });

  it("P asks first, and P again cuts the power", async () => {
    await press("s", row("running"));
    await press("P", /power .*\?/i);
    await press("P", row("stopped"));
    expect(stack.qemuPids().size).toBe(0);
  });

  it("d deletes nothing for another name, and the VM for its own", async () => {
    await press("d", "Type its id");
    screen.send("story-else\r");
    expect(await vm.show()).not.toBeNull();
    screen.send("\u001b");
    await screen.waitFor(/^(?![\s\S]*Type its id)/);
    await press("d", "Type its id");
    screen.send(`${NAME}\r`);
    await eventually("the VM to be gone", async () => (await vm.show<object | null>("id")) === null);
    await screen.waitFor(new RegExp(`^(?![\\s\\S]*${NAME}\\s+(stopped|defined))`));
  });
});

describe("the server killed under an open dashboard", () => {
  let other: VmDriver;
  beforeAll(async () => {
    other = await VmDriver.define(stack, smallGuest("story-away"));
    await other.start();
    await screen.waitFor(/story-away\s+running/);
  });

  it("shows for how long, how old the data is, and keeps the last it knows", async () => {
    await stack.server?.end("SIGKILL");
    const seen = await screen.waitFor(/no server for .*data .* old/);
    expect(seen).toMatch(/story-away\s+running/);
    await screen.waitFor(/no server for [3-9] ?s/);
  });

  it("says why a verb cannot be done meanwhile", async () => {
    await press("p", /server is away/);
  });

  it("comes back by itself, with what happened meanwhile in its events", async () => {
    process.kill(stack.qemuPids().get(other.id) as number, "SIGKILL");
    await stack.startServer();
    await screen.waitFor(/story-away\s+crashed/);
    await screen.waitFor(/^(?!.*no server)/);
    await press("e", /events, newest first/);
    const list = await screen.waitFor(/story-away\s.*signal 9/);
    // Beside its row, the newest event stands in the line at the bottom, and the chosen one is told whole.
    expect(list.split("\n").filter((line) => /^ [\d:]+ \S story-away {2,}.*signal 9/.test(line))).toHaveLength(1);
    await press("\u001b", /NAME\s+STATE/);
    await press("s", /story-away\s+running/);
  });
});
