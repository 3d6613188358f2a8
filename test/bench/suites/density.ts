// How many idle guests a GiB of the host holds while each still answers: QuetzalCore's sharing, compression and controller
// against plain QEMU with the same guests, one after the other on one host.
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Stack } from "../../support/stack.js";
import { smallGuest, VmDriver } from "../../support/vm.js";
import { type Figure, figure, quantile, NO_TARGET } from "../figure.js";
import { echoTimes, graphqlLine, type Line, rawGuestArgs, rawLine } from "../lines.js";
import { cpuPercent } from "../process-cost.js";
import { RawQemu } from "../raw-qemu.js";
import type { Suite } from "../suite.js";

const GUESTS = 12;
const MEMORY_MEBIBYTES = 256;
/** What the guest uses with its shell, and some: the floor is where density is decided. */
const FLOOR_MEBIBYTES = 64;
/** Guests that boot together: under emulation each takes a core for seconds. */
const BOOTED_AT_ONCE = 3;
/** The promise: this many times plain QEMU's guests in the same memory, which is that share of its memory for each. */
const TIMES_PLAIN_QEMU = 2.5;
const ECHO_P95_MS = 250;
const KEYS = 5;
/** Memory is at rest when a look changes it by less than this share, and for as many looks. */
const REST_RATIO = 0.01;
const REST_LOOKS = 12;
const LOOK_EVERY_MS = 5_000;
const LONGEST_SETTLE_MS = 400_000;
const COST_WINDOW_MS = 10_000;
const COST_WINDOWS = 3;

/** Mebibytes of the host's memory that are in use and could not be had back at once. */
function usedMebibytes(): number {
  const text = readFileSync("/proc/meminfo", "utf8");
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]);
  return (kibibytes("MemTotal") - kibibytes("MemAvailable")) / 1024;
}

/** What the guests take once it has come to rest; the last looks of it. */
async function atRest(before: number, note: (line: string) => void): Promise<number[]> {
  const looks: number[] = [];
  for (const end = performance.now() + LONGEST_SETTLE_MS; performance.now() < end;) {
    await delay(LOOK_EVERY_MS);
    looks.push(usedMebibytes() - before);
    const last = looks.slice(-REST_LOOKS);
    if (last.length === REST_LOOKS && Math.max(...last) - Math.min(...last) <= REST_RATIO * Math.max(...last)) break;
  }
  note(`${GUESTS} guests take ${Math.round(looks.at(-1) ?? NaN)} MiB after ${(looks.length * LOOK_EVERY_MS) / 1_000} s`);
  return looks.slice(-REST_LOOKS);
}

async function inTurns<T>(names: readonly T[], boot: (name: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < names.length; start += BOOTED_AT_ONCE) await Promise.all(names.slice(start, start + BOOTED_AT_ONCE).map(boot));
}

async function echoes(lines: readonly Line[]): Promise<number[]> {
  const all: number[] = [];
  for (const line of lines) all.push(...await echoTimes(line, { keys: KEYS, warmUp: 0, pauseMs: 0 }));
  return all;
}

interface Density { readonly mebibytesEach: readonly number[]; readonly echoMs: readonly number[]; readonly cpu: readonly number[] }

async function ours(note: (line: string) => void): Promise<Density> {
  await using stack = await Stack.start();
  const set = await stack.api.query<{ setHostMemory: { __typename: string; message?: string } }>(
    `mutation { setHostMemory(input: { ksm: { mode: TUNED, cpuBudgetPercent: 20 }, compression: { mode: ZRAM }, controller: { enabled: true } }) { __typename ... on Error { message } } }`);
  if (set.setHostMemory.message !== undefined) throw new Error(set.setHostMemory.message);
  const before = usedMebibytes();
  const names = Array.from({ length: GUESTS }, (_, index) => `bench-dense-${index}`);
  await inTurns(names, async (name) => {
    const policy = { control: "on", floor_mb: FLOOR_MEBIBYTES };
    const vm = await VmDriver.define(stack, smallGuest(name, { memory_mb: MEMORY_MEBIBYTES, features: ["tps", "compression", "ballooning", "virtio"], memory_policy: policy }));
    await vm.start();
    await vm.waitForBoot();
    await vm.run("true");
  });
  const looks = await atRest(before, note);
  const windows = await cpuPercent([stack.daemon?.pid ?? 0], COST_WINDOW_MS, COST_WINDOWS);
  const lines = names.map((name) => graphqlLine(stack, name));
  const echoMs = await echoes(lines);
  for (const line of lines) await line[Symbol.asyncDispose]();
  return { mebibytesEach: looks.map((used) => used / GUESTS), echoMs, cpu: windows.flat() };
}

async function plainQemu(note: (line: string) => void): Promise<Omit<Density, "cpu">> {
  // For its images alone.
  await using stack = await Stack.start();
  const before = usedMebibytes();
  const qemus: RawQemu[] = [];
  const lines: Line[] = [];
  try {
    await inTurns(Array.from({ length: GUESTS }), async () => {
      const qemu = await RawQemu.start(rawGuestArgs(stack, MEMORY_MEBIBYTES));
      qemus.push(qemu);
      lines.push(await rawLine(qemu));
    });
    const looks = await atRest(before, note);
    return { mebibytesEach: looks.map((used) => used / GUESTS), echoMs: await echoes(lines) };
  } finally {
    for (const qemu of qemus) await qemu.kill();
  }
}

export const density: Suite = {
  name: "density",
  about: `idle ${MEMORY_MEBIBYTES} MiB guests per GiB of the host, each still answering`,
  async run(note): Promise<Figure[]> {
    const plain = await plainQemu(note);
    const mine = await ours(note);
    const perGibibyte = (one: Omit<Density, "cpu">): number => 1024 / quantile(one.mebibytesEach, 0.5);
    return [
      figure(`memory of the host for each of ${GUESTS} idle ${MEMORY_MEBIBYTES} MiB guests`, "MiB", mine.mebibytesEach, { peerShare: 1 / TIMES_PLAIN_QEMU }, { name: "plain QEMU", samples: plain.mebibytesEach }),
      figure(`idle ${MEMORY_MEBIBYTES} MiB guests per GiB of the host`, "1/GiB", [perGibibyte(mine)], NO_TARGET, { name: "plain QEMU", samples: [perGibibyte(plain)] }),
      figure("keystroke to echo of each of them", "ms", mine.echoMs, { p95AtMost: ECHO_P95_MS }, { name: "plain QEMU", samples: plain.echoMs }),
      figure(`CPU of quetzald, its samplers and its controller, ${GUESTS} controlled guests`, "%", mine.cpu, NO_TARGET),
    ];
  },
};
