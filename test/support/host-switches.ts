// The host's own memory switches (KSM, zram, zswap, swap) as tests move them: whoever does holds a lock meanwhile, the same
// that quetzald's own stories take, so that no two test files move them at once.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";

/** A folder that every Linux host has and nobody else locks: a file of our own would be left. */
const LOCKED = "/sys/kernel/mm";
const ZSWAP = "/sys/module/zswap/parameters";

/** Waits for its turn; disposing of it lets the next one in, and so does this process's end. */
export async function takeTurn(): Promise<AsyncDisposable> {
  const holder = spawn("flock", [LOCKED, "sh", "-c", "echo mine; exec cat"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(holder, "close");
  const [first] = await Promise.race([once(holder.stdout, "data"), ended]) as [unknown];
  if (!String(first).startsWith("mine")) throw new Error(`flock ${LOCKED} ended with ${String(first)}: is util-linux installed?`);
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await ended;
    },
  };
}

/** The kernel's file as one line. */
function line(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trim().replace(/\s+/g, " ") : "";
}

/** Paths of what the host swaps to. */
export function swapAreas(): string[] {
  return readFileSync("/proc/swaps", "utf8").trim().split("\n").slice(1).map((row) => row.split(/\s/)[0] ?? "");
}

/** By path: how each switch stands, without what the use of memory changes. */
export function switches(): Record<string, string> {
  const ksm = ["run", "pages_to_scan", "sleep_millisecs"].map((name) => `/sys/kernel/mm/ksm/${name}`);
  const zswap = ["enabled", "compressor", "max_pool_percent"].map((name) => `${ZSWAP}/${name}`);
  return { ...Object.fromEntries([...ksm, ...zswap].map((path) => [path, line(path)])), "/proc/swaps": swapAreas().join(" ") };
}

/** A figure of the host's /proc/meminfo, in bytes. */
export function hostMeminfo(field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/meminfo", "utf8"))?.[1]) * 1024;
}
