// What watching costs: CPU and memory of daemon, server, database and one dashboard over 1, 10 and 30 idle guests, and with as
// many as the promise speaks of what libvirt's cost to watch the same.
import { setTimeout as delay } from "node:timers/promises";
import { isAlive } from "../../support/process.js";
import { cliPath, Stack } from "../../support/stack.js";
import { TerminalDriver } from "../../support/terminal.js";
import { smallGuest, VmDriver } from "../../support/vm.js";
import { type Figure, figure, type Peer, peer, type Target, NO_TARGET } from "../figure.js";
import { noPeer } from "../libvirt/instance.js";
import { watchWithLibvirt, type Watching } from "../libvirt/watching.js";
import { allPids, childPids, commandLine, pssMebibytes } from "../process-cost.js";
import type { Suite } from "../suite.js";
import { terminalCost } from "../terminal-cost.js";

const COUNTS = [1, 10, 30];
/** What the promise speaks of, and the peer is measured with. */
const PROMISED_COUNT = 30;
const MEMORY_MEBIBYTES = 96;
/** Calm after the last boot, so that its end is not measured. */
const SETTLE_MS = 15_000;
const WINDOW_MS = 10_000;
const WINDOWS = 6;
/** Where nothing is promised. */
const FEWER_WINDOWS = 3;
/** Guests that boot together: under emulation each takes a core for seconds. */
const BOOTED_AT_ONCE = 3;
/** virt-top with libvirtd on 30 guests, without history: the figure to stay under. */
const TARGET_PERCENT = 2.4;

/** What one count of guests showed, by process. */
interface Watched {
  readonly cpu: ReadonlyMap<string, readonly number[]>;
  readonly pss: ReadonlyMap<string, number>;
  readonly bytesPerSecond: readonly number[];
}

function postgresPids(stateDir: string): number[] {
  const main = allPids().find((pid) => commandLine(pid).includes("postgres") && commandLine(pid).includes(stateDir));
  return main === undefined ? [] : [main, ...childPids(main)];
}

async function boot(stack: Stack, name: string): Promise<void> {
  const vm = await VmDriver.define(stack, smallGuest(name, { memory_mb: MEMORY_MEBIBYTES }));
  await vm.start();
  await vm.waitForBoot();
}

async function measure(stack: Stack, windows: number): Promise<Watched> {
  await using screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor("bench-idle-0");
  await delay(SETTLE_MS);
  const named = [["quetzald", [stack.daemon?.pid]], ["server", [stack.server?.pid]], ["dashboard", [screen.pid]], ["postgres", postgresPids(stack.stateDir)]] as [string, number[]][];
  const pids = named.flatMap(([, list]) => list);
  const { cpu, bytesPerSecond } = await terminalCost(screen, pids, { windowMs: WINDOW_MS, windows });
  const share = (list: readonly number[]): number[] => cpu.map((window) => window.filter((_, index) => list.includes(pids[index] ?? -1)).reduce((a, b) => a + b, 0));
  const watched = {
    cpu: new Map(named.map(([name, list]) => [name, share(list)])),
    pss: new Map(named.map(([name, list]) => [name, list.filter(isAlive).map(pssMebibytes).reduce((a, b) => a + b, 0)])),
    bytesPerSecond,
  };
  screen.send("q");
  await screen.waitForExit();
  return watched;
}

/** Sums the windows of several processes. */
function together(...parts: (readonly number[] | undefined)[]): number[] {
  return (parts[0] ?? []).map((_, window) => parts.reduce((sum, part) => sum + (part?.[window] ?? 0), 0));
}

function figures(guests: number, ours: Watched, theirs: Watching | undefined): Figure[] {
  const target: Target = guests === PROMISED_COUNT ? { atMost: TARGET_PERCENT } : NO_TARGET;
  const [watcher, daemon] = [theirs?.watcher ?? "", theirs?.daemon ?? ""];
  const single = (name: string, value: number | undefined): Peer[] => peer(name, value === undefined ? [] : [value]);
  const peersOf = { // Whom each of our processes is set beside; the server and its database have no counterpart.
    quetzald: { cpu: peer(daemon, theirs?.daemonCpu ?? []), pss: single(daemon, theirs?.daemonPss) },
    dashboard: { cpu: peer(watcher, theirs?.watcherCpu ?? []), pss: single(watcher, theirs?.watcherPss) },
  } as Partial<Record<string, { cpu: Peer[]; pss: Peer[] }>>;
  return [
    figure(`CPU of daemon + server + dashboard, ${guests} idle guests`, "%", together(ours.cpu.get("quetzald"), ours.cpu.get("server"), ours.cpu.get("dashboard")), target, ...peer(`${watcher} + ${daemon}`, together(theirs?.daemonCpu, theirs?.watcherCpu))),
    ...[...ours.cpu].map(([name, cpu]) => figure(`CPU of ${name}, ${guests} idle guests`, "%", cpu, NO_TARGET, ...(peersOf[name]?.cpu ?? []))),
    ...[...ours.pss].map(([name, pss]) => figure(`memory (PSS) of ${name}, ${guests} idle guests`, "MiB", [pss], NO_TARGET, ...(peersOf[name]?.pss ?? []))),
    figure(`bytes to an 80x24 terminal, ${guests} idle guests`, "B/s", ours.bytesPerSecond, NO_TARGET, ...peer(watcher, theirs?.bytesPerSecond ?? [])),
  ];
}

async function watchOurs(note: (line: string) => void): Promise<Map<number, Watched>> {
  await using stack = await Stack.start();
  const watched = new Map<number, Watched>();
  let started = 0;
  for (const count of COUNTS) {
    while (started < count) {
      const names = Array.from({ length: Math.min(BOOTED_AT_ONCE, count - started) }, (_, index) => `bench-idle-${started + index}`);
      await Promise.all(names.map((name) => boot(stack, name)));
      started += names.length;
    }
    note(`${count} guests idle`);
    watched.set(count, await measure(stack, count === PROMISED_COUNT ? WINDOWS : FEWER_WINDOWS));
  }
  return watched;
}

export const idle: Suite = {
  name: "idle",
  about: `CPU and memory with ${COUNTS.join(", ")} idle guests at 1 Hz`,
  async run(note) {
    const ours = await watchOurs(note);
    // Only then: sixty guests at once would be another load.
    const theirs = await watchWithLibvirt({ guests: PROMISED_COUNT, memoryMebibytes: MEMORY_MEBIBYTES, bootedAtOnce: BOOTED_AT_ONCE, settleMs: SETTLE_MS, windowMs: WINDOW_MS, windows: WINDOWS }, note).catch(noPeer);
    return [...ours].flatMap(([count, watched]) => figures(count, watched, count === PROMISED_COUNT ? theirs : undefined));
  },
};
