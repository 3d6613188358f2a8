// What watching the same idle guests costs with libvirt: its daemon, and virt-top once a second in a terminal of the same
// size; where virt-top is missing, a held virsh asked for the statistics that it would read.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../support/process.js";
import { TerminalDriver } from "../../support/terminal.js";
import { cpuPercent, pssMebibytes } from "../process-cost.js";
import type { Suite } from "../suite.js";
import { type TerminalCost, terminalCost, type WindowPlan } from "../terminal-cost.js";
import { parseDomstats } from "./answers.js";
import type { HeldVirsh } from "./held-virsh.js";
import { Libvirt } from "./instance.js";

export interface WatchPlan extends WindowPlan {
  readonly guests: number;
  readonly memoryMebibytes: number;
  readonly bootedAtOnce: number;
  readonly settleMs: number;
}

/** CPU in percent of a core, one value a window; memory in MiB. */
export interface Watching {
  readonly watcher: string;
  readonly daemon: string;
  readonly daemonCpu: readonly number[];
  readonly watcherCpu: readonly number[];
  readonly daemonPss: number;
  readonly watcherPss: number;
  /** One value a window; none where nothing was painted. */
  readonly bytesPerSecond: readonly number[];
}

/** libvirt's state of a domain that runs (VIR_DOMAIN_RUNNING). */
const RUNNING = "1";
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
  return libvirt.programs.virtTop === undefined ? await watchByVirsh(libvirt, virsh, plan) : await watchByVirtTop(libvirt, libvirt.programs.virtTop, plan);
}

async function bootTogether(libvirt: Libvirt, virsh: HeldVirsh, names: readonly string[], memoryMebibytes: number): Promise<void> {
  const machines = names.map((name) => libvirt.bootingMachine(name, memoryMebibytes));
  for (const machine of machines) {
    await libvirt.define(virsh, machine);
    await virsh.ask(`start ${machine.name}`);
  }
  for (const { name, boot } of machines) await eventually(`${name} to boot`, () => readFileSync(boot.serialLog, "utf8").includes("QuetzalCore guest ready"), BOOT_DEADLINE_MS);
}

async function watchByVirtTop(libvirt: Libvirt, virtTop: string, plan: WatchPlan): Promise<Watching> {
  await using screen = new TerminalDriver(virtTop, ["-c", libvirt.uri, "-d", "1"], { env: libvirt.env });
  await screen.waitFor("bench-idle-");
  await delay(plan.settleMs);
  return told("virt-top", libvirt, screen.pid, await terminalCost(screen, [libvirt.daemonPid, screen.pid], plan));
}

async function watchByVirsh(libvirt: Libvirt, virsh: HeldVirsh, plan: WatchPlan): Promise<Watching> {
  let asked: Promise<unknown> = Promise.resolve();
  const clock = setInterval(() => {
    asked = asked.then(() => virsh.ask("domstats"));
    asked.catch(() => undefined); // Thrown below, where it is waited for.
  }, 1000);
  try {
    await delay(plan.settleMs);
    return told("virsh domstats at 1 Hz", libvirt, virsh.pid, { cpu: await cpuPercent([libvirt.daemonPid, virsh.pid], plan.windowMs, plan.windows), bytesPerSecond: [] });
  } finally {
    clearInterval(clock);
    await asked;
  }
}

function told(watcher: string, libvirt: Libvirt, watcherPid: number, { cpu, bytesPerSecond }: TerminalCost): Watching {
  return {
    watcher,
    daemon: basename(libvirt.programs.daemon),
    daemonCpu: cpu.map(([daemon]) => daemon ?? 0),
    watcherCpu: cpu.map(([, one]) => one ?? 0),
    daemonPss: pssMebibytes(libvirt.daemonPid),
    watcherPss: pssMebibytes(watcherPid),
    bytesPerSecond,
  };
}
