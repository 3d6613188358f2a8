// Memory and vCPUs of a real guest by the dashboard's keys: what the guest reads in its own /proc and counts itself follows
// each key, and the pages say what was done and what there is.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { smallGuest, VmDriver } from "../support/vm.js";

const NAME = "story-mem";
const MIB = 1_048_576;
const PAGE_BYTES = 4096;
const BOOT_MIB = 256;
/** What the guest and a target may differ by. */
const AGREES_RATIO = 0.02;
const ESC = "\u001b";

let stack: Stack;
let vm: VmDriver;
let screen: TerminalDriver;
beforeAll(async () => {
  stack = await Stack.start();
  vm = await VmDriver.define(stack, smallGuest(NAME, { memory_mb: BOOT_MIB, features: ["tps", "ballooning", "hotplug", "virtio"], memory_policy: { max_mb: 2 * BOOT_MIB }, cpu_policy: { max_vcpus: 2 } }));
  screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor(new RegExp(`${NAME}\\s+(defined|stopped)`));
});
afterAll(async () => {
  await screen[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const press = (keys: string, expected: string | RegExp): Promise<string> => screen.press(keys, expected);
/** The guest's own view, in MiB. */
async function memTotal(): Promise<number> {
  return Number(/(\d+) kB/.exec(await vm.run("grep ^MemTotal: /proc/meminfo"))?.[1]) / 1024;
}
async function grows(before: number, byMib: number): Promise<void> {
  await eventually(`the guest to count ${byMib} MiB more than ${before}`, async () => Math.abs((await memTotal()) - before - byMib) <= AGREES_RATIO * BOOT_MIB);
}
/** What the guest's own driver has put into the balloon; those pages stay in its MemTotal, since it deflates when memory runs out. */
async function balloonHolds(mib: number): Promise<void> {
  await eventually(`the guest's balloon to hold ${mib} MiB`, async () => {
    const [inflated = 0, deflated = 0] = (await vm.run("awk '/^balloon_(inflate|deflate) / { print $2 }' /proc/vmstat")).split("\n").map(Number);
    return Math.abs((inflated - deflated) * PAGE_BYTES - mib * MIB) <= Math.max(AGREES_RATIO * mib, 1) * MIB;
  });
}

describe("of a guest that is off", () => {
  it("nothing can be set, and the key says so", async () => {
    await press("b", /balloon: It is (defined|stopped); this is for a VM that runs/);
  });
});

describe("of a running guest", () => {
  beforeAll(async () => {
    await vm.start();
    await vm.waitForBoot();
    await eventually("the guest's figures", async () => (await vm.show<{ latest: { guestTotalBytes: number | null } | null }>("latest { guestTotalBytes }")).latest?.guestTotalBytes != null);
  });

  it("b tells what a balloon target would bring, Enter brings it, and the guest's own driver holds that much", async () => {
    await press("b", new RegExp(`Balloon target of ${NAME} \\(now 256M; from 128M to 256M\\)`));
    await press("200M", /Leaves the guest of story-mem 200 MiB/);
    screen.send("\r");
    await balloonHolds(BOOT_MIB - 200);
    expect(await vm.show("room { balloonTargetBytes }")).toEqual({ room: { balloonTargetBytes: 200 * MIB } });
  });

  it("a target under the floor is told with the limit before Enter, and Enter does nothing", async () => {
    await press("b64M", /▲ .*128/);
    screen.send("\r");
    await press(ESC, /NAME\s+STATE/);
    expect(await vm.show("room { balloonTargetBytes }")).toEqual({ room: { balloonTargetBytes: 200 * MIB } });
  });

  it("the VM's memory tab shows target against actual, and the parts add up", async () => {
    await press("\r", /1 graphs/);
    await press("3", /b balloon target +200M +actual +200M/);
    const shown = await screen.waitFor(/▂ balloon +56\.0M/);
    expect(shown).toMatch(/QEMU +\d/);
  });

  it("A has the controller recommend, with the policy on the page", async () => {
    await press("A", /Memory control of story-mem \(now off\)/);
    await press("\r", /A control +recommend/);
    expect(await vm.show("memoryPolicy { control }")).toEqual({ memoryPolicy: { control: "RECOMMEND" } });
    await press(ESC, /NAME\s+STATE/);
  });

  it("u gives the memory back", async () => {
    await press("u", /Undo\? /);
    await press("u", /NAME\s+STATE/);
    await eventually("the policy to be as before", async () => (await vm.show<{ memoryPolicy: { control: string } }>("memoryPolicy { control }")).memoryPolicy.control === "OFF");
    await press("u", /Undo\? /);
    screen.send("u");
    await balloonHolds(0);
  });

  it("# gives it a second vCPU, which the guest counts, and takes it again", async () => {
    await press("#", /vCPUs of story-mem \(now 1; 1 to 2\)/);
    await press("2", /Gives story-mem 2 vCPUs \(now 1\)/);
    screen.send("\r");
    await eventually("the guest to count two", async () => (await vm.run("nproc")) === "2");
    await press("#1", /Leaves story-mem 1 vCPU \(now 2\)/);
    screen.send("\r");
    await eventually("the guest to count one", async () => (await vm.run("nproc")) === "1");
  });

  it("B plugs memory in, and out again", async () => {
    const before = await memTotal();
    await press("B384M", /Plugs 128 MiB into the guest of story-mem/);
    screen.send("\r");
    await grows(before, 128);
    await press("B256M", /Takes 128 MiB out of the guest/);
    screen.send("\r");
    await grows(before, 0);
  });
});

describe("the memory page", () => {
  it("shows host and VM, what is off and how it is turned on", async () => {
    await press("m", new RegExp(`memory of [^]*VMs by cost[^]*● ${NAME} +[█▆▄▌]+`));
    const shown = await screen.waitFor(/controller +(off: quetzal memory host --control on|VMs: \d on)/);
    expect(shown).toMatch(/compression +[–\d]/);
  });
});
