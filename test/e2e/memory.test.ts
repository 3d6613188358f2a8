// The memory of a real guest through GraphQL and the command line, there and back: what the API says agrees with what the
// guest reads in its own /proc/meminfo, and with what the kernel says of QEMU.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { swapAreas as swaps, takeTurn } from "../support/host-switches.js";
import { eventually } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { smallGuest, VmDriver } from "../support/vm.js";

const MIB = 1_048_576;
const BOOT_MIB = 256;
/** What the guest and the API may differ by. */
const AGREES_RATIO = 0.02;
const FEATURES = ["tps", "ballooning", "hotplug", "virtio"];
const run = promisify(execFile);

interface Sample {
  readonly guestTotalBytes: number | null; readonly guestAvailableBytes: number | null; readonly guestUpdatedAt: string | null; readonly balloonActualBytes: number | null; readonly pluggedBytes: number | null;
}
interface Breakdown { readonly totalBytes: number; readonly remainderBytes: string; readonly parts: readonly { readonly kind: string; readonly bytes: number }[] }

let stack: Stack;
let vm: VmDriver;
beforeAll(async () => {
  stack = await Stack.start();
  vm = await VmDriver.define(stack, smallGuest("story-memory", { memory_mb: BOOT_MIB, features: FEATURES }));
  await vm.start();
  await vm.waitForBoot();
  await eventually("the guest's figures", async () => (await sampleOf())?.guestTotalBytes != null);
});
afterAll(() => stack[Symbol.asyncDispose]());

async function sampleOf(): Promise<Sample | null> {
  return (await vm.show<{ latest: Sample | null }>("latest { guestTotalBytes guestAvailableBytes guestUpdatedAt balloonActualBytes pluggedBytes }")).latest;
}
/** The guest's own view, in bytes. */
async function meminfo(field = "MemTotal"): Promise<number> {
  return Number(/(\d+) kB/.exec(await vm.run(`grep ^${field}: /proc/meminfo`))?.[1]) * 1024;
}
function agrees(api: number, guest: number): boolean {
  return Math.abs(api - guest) <= AGREES_RATIO * guest;
}
/** What the guest's own driver has put into the balloon: its pages stay in MemTotal, since it deflates when memory runs out. */
async function inBalloon(): Promise<number> {
  const counters = new Map((await vm.run("grep ^balloon_ /proc/vmstat")).split("\n").map((line): [string, number] => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])]));
  return ((counters.get("balloon_inflate") ?? 0) - (counters.get("balloon_deflate") ?? 0)) * 4096;
}
/** Waits until the API says the same as the guest; the guest tells its figures every few seconds. */
async function agreement(): Promise<void> {
  await eventually("the API to agree with the guest", async () => {
    const [total, available, sample] = [await meminfo(), await meminfo("MemAvailable"), await sampleOf()];
    return agrees(sample?.guestTotalBytes ?? 0, total) && Math.abs((sample?.guestAvailableBytes ?? 0) - available) <= AGREES_RATIO * total;
  });
}
/** Waits until the guest's balloon holds so much, and the API says so. */
async function balloonHolds(bytes: number): Promise<void> {
  await eventually(`the guest's balloon to hold ${bytes / MIB} MiB`, async () => {
    const held = await inBalloon();
    const { balloonActualBytes, pluggedBytes } = (await sampleOf()) ?? {};
    const told = BOOT_MIB * MIB + (pluggedBytes ?? 0) - (balloonActualBytes ?? 0);
    return bytes === 0 ? held === 0 && told === 0 : agrees(held, bytes) && agrees(told, held);
  });
}
async function quetzal(...args: string[]): Promise<string> {
  return (await run(process.execPath, [cliPath, ...args], { env: stack.clientEnv })).stdout;
}
/** What a command says when it fails, and with which code. */
async function refusal(...args: string[]): Promise<{ code: number; err: string }> {
  try {
    await quetzal(...args);
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, err: stderr };
  }
  throw new Error(`${args.join(" ")} was not refused`);
}

