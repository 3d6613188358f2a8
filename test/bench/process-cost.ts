// What a process costs: CPU time from /proc/PID/stat and memory from smaps_rollup, as any observer sees them.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Kernel ticks a second (sysconf _SC_CLK_TCK; 100 on every Linux that Debian ships). */
const TICKS_PER_SECOND = 100;

/** User and system time that a process and its threads have used, in seconds; undefined when it is gone. */
export function cpuSeconds(pid: number): number | undefined {
  const fields = statFields(pid);
  if (fields === undefined) return undefined;
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Percent of one core that each process used over a window, one value a window. One that ended in it (a worker of Postgres) counts as 0. */
export async function cpuPercent(pids: readonly number[], windowMs: number, windows: number): Promise<number[][]> {
  const result: number[][] = [];
  for (let window = 0; window < windows; window++) {
    const before = pids.map(cpuSeconds);
    const start = performance.now();
    await delay(windowMs);
    const seconds = (performance.now() - start) / 1000;
    result.push(pids.map((pid, index) => {
      const used = (cpuSeconds(pid) ?? NaN) - (before[index] ?? NaN);
      return Number.isNaN(used) ? 0 : (used / seconds) * 100;
    }));
  }
  return result;
}

/** Proportional set size in MiB: shared pages are divided among those who share them. */
export function pssMebibytes(pid: number): number {
  const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  if (match?.[1] === undefined) throw new Error(`/proc/${pid}/smaps_rollup has no Pss line`);
  return Number(match[1]) / 1024;
}

/** The words a process was started with, each ended by NUL; empty when it is gone. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

export function allPids(): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
}

export function childPids(pid: number): number[] {
  return allPids().filter((one) => Number(statFields(one)?.[1]) === pid);
}

/** /proc/PID/stat from its third field on: the second, the program's name, may hold anything. Undefined when it is gone. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
