// What the dashboard costs and how fast it answers: ten real guests beside virt-top, htop and btop in terminals of the same
// size, and a thousand recorded ones over the real server.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ScriptedStack } from "../../support/scripted-stack.js";
import { cliPath, Stack } from "../../support/stack.js";
import { TerminalDriver, type TerminalOptions } from "../../support/terminal.js";
import { smallGuest, VmDriver } from "../../support/vm.js";
import { whenInterrupted } from "../endings.js";
import { type Figure, figure, peer, type Peer, quantile, NO_TARGET } from "../figure.js";
import { Libvirt, noPeer } from "../libvirt/instance.js";
import { cpuPercent, pssMebibytes } from "../process-cost.js";
import { type Suite, timed } from "../suite.js";
import { terminalCost } from "../terminal-cost.js";

const GUESTS = 10;
const MEMORY_MEBIBYTES = 96;
const BOOTED_AT_ONCE = 3;
/** Calm after the last boot and after a screen's opening. */
const SETTLE_MS = 10_000;
const WINDOW_MS = 10_000;
const WINDOWS = 4;
/** Of programs that are no concern of ours and hardly vary. */
const PEER_WINDOWS = 2;
const SIZES = [{ columns: 80, rows: 24, bytesTarget: 700 }, { columns: 200, rows: 60, bytesTarget: 2_500 }] as const;
const KEYS = 100;
/** Between two keys, so that each finds the screen at rest; no divisor of a second, so that samples fall in all places. */
const KEY_PAUSE_MS = 133;
const KEY_DEADLINE_MS = 5_000;
const FIRST_FRAMES = 8;

const FLEET = 1_000;
/** Memory is called flat when in its last minutes it is what it was after the first two, when every ring has filled. */
const FLAT_AFTER_MS = 2 * 60_000;
const FLAT_FOR_MS = 8 * 60_000;
/** Single readings go up and down with the garbage collector by a third: their median over this counts. */
const MEMORY_WINDOW_MS = 2 * 60_000;
const MEMORY_PAUSE_MS = 5_000;

type Note = Parameters<Suite["run"]>[0];

/** A program that repaints once a second in a terminal. */
interface Watcher {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What stands on the screen once the first frame is whole. */
  readonly ready: string | RegExp;
}
interface Cost { readonly bytesPerSecond: readonly number[]; readonly cpu: readonly number[]; readonly pss: number }

async function open({ command, args, env, ready }: Watcher, size: TerminalOptions): Promise<TerminalDriver> {
  const screen = new TerminalDriver(command, args, { ...size, env });
  await screen.waitFor(ready);
  return screen;
}

/** Milliseconds from the command to its first whole frame. */
async function firstFrame(watcher: Watcher): Promise<number> {
  const begin = performance.now();
  await using screen = await open(watcher, { columns: 80, rows: 24 });
  const took = performance.now() - begin;
  screen.send("q");
  await screen.waitForExit();
  return took;
}

async function costOf(watcher: Watcher, size: TerminalOptions, windows: number): Promise<Cost> {
  await using screen = await open(watcher, size);
  await delay(SETTLE_MS);
  const { cpu, bytesPerSecond } = await terminalCost(screen, [screen.pid], { windowMs: WINDOW_MS, windows });
  return { bytesPerSecond, cpu: cpu.flat(), pss: pssMebibytes(screen.pid) };
}

/** Milliseconds from a key that moves the cursor to the frame in which it has moved. */
async function keysToFrames(screen: TerminalDriver, total: number): Promise<number[]> {
  // By what no sample changes: a VM that rises in the table takes the cursor with it.
  await screen.press(":sort name", "Sort the table by name");
  await screen.press("\r", /by name/);
  await screen.press("g", `1 of ${total} `);
  return timed(KEYS, async (round) => {
    await delay(KEY_PAUSE_MS);
    const [key, place] = round % 2 === 0 ? ["j", `2 of ${total} `] : ["k", `1 of ${total} `];
    const begin = performance.now();
    screen.send(key);
    while (!screen.screen().includes(place)) {
      if (performance.now() - begin > KEY_DEADLINE_MS) throw new Error(`the key ${key} did not move the cursor; the screen shows:\n${screen.screen()}`);
      await delay(1);
    }
    return performance.now() - begin;
  }, 4);
}