describe("the balloon", () => {
  it("agrees with the guest at first", async () => {
    await agreement();
    expect(await vm.show("room { balloonTargetBytes balloonFloorBytes memoryTargetBytes }")).toEqual({ room: { balloonTargetBytes: BOOT_MIB * MIB, balloonFloorBytes: (BOOT_MIB / 2) * MIB, memoryTargetBytes: BOOT_MIB * MIB } });
  });

  it("takes from the guest what GraphQL asked for, and undo gives it back", async () => {
    const before = await meminfo("MemAvailable");
    const trial = await vm.verb("setVmBalloon", { targetBytes: 160 * MIB, dryRun: true });
    expect(trial.effect).toMatch(/^Leaves the guest of story-memory 160 MiB \(now 256 MiB\)/);
    expect(await inBalloon()).toBe(0);
    const { id } = await vm.complete("setVmBalloon", { targetBytes: 160 * MIB });
    await balloonHolds(96 * MIB);
    expect(before - (await meminfo("MemAvailable"))).toBeGreaterThan(80 * MIB);
    await agreement();
    const { memoryBreakdown } = await vm.show<{ memoryBreakdown: Breakdown }>("memoryBreakdown { totalBytes remainderBytes parts { kind bytes } }");
    expect(memoryBreakdown.parts.find(({ kind }) => kind === "BALLOONED")?.bytes).toBeGreaterThan(0);
    await vm.undo(id);
    await balloonHolds(0);
    expect(before - (await meminfo("MemAvailable"))).toBeLessThan(16 * MIB);
    await agreement();
  });

  it("does so from the command line too, and is listed as it is", async () => {
    expect(await quetzal("memory", "set", "story-memory", "--balloon", "192M", "--wait")).toBe("story-memory: set memory done\n");
    await balloonHolds(64 * MIB);
    await eventually("the list to show it", async () => /story-memory +256M +192M +192M +128M/.test(await quetzal("memory", "ls")));
    await quetzal("memory", "set", "story-memory", "--balloon", "256M", "--wait");
    await balloonHolds(0);
  });
});

describe("plugged memory", () => {
  /** Waits until the guest counts as much more than at boot as the API says is plugged in. */
  const pluggedAgrees = (before: number, least: number, most: number) => eventually("the API to agree with the guest on what is plugged in", async () => {
    const more = (await meminfo()) - before;
    const told = (await sampleOf())?.pluggedBytes ?? -1;
    return told >= least && told <= most && Math.abs(more - told) <= AGREES_RATIO * (before + told);
  });

  it("grows in the running guest, and undo takes it out again, or says why it stopped short", async () => {
    const before = await meminfo();
    const { id } = await vm.complete("resizeVmMemory", { targetBytes: (BOOT_MIB + 256) * MIB });
    await pluggedAgrees(before, 256 * MIB, 256 * MIB);
    await agreement();
    expect(await vm.show("room { memoryTargetBytes }")).toEqual({ room: { memoryTargetBytes: (BOOT_MIB + 256) * MIB } });
    const { state, error } = await vm.undone(id);
    // A page that the guest's kernel cannot move keeps its block; the guest goes on trying.
    if (state !== "SUCCEEDED") expect(error).toMatch(/gave back \d+ MB of 256 MB/);
    await pluggedAgrees(before, 0, 32 * MIB);
    await agreement();
    expect(await vm.show("room { memoryTargetBytes }")).toEqual({ room: { memoryTargetBytes: BOOT_MIB * MIB } });
  });
});

