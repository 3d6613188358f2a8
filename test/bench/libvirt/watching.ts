// What watching the same idle guests costs with libvirt: its daemon, and virt-top once a second in a terminal of the same
// size; where virt-top is missing, a held virsh asked for the statistics that it would read.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../support/process.js";
import { TerminalDriver } from "../../support/terminal.js";
import { cpuPercent, pssMebibytes } from "../process-cost.js";
import { type Suite, stopwatch, timed } from "../suite.js";
import { parseDomstats } from "./answers.js";
import type { HeldVirsh } from "./held-virsh.js";
import { Libvirt } from "./instance.js";

export interface WatchPlan {
  readonly guests: number;
  readonly memoryMebibytes: number;
  readonly bootedAtOnce: number;
  readonly settleMs: number;
  readonly windowMs: number;
  readonly windows: number;
}

/** CPU in percent of a core, one value a window; memory in MiB. */
export interface Watching {
  readonly watcher: string;
  readonly daemon: string;
  readonly daemonCpu: readonly number[];
  readonly watcherCpu: readonly number[];
  readonly daemonPss: number;
  readonly watcherPss: number;
  /** Null where nothing was painted. */
  readonly bytesPerSecond: number | null;
  /** Milliseconds that the statistics of all guests take over a held connection. */
  readonly stats: readonly number[];
}

/** libvirt's state of a domain that runs (VIR_DOMAIN_RUNNING). */
const RUNNING = "1";
const STATS_ROUNDS = 50;
/** As many as ours boot: under emulation a guest's boot takes seconds of a core. */
const BOOT_DEADLINE_MS = 120_000;

/** Undefined where libvirt is not there. */
export async function watchWithLibvirt(plan: WatchPlan, note: Parameters<Suite["run"]>[0]): Promise<Watching | undefined> {
  await using libvirt = await Libvirt.startIfPresent();
  if (libvirt === undefined) return undefined;
  await using virsh = await libvirt.open();
  const names = Array.from({ length: plan.guests }, (_, index) => `bench-idle-${index}`);
  while (names.length > 0) await bootTogether(libvirt, virsh, names.splice(0, plan.bootedAtOnce), plan.memoryMebibytes);
  note(`libvirt: ${plan.guests} guests idle`);
  const running = [...parseDomstats(await virsh.ask("domstats")).values()].filter((domain) => domain.get("state.state") === RUNNING).length;
  if (running !== plan.guests) throw new Error(`libvirt runs ${running} guests instead of ${plan.guests}`);
  const cost = libvirt.programs.virtTop === undefined ? await watchByVirsh(libvirt, virsh, plan) : await watchByVirtTop(libvirt, libvirt.programs.virtTop, plan);
  return { ...cost, stats: await timed(STATS_ROUNDS, () => stopwatch(() => virsh.ask("domstats")), 3) };
}

async function bootTogether(libvirt: Libvirt, virsh: HeldVirsh, names: readonly string[], memoryMebibytes: number): Promise<void> {
  const machines = names.map((name) => libvirt.bootingMachine(name, memoryMebibytes));
  for (const machine of machines) {
    await libvirt.define(virsh, machine);
    await virsh.ask(`start ${machine.name}`);
  }
  for (const { name, boot } of machines) await eventually(`${name} to boot`, () => readFileSync(boot.serialLog, "utf8").includes("QuetzalCore guest ready"), BOOT_DEADLINE_MS);
}

type Cost = Omit<Watching, "stats">;

async function watchByVirtTop(libvirt: Libvirt, virtTop: string, plan: WatchPlan): Promise<Cost> {
  await using screen = new TerminalDriver(virtTop, ["-c", libvirt.uri, "-d", "1"], { env: libvirt.env });
  await screen.waitFor("bench-idle-");
  const cost = await measured("virt-top", libvirt, screen.pid, plan);
  const before = screen.bytes;
  await delay(plan.windowMs);
  return { ...cost, bytesPerSecond: (screen.bytes - before) / (plan.windowMs / 1000) };
}

async function watchByVirsh(libvirt: Libvirt, virsh: HeldVirsh, plan: WatchPlan): Promise<Cost> {
  let asked: Promise<unknown> = Promise.resolve();
  const clock = setInterval(() => {
    asked = asked.then(() => virsh.ask("domstats"));
    asked.catch(() => undefined); // Thrown below, where it is waited for.
  }, 1000);
  try {
    return { ...(await measured("virsh domstats at 1 Hz", libvirt, virsh.pid, plan)), bytesPerSecond: null };
  } finally {
    clearInterval(clock);
    await asked;
  }
}

async function measured(watcher: string, libvirt: Libvirt, watcherPid: number, plan: WatchPlan): Promise<Omit<Cost, "bytesPerSecond">> {
  await delay(plan.settleMs);
  const windows = await cpuPercent([libvirt.daemonPid, watcherPid], plan.windowMs, plan.windows);
  return {
    watcher,
    daemon: basename(libvirt.programs.daemon),
    daemonCpu: windows.map(([cpu]) => cpu ?? 0),
    watcherCpu: windows.map(([, cpu]) => cpu ?? 0),
    daemonPss: pssMebibytes(libvirt.daemonPid),
    watcherPss: pssMebibytes(watcherPid),
  };
}
