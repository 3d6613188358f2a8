// The vCPUs of a real guest through GraphQL and the command line, there and back: what the API says agrees with the
// guest's own nproc, with how long its work takes, and with where the kernel lets QEMU's threads run.
import { execFile } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { smallGuest, VmDriver } from "../support/vm.js";

const run = promisify(execFile);
/** As /proc counts. */
const TICKS_PER_SECOND = 100;
/** What the API and the kernel may differ by, of one core; over so many seconds. */
const AGREES_CORES = 0.02;
const SECONDS_COMPARED = 5;
/** Work for a few seconds under emulation. */
const LOOP = "i=0; while [ $i -lt 90000 ]; do i=$((i+1)); done";

let stack: Stack;
let vm: VmDriver;
beforeAll(async () => {
  stack = await Stack.start();
  vm = await VmDriver.define(stack, smallGuest("story-cpu", { memory_mb: 192, features: ["ballooning", "hotplug", "virtio"] }));
  await vm.start();
  await vm.waitForBoot();
});
afterAll(() => stack[Symbol.asyncDispose]());

async function quetzal(...args: string[]): Promise<string> {
  return (await run(process.execPath, [cliPath, ...args], { env: stack.clientEnv })).stdout;
}
interface Counted { readonly room: { readonly vcpusTarget: number; readonly vcpusMax: number }; readonly latest: { readonly vcpusPresent: number | null; readonly vcpusUsed: number | null } | null }
async function uses(count: number): Promise<void> {
  await eventually(`the guest to use ${count} vCPUs`, async () => (await vm.run("nproc")) === String(count));
  expect((await vm.show<Counted>("room { vcpusTarget vcpusMax } latest { vcpusPresent }")).room.vcpusTarget).toBe(count);
}
/** Milliseconds that the guest takes for its loop, by the guest's own clock. */
async function loopMs(): Promise<number> {
  const [from, to] = (await vm.run(`cut -d' ' -f1 /proc/uptime; ${LOOP}; cut -d' ' -f1 /proc/uptime`)).split("\n").filter((line) => /^[\d.]+$/.test(line)).slice(-2);
  return (Number(to) - Number(from)) * 1000;
}
/** Seconds of CPU that the kernel has counted for QEMU. */
async function cpuSpent(): Promise<number> {
  const { pid } = await vm.show();
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
/** CPUs that the kernel lets each vCPU's thread run on, by vCPU, and "main" for QEMU's own. */
async function placed(): Promise<Record<string, string>> {
  const { pid } = await vm.show();
  const tasks = `/proc/${pid}/task`;
  return Object.fromEntries(readdirSync(tasks).map((tid) => {
    const [, vcpu] = /^CPU (\d+)\//.exec(readFileSync(`${tasks}/${tid}/comm`, "utf8")) ?? [];
    return [vcpu ?? (tid === String(pid) ? "main" : `other-${tid}`), /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync(`${tasks}/${tid}/status`, "utf8"))?.[1] ?? ""];
  }));
}

describe("vCPUs", () => {
  it("come to the running guest, and undo takes them out of its use", async () => {
    await uses(1);
    const { id } = await vm.complete("setVmVcpus", { count: 3 });
    await uses(3);
    await eventually("QEMU to have them", async () => (await vm.show<Counted>("latest { vcpusPresent }")).latest?.vcpusPresent === 3);
    await vm.undo(id);
    await uses(1);
    // Shares of its CPU are of what it uses, whatever stays plugged in.
    await eventually("its figures to be of the one", async () => (await vm.show<Counted>("latest { vcpusPresent vcpusUsed }")).latest?.vcpusUsed === 1);
  });

  it("do so from the command line too", async () => {
    expect(await quetzal("cpu", "set", "story-cpu", "--vcpus", "2", "--wait")).toBe("story-cpu: set cpu done\n");
    await uses(2);
    expect(await quetzal("cpu", "show", "story-cpu")).toMatch(/vCPUs +2, up to 4 without a restart/);
    await quetzal("cpu", "set", "story-cpu", "--vcpus", "1", "--wait");
    await uses(1);
  });
});