describe("where its memory is", () => {
  it("adds up with the remainder to what the kernel says of QEMU", async () => {
    const { pid } = await vm.show();
    const breakdown = await eventually("a breakdown of what is resident now, no more than a twentieth of the guest nobody's", async () => {
      const { memoryBreakdown } = await vm.show<{ memoryBreakdown: Breakdown | null }>("memoryBreakdown { totalBytes remainderBytes parts { kind bytes } }");
      if (memoryBreakdown === null) return undefined;
      const resident = Number(/^Rss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]) * 1024;
      const of = (kinds: readonly string[]) => memoryBreakdown.parts.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { bytes }) => sum + bytes, 0);
      const remainder = Number(memoryBreakdown.remainderBytes);
      // The kernel's figures are up to 10 s old and the guest's a few seconds: what was touched between them is nobody's yet.
      // For good that is only what the guest's kernel keeps for itself before it counts.
      const isSettled = agrees(of(["GUEST_USED", "GUEST_CACHE", "GUEST_FREE", "SHARED", "OVERHEAD"]) + remainder, resident) && Math.abs(remainder) < (BOOT_MIB / 20) * MIB;
      return isSettled ? memoryBreakdown : undefined;
    });
    expect(breakdown.parts.every(({ bytes }) => bytes >= 0)).toBe(true);
    expect(breakdown.parts.reduce((sum, { bytes }) => sum + bytes, Number(breakdown.remainderBytes))).toBe(breakdown.totalBytes);
    expect(await quetzal("memory", "show", "story-memory")).toMatch(/guest used +\d[\s\S]*remainder[\s\S]*total/);
  });

  it("of the host adds up to all of its memory", async () => {
    const { hosts } = await stack.api.query<{ hosts: { memoryBytes: number; memoryBreakdown: Breakdown | null }[] }>("{ hosts { memoryBytes memoryBreakdown { totalBytes remainderBytes parts { kind bytes } } } }");
    const breakdown = hosts[0]?.memoryBreakdown;
    expect(breakdown?.totalBytes).toBe(Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]) * 1024);
    expect(breakdown?.parts.reduce((sum, { bytes }) => sum + bytes, Number(breakdown.remainderBytes))).toBe(breakdown?.totalBytes);
    expect(breakdown?.parts.find(({ kind }) => kind === "VMS")?.bytes).toBeGreaterThan(50 * MIB);
  });

  it("tells how many more like it would fit", async () => {
    const estimate = JSON.parse(await quetzal("memory", "fit", "--like", "story-memory", "-o", "json")) as { count: number; perVmBytes: number; basis: string[] };
    const { latest } = await vm.show<{ latest: { pssBytes: number } }>("latest { pssBytes }");
    const roomBy = (what: string): number => Number(new RegExp(`room for (\\d+) by ${what}`).exec(estimate.basis.join(" "))?.[1]);
    // A host that is busy with other tests may have no CPU to spare, but it has memory.
    expect(roomBy("memory")).toBeGreaterThan(0);
    expect(estimate.count).toBe(Math.min(roomBy("memory"), roomBy("CPU")));
    expect(agrees(estimate.perVmBytes, latest.pssBytes)).toBe(true);
    expect(estimate.basis[0]).toContain("story-memory holds");
  });
});

describe("a policy", () => {
  it("is in effect at once: nobody goes below a new floor, until it is taken back", async () => {
    const done = await vm.complete("setVmMemoryPolicy", { floorBytes: 224 * MIB });
    expect(await vm.show("restartRequired room { balloonFloorBytes }")).toEqual({ restartRequired: false, room: { balloonFloorBytes: 224 * MIB } });
    expect(await vm.verb("setVmBalloon", { targetBytes: 192 * MIB })).toMatchObject({ __typename: "InvalidInput", message: expect.stringMatching(/give 224 \S+ to 256/) as string });
    await vm.undo(done.id);
    expect(await vm.show("room { balloonFloorBytes }")).toEqual({ room: { balloonFloorBytes: 128 * MIB } });
  });
});

