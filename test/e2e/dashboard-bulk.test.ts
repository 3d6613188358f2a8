// One verb on several real VMs by the dashboard's keys: marked, planned, carried out, cancelled, undone; and the
// protection, labels and undo of one.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { bareGuest, VmDriver } from "../support/vm.js";

/** One more than are asked at a time. */
const NAMES = ["bulk-a", "bulk-b", "bulk-c", "bulk-d", "bulk-e"];
const ESC = "\x1b";

let stack: Stack;
let vms: VmDriver[];
let screen: TerminalDriver;
beforeAll(async () => {
  stack = await Stack.start();
  vms = [];
  for (const name of NAMES) vms.push(await VmDriver.define(stack, bareGuest(name)));
  await VmDriver.define(stack, bareGuest("other"));
  screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor(/of 6 /);
});
afterAll(async () => {
  await screen[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const press = (keys: string, expected: string | RegExp): Promise<string> => screen.press(keys, expected);
const states = (): Promise<string[]> => Promise.all(vms.map(async (vm) => (await vm.show()).state));
const allAre = (state: string): Promise<unknown> => eventually(`all to be ${state}`, async () => (await states()).every((one) => one === state));

describe("marked VMs", () => {
  it("are all started by a plan, those the filter shows and no other", async () => {
    await press("/bulk\r", /1 of 5 \(all: 6\)/);
    await press("*", /5 marked/);
    const plan = await press("s", /plan: start 5 VMs.*all can/);
    expect(plan).toContain("Powers bulk-a on with 1 vCPU and 32 MiB.");
    expect(await states()).toEqual(NAMES.map(() => "DEFINED"));
    await press("\r", /start: 5 done\./);
    await allAre("RUNNING");
  });

  it("can be two of them, paused together, and undone together", async () => {
    await press(ESC, /5 marked/);
    await press(ESC, /^(?![^]*marked)/);
    await press(">", /by memory/);
    await press("<<<", /by name/);
    await press("g", /1 of 5/);
    await press("  ", /2 marked/);
    await press("p", /plan: pause 2 VMs.*all can/);
    await press("\r", /pause: 2 done\./);
    expect((await states()).filter((state) => state === "PAUSED")).toHaveLength(2);
    await press("z", /2 marked/);
    await press("u", /plan: undo 2 VMs.*all can/);
    await press("\r", /undo: 2 done\./);
    await allAre("RUNNING");
    await press("z", /2 marked/);
  });

  it("of which some cannot, are told apart with the server's reason", async () => {
    await press(ESC, /^(?![^]*marked)/);
    await press(ESC, /\d of 6/);
    await press("*", /6 marked/);
    const plan = await press("p", /plan: pause 6 VMs.*5 can, 1 cannot/);
    expect(plan).toMatch(/▲ other +cannot: /);
    await press(ESC, /6 marked/);
    expect(await states()).toEqual(NAMES.map(() => "RUNNING"));
  });

  it("are let go by x: what was not asked is dropped, what waits for its guest is cancelled", async () => {
    await press(ESC, /^(?![^]*marked)/);
    await press("/bulk\r", /\d of 5/);
    await press("*", /5 marked/);
    await press("S", /plan: stop 5 VMs.*all can/);
    // No guest listens to ACPI here: each stop waits for its timeout.
    await press("\r", /4 under way, 1 waiting/);
    const summary = await press("x", /stop: 5 cancelled\./);
    expect(summary.match(/not asked/g)).toHaveLength(1);
    await press("z", /5 marked/);
    await allAre("RUNNING");
  });

  it("lose their power together, and nothing undoes that", async () => {
    await press("P", /plan: power cut 5 VMs.*all can/);
    await press("\r", 'Type "power cut 5"');
    // Enter alone does nothing: the plan is there again.
    await press("\r", /What was typed is not "power cut 5"; nothing was done/);
    await allAre("RUNNING");
    await press("\r", 'Type "power cut 5"');
    await press("power cut 5\r", /power cut: 5 done\./);
    await allAre("STOPPED");
    await press("z", /5 marked/);
    await press("u", /undo: bulk-\w, done last: What a power cut/);
  });
});

describe("one VM", () => {
  const choose = async (): Promise<void> => {
    await press(ESC, /^(?![^]*marked)/);
    await press(ESC, /of 6/);
    await press("/bulk-a\r", /1 of 1/);
  };

  it("is protected by K: its deletion is refused before anything is asked", async () => {
    await choose();
    screen.send("K");
    await eventually("bulk-a to be protected", async () => (await vms[0]?.show<{ protected: boolean }>("protected"))?.protected === true);
    const refused = await press("d", /▲ [^]*here K\s+takes the protection off/);
    expect(refused).not.toContain("Type its id");
    expect(await vms[0]?.show()).not.toBeNull();
  });

  it("gets labels by L, and u takes the edit back", async () => {
    const labels = (): Promise<string> => vms[0]?.show<{ labels: { key: string; value: string }[] }>("labels { key value }").then((shown) => shown.labels.map(({ key, value }) => `${key}=${value}`).sort().join(" ")) ?? Promise.resolve("");
    await press("L", /Labels of bulk-a/);
    screen.send("tier=web shift=night\r");
    await eventually("the labels", async () => (await labels()) === "shift=night tier=web");
    // What is under way cannot be undone yet.
    await eventually("the edit to end", async () => (await vms[0]?.show<{ operations: { state: string }[] }>("operations(first: 1) { state }"))?.operations[0]?.state === "SUCCEEDED");
    await press("u", /Undo\? [^]*bulk-a/);
    screen.send("u");
    await eventually("no labels", async () => (await labels()) === "");
  });

  it("is deleted once it is not protected, together with another, by number and word", async () => {
    screen.send("K");
    await eventually("bulk-a to be unprotected", async () => (await vms[0]?.show<{ protected: boolean }>("protected"))?.protected === false);
    await press(ESC, /of 6/);
    await press("/bulk-\r", /of 5/);
    await press("g  ", /2 marked/);
    await press("d", /plan: delete 2 VMs.*all can/);
    await press("\r", 'Type "delete 2"');
    await press("delete 2\r", /delete: 2 done\./);
    await press("z", /of 3 /);
    await press("u", /plan: undo 2 VMs.*all can/);
    await press("\r", /undo: 2 done\./);
    await press("z", /of 5 /);
  });
});
