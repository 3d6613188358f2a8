// Ways to make a real guest slow on purpose: a CPU quota on its QEMU, QEMU's own commands while no daemon holds its
// monitor, packets that it does not take. Each is undone by its Disposable.
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DEADLINE_MS } from "./process.js";
import type { Stack } from "./stack.js";

export interface MonitorCommand {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A monitor serves one client at a time, so the daemon is gone meanwhile; the next one adopts the VMs. */
export async function atMonitors(stack: Stack, commands: Readonly<Record<string, readonly MonitorCommand[]>>): Promise<void> {
  await stack.restartDaemon("SIGKILL", async () => {
    for (const [vmId, list] of Object.entries(commands)) await tell(join(stack.runDir, "vms", vmId, "qmp.sock"), list);
  });
}

async function tell(path: string, commands: readonly MonitorCommand[]): Promise<void> {
  const socket = connect(path);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(DEADLINE_MS) });
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    await lines.next(); // The greeting.
    for (const command of [{ execute: "qmp_capabilities" }, ...commands]) {
      socket.write(`${JSON.stringify(command)}\n`);
      await answered(lines, command.execute);
    }
  } finally {
    socket.destroy();
  }
}

async function answered(lines: AsyncIterator<string, undefined>, command: string): Promise<void> {
  for (;;) {
    const line = await lines.next();
    if (line.done === true) throw new Error(`QEMU closed its monitor at ${command}`);
    const message = JSON.parse(line.value) as { readonly return?: unknown; readonly error?: { readonly desc: string } };
    if (message.error !== undefined) throw new Error(`${command}: ${message.error.desc}`);
    if ("return" in message) return;
  }
}

const V1_CPU = "/sys/fs/cgroup/cpu";
const V2_TOP = "/sys/fs/cgroup";
const PERIOD_US = 100_000;

/** Null: a group with a CPU quota can be made here; else why not. */
export function quotaMissing(): string | null {
  if (process.getuid?.() !== 0) return "a CPU quota needs root";
  if (existsSync(join(V1_CPU, "cpu.cfs_quota_us"))) return null;
  const controllers = join(V2_TOP, "cgroup.controllers");
  return existsSync(controllers) && readFileSync(controllers, "utf8").includes("cpu") ? null : "this kernel has no cpu controller";
}

/** Beside whom the held process gets all that its quota lets it have: its only waits are those of the quota. */
const HELD_WEIGHT = 10;

/** Holds a process to so many cores; on disposal it is back in the top group. */
export function quota(pid: number, cores: number): Disposable {
  const isV1 = existsSync(join(V1_CPU, "cpu.cfs_quota_us"));
  const top = isV1 ? V1_CPU : V2_TOP;
  const group = join(top, `qz-quota-${pid}`);
  mkdirSync(group);
  if (isV1) {
    writeFileSync(join(group, "cpu.cfs_period_us"), String(PERIOD_US));
    writeFileSync(join(group, "cpu.cfs_quota_us"), String(cores * PERIOD_US));
    writeFileSync(join(group, "cpu.shares"), String(HELD_WEIGHT * 1024));
  } else {
    writeFileSync(join(group, "cpu.max"), `${cores * PERIOD_US} ${PERIOD_US}`);
    writeFileSync(join(group, "cpu.weight"), String(HELD_WEIGHT * 100));
  }
  writeFileSync(join(group, "cgroup.procs"), String(pid));
  return {
    [Symbol.dispose]() {
      for (const left of readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean)) writeFileSync(join(top, "cgroup.procs"), left);
      rmdirSync(group);
    },
  };
}

/** Packets of one burst and the time between two: far more than a queue of the tap holds, for little CPU. */
const BURST_PACKETS = 200;
const BURST_EVERY_MS = 50;
const DISCARD_PORT = 9;

/** Sends packets to a NIC behind a bridge until disposed; its guest need not know the address. */
export function flood(bridge: string, address: string, hardwareAddress: string): Disposable {
  execFileSync("ip", ["neighbour", "replace", address, "lladdr", hardwareAddress, "dev", bridge]);
  const socket = createSocket("udp4");
  socket.on("error", () => undefined);
  const timer = setInterval(() => {
    for (let packet = 0; packet < BURST_PACKETS; packet += 1) socket.send("x", DISCARD_PORT, address);
  }, BURST_EVERY_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      socket.close();
    },
  };
}