describe("the host's mechanisms", () => {
  const status = async (driver: VmDriver, field: string): Promise<number> => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${(await driver.show()).pid}/status`, "utf8"))?.[1]) * 1024;
  const ram = async (driver: VmDriver): Promise<{ swappedBytes: number; sharedBytes: number; residentBytes: number } | null> =>
    (await driver.show<{ latest: { guestRam: { swappedBytes: number; sharedBytes: number; residentBytes: number } | null } | null }>("latest { guestRam { swappedBytes sharedBytes residentBytes } }")).latest?.guestRam ?? null;
  const ksmRun = (): string => readFileSync("/sys/kernel/mm/ksm/run", "utf8").trim();
  let turn: AsyncDisposable | undefined;
  beforeAll(async () => { turn = await takeTurn(); });
  afterAll(async () => {
    await quetzal("memory", "host", "--compression", "untouched", "--ksm", "untouched").finally(() => turn?.[Symbol.asyncDispose]());
  });

  it("compress what is paged out, as much as the kernel says, and are taken away again", async () => {
    const before = { swaps: swaps(), total: await meminfo() };
    expect(await quetzal("memory", "host", "--compression", "zram", "--size", "1G")).toContain("compresses up to 1.0 GiB with zram");
    expect(swaps().length).toBe(before.swaps.length + 1);
    await vm.complete("pageOutVm", {});
    const paged = await eventually("the API to agree with the kernel on what is paged out", async () => {
      const now = await ram(vm);
      // What of it is the guest's is looked at every 10 s, the whole at every tick: that is of the same moment as the kernel's.
      const { latest } = await vm.show<{ latest: { swapBytes: number } }>("latest { swapBytes }");
      return now !== null && now.swappedBytes > 20 * MIB && agrees(latest.swapBytes, await status(vm, "VmSwap")) ? now : undefined;
    });
    expect(paged.swappedBytes).toBeGreaterThan(20 * MIB);
    const { memoryBreakdown } = await vm.show<{ memoryBreakdown: Breakdown }>("memoryBreakdown { totalBytes remainderBytes parts { kind bytes } }");
    expect(memoryBreakdown.parts.find(({ kind }) => kind === "COMPRESSED")?.bytes).toBeGreaterThan(10 * MIB);
    expect(await vm.run("echo still here")).toBe("still here");
    expect(agrees(await meminfo(), before.total)).toBe(true);
    await quetzal("memory", "host", "--compression", "untouched");
    expect(swaps()).toEqual(before.swaps);
    await eventually("all of it to be back", async () => (await ram(vm))?.swappedBytes === 0 && (await status(vm, "VmSwap")) === 0);
  });

  it("share like pages of like guests, as many as the kernel says, and let them go again", async () => {
    const before = ksmRun();
    const twin = await VmDriver.define(stack, smallGuest("story-twin", { features: FEATURES }));
    await twin.start();
    await twin.waitForBoot();
    await quetzal("memory", "host", "--ksm", "tuned", "--budget", "50%");
    await eventually("the API to agree with the kernel on what is shared", async () => {
      const { pid } = await twin.show();
      const merged = Number(/^ksm_merging_pages (\d+)/m.exec(readFileSync(`/proc/${pid}/ksm_stat`, "utf8"))?.[1]) * 4096;
      const { latest } = await twin.show<{ latest: { ksmMergedBytes: number | null } | null }>("latest { ksmMergedBytes }");
      return merged > 20 * MIB && agrees(latest?.ksmMergedBytes ?? 0, merged);
    }, 120_000);
    expect(await quetzal("memory", "host")).toMatch(/Sharing +tuned, domain default/);
    expect(await twin.run("echo still here")).toBe("still here");
    await quetzal("memory", "host", "--ksm", "unmerged");
    await eventually("nothing to be shared", async () => ((await ram(twin))?.sharedBytes ?? MIB) < MIB, 120_000);
    await quetzal("memory", "host", "--ksm", "untouched");
    expect(ksmRun()).toBe(before);
    await twin.forceOff();
  });
});

describe("what cannot be", () => {
  it("is refused with the limit and the mend, by GraphQL and by the command line alike", async () => {
    const plain = await VmDriver.define(stack, smallGuest("story-plain", { features: ["virtio"] }));
    expect(await plain.verb("setVmBalloon", { targetBytes: 100 * MIB })).toMatchObject({ __typename: "InvalidVmState" });
    await plain.start();
    for (const [name, input, feature] of [["setVmBalloon", { targetBytes: 100 * MIB }, "ballooning"], ["resizeVmMemory", { targetBytes: 256 * MIB }, "hotplug"]] as const) {
      expect(await plain.verb(name, input)).toMatchObject({ __typename: "Unsupported", message: expect.stringContaining(feature) as string });
    }
    await plain.forceOff();
    for (const [targetBytes, words] of [[64 * MIB, "128"], [257 * MIB, "256"]] as const) {
      expect(await vm.verb("setVmBalloon", { targetBytes })).toMatchObject({ __typename: "InvalidInput", message: expect.stringMatching(new RegExp(`give .*${words}`)) as string });
    }
    expect(await vm.verb("resizeVmMemory", { targetBytes: 2 ** 45 })).toMatchObject({ __typename: "InvalidInput", message: expect.stringContaining("out of range") as string });
    expect(await refusal("memory", "set", "story-memory", "--balloon", "64M")).toMatchObject({ code: 2, err: expect.stringMatching(/give 128/) as string });
    expect(await refusal("memory", "set", "story-plain", "--size", "1G")).toMatchObject({ code: 4 });
    expect(await refusal("memory", "set", "nobody", "--size", "1G")).toMatchObject({ code: 3 });
  });
});
