// What watching costs: CPU and memory of daemon, server, database and one dashboard over 1, 10 and 30 idle guests.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive } from "../../support/process.js";
import { cliPath, Stack } from "../../support/stack.js";
import { TerminalDriver } from "../../support/terminal.js";
import { smallGuest, VmDriver } from "../../support/vm.js";
import { type Figure, figure, type Target } from "../figure.js";
import { cpuPercent, pssMebibytes } from "../process-cost.js";
import type { Suite } from "../suite.js";

const COUNTS = [1, 10, 30];
/** Calm after the last boot, so that its end is not measured. */
const SETTLE_MS = 15_000;
const WINDOW_MS = 10_000;
const WINDOWS = 6;
/** Guests that boot together: under emulation each takes a core for seconds. */
const BOOTED_AT_ONCE = 3;
/** virt-top with libvirtd on 30 guests, without history: the figure to stay under. */
const TARGET_PERCENT = 2.4;

function postgresPids(stateDir: string): number[] {
  const commandLine = (pid: number): string => { try { return readFileSync(`/proc/${pid}/cmdline`, "utf8"); } catch { return ""; } };
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
  const main = all.find((pid) => commandLine(pid).includes("postgres") && commandLine(pid).includes(stateDir));
  const parent = (pid: number): number => { try { const stat = readFileSync(`/proc/${pid}/stat`, "utf8"); return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]); } catch { return 0; } };
  return main === undefined ? [] : [main, ...all.filter((pid) => parent(pid) === main)];
}

async function boot(stack: Stack, name: string): Promise<void> {
  const vm = await VmDriver.define(stack, smallGuest(name, { memory_mb: 96 }));
  await vm.start();
  await vm.waitForBoot();
}

async function measure(stack: Stack, guests: number): Promise<Figure[]> {
  await using screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor("bench-idle-0");
  await delay(SETTLE_MS);
  const named = [["quetzald", [stack.daemon?.pid]], ["server", [stack.server?.pid]], ["dashboard", [screen.pid]], ["postgres", postgresPids(stack.stateDir)]] as [string, number[]][];
  const pids = named.flatMap(([, list]) => list);
  const windows = await cpuPercent(pids, WINDOW_MS, WINDOWS);
  const bytesBefore = screen.bytes;
  await delay(WINDOW_MS);
  const bytesPerSecond = (screen.bytes - bytesBefore) / (WINDOW_MS / 1000);
  const share = (list: readonly number[]): number[] => windows.map((window) => window.filter((_, index) => list.includes(pids[index] ?? -1)).reduce((a, b) => a + b, 0));
  const ours = named.slice(0, 3).flatMap(([, list]) => list);
  const target: Target = guests === 30 ? { atMost: TARGET_PERCENT } : { none: true };
  const figures = [
    figure(`CPU of daemon + server + dashboard, ${guests} idle guests`, "%", share(ours), target),
    ...named.map(([name, list]) => figure(`CPU of ${name}, ${guests} idle guests`, "%", share(list), { none: true })),
    ...named.map(([name, list]) => figure(`memory (PSS) of ${name}, ${guests} idle guests`, "MiB", [list.filter(isAlive).map(pssMebibytes).reduce((a, b) => a + b, 0)], { none: true })),
    figure(`bytes to an 80x24 terminal, ${guests} idle guests`, "B/s", [bytesPerSecond], { none: true }),
  ];
  screen.send("q");
  await screen.waitForExit();
  return figures;
}

export const idle: Suite = {
  name: "idle",
  about: `CPU and memory with ${COUNTS.join(", ")} idle guests at 1 Hz`,
  async run(note) {
    await using stack = await Stack.start();
    const figures: Figure[] = [];
    let started = 0;
    for (const count of COUNTS) {
      while (started < count) {
        const names = Array.from({ length: Math.min(BOOTED_AT_ONCE, count - started) }, (_, index) => `bench-idle-${started + index}`);
        await Promise.all(names.map((name) => boot(stack, name)));
        started += names.length;
      }
      note(`${count} guests idle`);
      figures.push(...(await measure(stack, count)));
    }
    return figures;
  },
};
