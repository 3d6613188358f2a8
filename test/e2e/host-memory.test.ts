// What a host does for all its guests, on real ones: it starts none while its memory is LOW, unmerges only what fits, pages
// out into zswap, and has back what a guest freed. Each figure agrees with the kernel's and the guest's own, there and back.
import { execFile, execFileSync } from "node:child_process";
import { accessSync, constants, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AT_EASE, type DaemonClient, daemonClient, NONE_LEFT, type Thresholds } from "../support/daemon-client.js";
import { hostMeminfo, swapAreas, switches, takeTurn } from "../support/host-switches.js";
import { eventually } from "../support/process.js";
import { cliPath, Stack } from "../support/stack.js";
import { bareGuest, smallGuest, VmDriver } from "../support/vm.js";

const MIB = 1_048_576;
const PAGE_BYTES = 4_096;
/** What two views of one figure may differ by. */
const AGREES_RATIO = 0.02;
const HELD_MIB = 256;
/** What the guest fills and frees again. */
const FREED_MIB = 120;
/** Free-page reporting tells of pieces of 2 MiB and more: what is smaller stays. */
const REPORTED_RATIO = 0.8;
const SWAP_MIB = 512;
/** Scanning and waiting for one's turn with the host's switches take minutes on a busy machine. */
const CHANGING_MS = 300_000;
/** As statfs(2) tells them: file systems whose files can be swap. */
const SWAPPABLE: readonly number[] = [0xef53 /* ext4 */, 0x58465342 /* xfs */];

let stack: Stack;
let daemon: DaemonClient;
/** One of two like guests, which share and are paged out, and one that fills and frees its memory. */
let one: VmDriver;
let twin: VmDriver;
let held: VmDriver;

beforeAll(async () => {
  stack = await Stack.start();
  daemon = daemonClient(join(stack.runDir, "quetzald.sock"));
  const guest = async (id: string, memory: number, features: string[]): Promise<VmDriver> => {
    // Only told what would be done to it: the host's state is watched, and nobody moves the guests but these stories.
    const vm = await VmDriver.define(stack, smallGuest(id, { memory_mb: memory, features: [...features, "ballooning", "virtio"], memory_policy: { control: "recommend" } }));
    await vm.start();
    await vm.waitForBoot();
    return vm;
  };
  [one, twin, held] = await Promise.all([guest("story-one", 128, ["tps"]), guest("story-two", 128, ["tps"]), guest("story-held", HELD_MIB, [])] as const);
});
afterAll(async () => {
  daemon[Symbol.dispose]();
  await stack[Symbol.asyncDispose]();
});