describe("a limit", () => {
  it("slows the guest's work as far as the API says, and is gone when it is taken away", async () => {
    const free = await loopMs();
    const done = await vm.complete("setVmCpuPolicy", { limitPercent: 25 });
    expect(await vm.show("restartRequired cpuPolicy { limitPercent }")).toEqual({ restartRequired: false, cpuPolicy: { limitPercent: 25 } });
    const held = loopMs();
    // Awaited below, unless something fails before.
    held.catch(() => undefined);
    await eventually("a second held to the limit from its start", async () => {
      const { latest } = await vm.show<{ latest: { cpuRatio: number | null; throttledTimeRatio: number | null } | null }>("latest { cpuRatio throttledTimeRatio }");
      return (latest?.throttledTimeRatio ?? 0) > 0.2 && (latest?.cpuRatio ?? 1) < 0.3;
    });
    const from = { at: Date.now(), spent: await cpuSpent() };
    const told = await eventually("seconds of history of the work held back", async () => {
      const { history } = await vm.show<{ history: { series: { mean: (number | null)[] }[] } }>(`history(range: { from: "${new Date(from.at + 1_000).toISOString()}" }, stepSeconds: 1, metrics: [CPU_RATIO]) { series { mean } }`);
      const known = history.series[0]?.mean.filter((ratio) => ratio !== null) ?? [];
      return known.length >= SECONDS_COMPARED ? known.reduce((sum, ratio) => sum + ratio, 0) / known.length : undefined;
    });
    const kernel = ((await cpuSpent()) - from.spent) / ((Date.now() - from.at) / 1000);
    expect(Math.abs(told - kernel)).toBeLessThan(AGREES_CORES);
    const heldMs = await held;
    await vm.undo(done.id);
    expect(await vm.show("cpuPolicy { limitPercent }")).toEqual({ cpuPolicy: { limitPercent: null } });
    // Four times as long as free, were free all of a core; a busy machine gives it less, before or after.
    expect(heldMs).toBeGreaterThan(Math.min(free, await loopMs()) * 1.5);
  });
});

describe("pins", () => {
  it("hold each vCPU's thread and QEMU's own where the policy says, and let them go again", async () => {
    const before = await placed();
    await quetzal("cpu", "set", "story-cpu", "--pin", "0=1", "--emulator", "0");
    await eventually("the threads to be pinned", async () => { const now = await placed(); return now["0"] === "1" && now["main"] === "0"; });
    await quetzal("cpu", "set", "story-cpu", "--pin", "none", "--emulator", "any");
    await eventually("the threads to be free", async () => { const now = await placed(); return now["0"] === before["0"] && now["main"] === before["main"]; });
  });
});

describe("what cannot be", () => {
  it("is refused with the limit and the mend", async () => {
    for (const count of [0, -1, 5]) expect(await vm.verb("setVmVcpus", { count })).toMatchObject({ __typename: "InvalidInput", message: expect.stringMatching(/1 to 4/) as string });
    expect(await vm.verb("setVmCpuPolicy", { pins: [{ vcpu: 0, cpus: [4_095] }] })).toMatchObject({ __typename: "InvalidSpec", message: expect.stringContaining("this host has CPUs 0 to") as string });
    expect(await vm.verb("setVmCpuPolicy", { limitPercent: 1 })).toMatchObject({ __typename: "InvalidSpec", message: expect.stringContaining("give 5 to") as string });
    const off = await VmDriver.define(stack, smallGuest("story-off", { features: ["virtio"] }));
    expect(await off.verb("setVmVcpus", { count: 2 })).toMatchObject({ __typename: "InvalidVmState" });
    await off.start();
    expect(await off.verb("setVmVcpus", { count: 2 })).toMatchObject({ __typename: "Unsupported", message: expect.stringContaining("hotplug") as string });
    await off.forceOff();
  });
});