async function boot(stack: Stack): Promise<void> {
  const names = Array.from({ length: GUESTS }, (_, index) => `bench-tui-${index}`);
  while (names.length > 0) {
    await Promise.all(names.splice(0, BOOTED_AT_ONCE).map(async (name) => {
      const vm = await VmDriver.define(stack, smallGuest(name, { memory_mb: MEMORY_MEBIBYTES }));
      await vm.start();
      await vm.waitForBoot();
    }));
  }
}

function ours(stack: Stack, firstName: string): Watcher {
  return { name: "dashboard", command: process.execPath, args: [cliPath], env: stack.clientEnv, ready: firstName };
}

/** The peers that are installed and watch processes, once a second. They read and keep their settings in `configDir`. */
function processViewers(configDir: string): Watcher[] {
  mkdirSync(join(configDir, "btop"));
  writeFileSync(join(configDir, "btop/btop.conf"), "update_ms = 1000\n");
  const env = { XDG_CONFIG_HOME: configDir, LC_ALL: "C.UTF-8" };
  const all: Watcher[] = [
    { name: "htop", command: "htop", args: ["-d", "10"], env, ready: "Load average" },
    { name: "btop", command: "btop", args: [], env, ready: /proc|Program/ },
  ];
  return all.filter(({ command }) => isInstalled(command));
}