interface Refused { readonly __typename: string; readonly message?: string }
const agrees = (api: number, kernel: number): boolean => Math.abs(api - kernel) <= AGREES_RATIO * kernel;
const quetzal = (...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> =>
  new Promise((resolve) => { execFile(process.execPath, [cliPath, ...args], { env: stack.clientEnv }, (error, stdout, stderr) => { resolve({ code: error === null ? 0 : error.code, stdout, stderr }); }); });
async function set(wish: string): Promise<Refused> {
  return (await stack.api.query<{ setHostMemory: Refused }>(`mutation { setHostMemory(input: { ${wish} }) { __typename ... on Error { message } } }`)).setHostMemory;
}
async function host<T>(fields: string): Promise<T> {
  return (await stack.api.query<{ hosts: T[] }>(`{ hosts { ${fields} } }`)).hosts[0] as T;
}
const stateIs = (state: string): Promise<unknown> => eventually(`the host's memory to be ${state}`, async () => (await host<{ memory: { state: string } }>("memory { state }")).memory.state === state);
/** A figure of QEMU's process, in bytes. */
async function ofProcess(vm: VmDriver, field: string): Promise<number> {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${(await vm.show()).pid}/status`, "utf8"))?.[1]) * 1024;
}
/** A figure of the guest's own /proc/meminfo, in bytes. */
async function ofGuest(vm: VmDriver, field: string): Promise<number> {
  return Number(/(\d+) kB/.exec(await vm.run(`grep ^${field}: /proc/meminfo`))?.[1]) * 1024;
}
/** A part of where the VM's memory is, by the API; null before the kernel's figures are there. */
async function part(vm: VmDriver, kind: string): Promise<number | null> {
  const { memoryBreakdown } = await vm.show<{ memoryBreakdown: { parts: { kind: string; bytes: number }[] } | null }>("memoryBreakdown { parts { kind bytes } }");
  return memoryBreakdown?.parts.find((each) => each.kind === kind)?.bytes ?? null;
}

describe("a host whose memory is LOW", () => {
  let late: VmDriver;
  const refusal = /the memory of the host is LOW: (\d+) MB are available and no VM starts under (\d+) MB; stop or shrink a VM first, or enable compression \('quetzal memory host --compression zram'\)/;

  it("starts no VM, and says with both figures why and what would help", async () => {
    late = await VmDriver.define(stack, bareGuest("story-late"));
    await daemon.setThresholds(NONE_LEFT);
    await stateIs("LOW");
    for (const dryRun of [true, false]) {
      const refused = await late.verb("startVm", { dryRun });
      const available = hostMeminfo("MemAvailable");
      expect(refused).toMatchObject({ __typename: "InsufficientResources", message: expect.stringMatching(refusal) as string });
      const [, said, needed] = refusal.exec(refused.message ?? "") ?? [];
      expect(agrees(Number(said) * MIB, available)).toBe(true);
      const { memory } = await host<{ memory: { thresholds: { hardBytes: number } } }>("memory { thresholds { hardBytes } }");
      expect(Number(needed)).toBe(Math.floor(memory.thresholds.hardBytes / MIB));
    }
    expect((await late.show()).state).toBe("DEFINED");
    expect(stack.qemuPids().has(late.id)).toBe(false);
  });

  it("refuses it on the command line in the same words, as what cannot be now", async () => {
    const refused = await quetzal("vm", "start", late.id, "--wait");
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(refusal);
    expect(await one.run("echo runs on")).toBe("runs on");
  });

  it("starts it once it has left that state", async () => {
    await daemon.setThresholds(AT_EASE);
    await stateIs("HIGH");
    expect(await quetzal("vm", "start", late.id, "--wait")).toMatchObject({ code: 0 });
    await late.waitForState("RUNNING");
    await late.forceOff();
  });
});

describe("pages that two guests share", { timeout: CHANGING_MS }, () => {
  const merged = async (vm: VmDriver): Promise<number> => Number(/^ksm_merging_pages (\d+)/m.exec(readFileSync(`/proc/${(await vm.show()).pid}/ksm_stat`, "utf8"))?.[1]) * PAGE_BYTES;
  const sharing = (): number => Number(readFileSync("/sys/kernel/mm/ksm/pages_sharing", "utf8")) * PAGE_BYTES;
  let turn: AsyncDisposable | undefined;
  let before: Record<string, string>;
  beforeAll(async () => {
    turn = await takeTurn();
    before = switches();
    expect(await quetzal("memory", "host", "--ksm", "tuned", "--budget", "50%")).toMatchObject({ code: 0 });
    await eventually("both to share", async () => Math.min(await merged(one), await merged(twin)) > 20 * MIB, CHANGING_MS / 2);
  }, CHANGING_MS);
  afterAll(async () => {
    await set("ksm: { mode: UNTOUCHED }").finally(() => turn?.[Symbol.asyncDispose]());
  });
  /** The host can spare no more than half of what is merged, as it is now. */
  async function spareHalf(): Promise<void> {
    const soft = (hostMeminfo("MemAvailable") - sharing() / 2) / hostMeminfo("MemTotal");
    await daemon.setThresholds({ ...AT_EASE, softRatio: soft, highRatio: (1 + soft) / 2 } satisfies Thresholds);
  }

  it("stay shared where unmerging them would not fit, and the refusal has both figures", async () => {
    const refused = await eventually("unmerging to be more than can be spared", async () => {
      await spareHalf();
      const answer = await set("ksm: { mode: UNMERGED }, dryRun: true");
      return answer.__typename === "InsufficientResources" ? await set("ksm: { mode: UNMERGED }") : undefined;
    });
    expect(refused.__typename).toBe("InsufficientResources");
    const [, takes, spare] = /unmerging takes (\d+) MiB of memory and (\d+) MiB can be spared; stop a VM first, or choose "stopped"/.exec(refused.message ?? "") ?? [];
    expect(agrees(Number(takes) * MIB, sharing())).toBe(true);
    expect(Number(spare)).toBeLessThan(Number(takes));
    expect((await host<{ memory: { ksm: { mode: string } } }>("memory { ksm { mode } }")).memory.ksm.mode).toBe("TUNED");
    expect(Math.min(await merged(one), await merged(twin))).toBeGreaterThan(20 * MIB);
    await spareHalf();
    expect(await quetzal("memory", "host", "--ksm", "unmerged")).toMatchObject({ code: 4, stderr: expect.stringMatching(/unmerging takes \d+ MiB/) as string });
  });

  it("nor does a VM go to another sharing domain then, and the refusal names the field", async () => {
    const moved = await eventually("what it shares to be more than can be spared", async () => {
      // One VM's part is about half of all: none of it can be spared.
      const soft = hostMeminfo("MemAvailable") / hostMeminfo("MemTotal") + 0.005;
      await daemon.setThresholds({ ...AT_EASE, softRatio: soft, highRatio: (1 + soft) / 2 });
      const answer = await one.verb("setVmMemoryPolicy", { sharingDomain: "elsewhere", dryRun: true });
      return answer.__typename === "InsufficientResources" ? answer : undefined;
    });
    expect(moved.message).toMatch(/in another sharing domain its merged pages take \d+ MB of memory again and 0 MB can be spared; stop or shrink a VM first/);
    expect(await merged(one)).toBeGreaterThan(20 * MIB);
  });

  it("are unmerged once that fits, and the host's switches are as they were afterwards", async () => {
    await daemon.setThresholds(AT_EASE);
    expect(await set("ksm: { mode: UNMERGED }")).toMatchObject({ __typename: "SetHostMemorySuccess" });
    await eventually("nothing to be shared", async () => (await merged(one)) + (await merged(twin)) === 0, CHANGING_MS / 2);
    expect(await twin.run("echo still here")).toBe("still here");
    expect(await quetzal("memory", "host", "--ksm", "untouched")).toMatchObject({ code: 0 });
    expect(switches()).toEqual(before);
  });
});

/** Why zswap cannot be tried here; undefined where it can. */
function noZswap(): string | undefined {
  try {
    accessSync("/sys/module/zswap/parameters/enabled", constants.W_OK);
  } catch {
    return "moving zswap needs root and a kernel that has it";
  }
  return SWAPPABLE.includes(statfsSync(tmpdir()).type) ? undefined : `the file system of ${tmpdir()} holds no swap file`;
}
const missing = noZswap();
if (missing !== undefined) console.warn(`The story of zswap is left out: ${missing}.`);

describe.runIf(missing === undefined)("zswap", { timeout: CHANGING_MS }, () => {
  let turn: AsyncDisposable | undefined;
  let before: Record<string, string>;
  let file = "";
  beforeAll(async () => {
    turn = await takeTurn();
    before = switches();
    file = join(stack.stateDir, "swapfile");
  }, CHANGING_MS);
  afterAll(async () => {
    await set("compression: { mode: UNTOUCHED }");
    if (swapAreas().includes(file)) execFileSync("swapoff", [file]);
    rmSync(file, { force: true });
    await turn?.[Symbol.asyncDispose]();
  });

  it.runIf(swapAreas().length === 0)("is refused where the host has no swap that it could stand before", async () => {
    expect(await set("compression: { mode: ZSWAP }")).toMatchObject({ __typename: "Unsupported", message: "this host has no swap for zswap to stand before; add some (swapon), or choose zram, which needs none" });
    expect(switches()).toEqual(before);
  });

  it("takes in what is paged out, as much as the kernel says, and the guest goes on", async () => {
    execFileSync("dd", ["if=/dev/zero", `of=${file}`, "bs=1M", `count=${SWAP_MIB}`], { stdio: "ignore" });
    execFileSync("chmod", ["600", file]);
    execFileSync("mkswap", [file], { stdio: "ignore" });
    execFileSync("swapon", [file]);
    const total = await ofGuest(held, "MemTotal");
    const inCache = hostMeminfo("Zswapped");
    expect(await quetzal("memory", "host", "--compression", "zswap", "--size", "1G")).toMatchObject({ code: 0, stdout: expect.stringContaining("keeps up to 1.0 GiB of compressed pages before the host's swap with zswap") as string });
    expect(switches()["/sys/module/zswap/parameters/enabled"]).toBe("Y");
    await held.complete("pageOutVm", {});
    await eventually("the API to agree with the kernel on what is paged out, compressed and stored", async () => {
      const { latest } = await host<{ latest: { compressedOriginalBytes: number; compressedStoredBytes: number } }>("latest { compressedOriginalBytes compressedStoredBytes }");
      const { latest: ofVm } = await held.show<{ latest: { swapBytes: number } }>("latest { swapBytes }");
      const [zswapped, pool] = [hostMeminfo("Zswapped"), hostMeminfo("Zswap")];
      return zswapped - inCache > 50 * MIB && pool < zswapped && agrees(latest.compressedOriginalBytes, zswapped) && agrees(latest.compressedStoredBytes, pool) && agrees(ofVm.swapBytes, await ofProcess(held, "VmSwap"));
    });
    expect(await held.run("echo still here")).toBe("still here");
    expect(agrees(await ofGuest(held, "MemTotal"), total)).toBe(true);
    const compressed = await eventually("the page to show it as compressed", async () => { const bytes = await part(held, "COMPRESSED"); return bytes !== null && bytes > 30 * MIB ? bytes : undefined; });
    // By the kernel all of it is in the cache, none of it on the disk.
    expect(compressed).toBeGreaterThan((await part(held, "SWAPPED")) ?? Infinity);
  });

  it("is as it was afterwards, and the guest has all of its memory back", async () => {
    expect(await quetzal("memory", "host", "--compression", "untouched")).toMatchObject({ code: 0 });
    expect({ ...switches(), "/proc/swaps": before["/proc/swaps"] }).toEqual(before);
    execFileSync("swapoff", [file]);
    expect(switches()).toEqual(before);
    await eventually("all of it to be back", async () => (await ofProcess(held, "VmSwap")) === 0 && (await part(held, "COMPRESSED")) === 0);
    expect(await held.run("echo still here")).toBe("still here");
  });
});

describe("memory that a guest frees", { timeout: CHANGING_MS }, () => {
  const fill = (): Promise<string> => held.run(`dd if=/dev/urandom of=/t/x bs=1M count=${FREED_MIB} 2>/dev/null; true`);
  interface Look { readonly free: number; readonly resident: number; readonly reported: number }
  /** The guest's own view, the kernel's and the API's, once the API's is of now: it looks every 10 s. */
  async function look(what: string, isThere: (now: Look) => boolean): Promise<Look> {
    return eventually(what, async () => {
      const [free, resident, reported] = [await ofGuest(held, "MemFree"), await ofProcess(held, "VmRSS"), await part(held, "REPORTED_FREE")];
      const ram = (await held.show<{ latest: { guestRam: { residentBytes: number; overheadBytes: number } | null } }>("latest { guestRam { residentBytes overheadBytes } }")).latest.guestRam;
      if (reported === null || ram === null || !agrees(ram.residentBytes + ram.overheadBytes, resident)) return undefined;
      const now = { free, resident, reported };
      return isThere(now) ? now : undefined;
    });
  }

  it("goes back to the host by itself, as much as the guest counts, and is the guest's again when it wants it", async () => {
    await held.run("mkdir -p /t && mount -t tmpfs -o size=90% none /t");
    // What QEMU itself needs for this it has from here on.
    await fill();
    const first = await ofProcess(held, "VmRSS");
    await held.run("rm /t/x");
    const empty = await look("the host to have it back", ({ resident }) => first - resident > REPORTED_RATIO * FREED_MIB * MIB);
    await fill();
    const near = (bytes: number, more: number): boolean => Math.abs(bytes - more) <= AGREES_RATIO * HELD_MIB * MIB;
    const full = await look("the host to back all of it", ({ resident, reported }) => resident - empty.resident > REPORTED_RATIO * FREED_MIB * MIB && near(empty.reported - reported, resident - empty.resident));
    expect(near(empty.free - full.free, FREED_MIB * MIB)).toBe(true);
    await held.run("rm /t/x");
    const after = await look("the host to have it back again", ({ resident, reported }) => full.resident - resident > REPORTED_RATIO * FREED_MIB * MIB && near(reported - full.reported, full.resident - resident));
    expect(near(after.free - full.free, FREED_MIB * MIB)).toBe(true);
    expect((await quetzal("memory", "show", held.id)).stdout).toMatch(/reported free +\d+(\.\d+)?M/);
  });
});