function isInstalled(command: string): boolean {
  try {
    execFileSync("sh", ["-c", 'command -v "$1"', "sh", command], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** virt-top over as many guests of a private libvirt; nothing where it is not installed. */
async function virtTop(): Promise<{ costs: Cost[]; first: number[] } | undefined> {
  await using libvirt = await Libvirt.startIfPresent();
  if (libvirt?.programs.virtTop === undefined) return undefined;
  await using virsh = await libvirt.open();
  for (let index = 0; index < GUESTS; index++) {
    const machine = libvirt.bootingMachine(`bench-tui-${index}`, MEMORY_MEBIBYTES);
    await libvirt.define(virsh, machine);
    await virsh.ask(`start ${machine.name}`);
  }
  const watcher = { name: "virt-top", command: libvirt.programs.virtTop, args: ["-c", libvirt.uri, "-d", "1"], env: libvirt.env, ready: "bench-tui-" };
  await delay(SETTLE_MS);
  const costs: Cost[] = [];
  for (const size of SIZES) costs.push(await costOf(watcher, size, PEER_WINDOWS));
  return { costs, first: await timed(FIRST_FRAMES, () => firstFrame(watcher)) };
}

async function tenGuests(note: Note): Promise<Figure[]> {
  const configDir = mkdtempSync(join(tmpdir(), "qz-"));
  const remove = (): void => rmSync(configDir, { recursive: true, force: true });
  const hasEnded = whenInterrupted(remove);
  try {
    return await besideOthers(processViewers(configDir), note);
  } finally {
    remove();
    hasEnded();
  }
}

async function besideOthers(viewers: readonly Watcher[], note: Note): Promise<Figure[]> {
  const costs = new Map<string, Cost[]>();
  const first = new Map<string, number[]>();
  const keys: number[] = [];
  {
    await using stack = await Stack.start();
    await boot(stack);
    note(`${GUESTS} guests idle`);
    const dashboard = ours(stack, "bench-tui-9");
    await delay(SETTLE_MS);
    for (const watcher of [dashboard, ...viewers]) {
      for (const size of SIZES) costs.set(watcher.name, [...costs.get(watcher.name) ?? [], await costOf(watcher, size, watcher === dashboard ? WINDOWS : PEER_WINDOWS)]);
      first.set(watcher.name, await timed(FIRST_FRAMES, () => firstFrame(watcher)));
    }
    await using screen = await open(dashboard, { columns: 80, rows: 24 });
    keys.push(...await keysToFrames(screen, GUESTS));
  }
  // Only then: twenty guests at once would be another load.
  const theirs = await virtTop().catch(noPeer);
  const peersOf = (pick: (cost: Cost) => readonly number[], size: number): Peer[] => [
    ...peer("virt-top", theirs?.costs[size] === undefined ? [] : pick(theirs.costs[size])),
    ...viewers.flatMap(({ name }) => { const cost = costs.get(name)?.[size]; return cost === undefined ? [] : peer(name, pick(cost)); }),
  ];
  const mine = costs.get("dashboard") ?? [];
  return [
    ...SIZES.flatMap(({ columns, rows, bytesTarget }, size) => (mine[size] === undefined ? [] : [
      figure(`bytes to a ${columns}x${rows} terminal, ${GUESTS} VMs`, "B/s", mine[size].bytesPerSecond, { atMost: bytesTarget }, ...peersOf((cost) => cost.bytesPerSecond, size)),
      figure(`CPU of the dashboard at ${columns}x${rows}, ${GUESTS} VMs`, "%", mine[size].cpu, size === 0 ? { atMost: 1 } : NO_TARGET, ...peersOf((cost) => cost.cpu, size)),
      figure(`memory (PSS) of the dashboard at ${columns}x${rows}, ${GUESTS} VMs`, "MiB", [mine[size].pss], NO_TARGET, ...peersOf((cost) => [cost.pss], size)),
    ])),
    figure(`key → painted frame, ${GUESTS} VMs`, "ms", keys, { atMost: 16, p95AtMost: 33 }),
    figure("command → first whole frame, services up", "ms", first.get("dashboard") ?? [], { atMost: 300 }, ...peer("virt-top", theirs?.first ?? []), ...viewers.flatMap(({ name }) => peer(name, first.get(name) ?? []))),
  ];
}

async function memoryReadings(pid: number): Promise<number[]> {
  const readings: number[] = [];
  for (let waited = 0; waited < MEMORY_WINDOW_MS; waited += MEMORY_PAUSE_MS) {
    readings.push(pssMebibytes(pid));
    await delay(MEMORY_PAUSE_MS);
  }
  return readings;
}

async function thousand(note: Note): Promise<Figure[]> {
  await using stack = await ScriptedStack.startScripted({ vms: FLEET, ticksPerSecond: 1 });
  await using screen = await open(ours(stack, `of ${FLEET} `), { columns: 120, rows: 40 });
  const opened = performance.now();
  await delay(SETTLE_MS);
  const keys = await keysToFrames(screen, FLEET);
  const cpu = (await cpuPercent([screen.pid], WINDOW_MS, WINDOWS)).map(([value]) => value ?? 0);
  note(`${FLEET} VMs: memory over ${(FLAT_AFTER_MS + FLAT_FOR_MS) / 60_000} minutes`);
  await delay(Math.max(0, opened + FLAT_AFTER_MS - performance.now()));
  const before = await memoryReadings(screen.pid);
  await delay(FLAT_FOR_MS - 2 * MEMORY_WINDOW_MS);
  const after = await memoryReadings(screen.pid);
  return [
    figure(`key → painted frame, ${FLEET} VMs`, "ms", keys, { p95AtMost: 50 }),
    figure(`CPU of the dashboard, ${FLEET} VMs`, "%", cpu, { atMost: 25 }),
    figure(`memory (PSS) of the dashboard after ten minutes, ${FLEET} VMs`, "MiB", after, { peerPlus: quantile(before, 0.5) * 0.1 }, { name: "after two", samples: before }),
  ];
}

export const tui: Suite = {
  name: "tui",
  about: "the dashboard's bytes, CPU, memory and answers (peers: virt-top, htop, btop); takes a quarter of an hour",
  async run(note) {
    return [...await tenGuests(note), ...await thousand(note)];
  },
};
