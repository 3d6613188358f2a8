// Makes the README's picture from a real run: real guests, some of them busy, seen on the dashboard.
// `npx tsx test/picture/main.ts` writes docs/dashboard.svg and ends what it started. It makes a bridge for them, so it
// needs root; and a minute and a half for the graphs.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cliPath, root, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { bareGuest, smallGuest, VmDriver } from "../support/vm.js";
import { screenSvg } from "./svg.js";

const COLUMNS = 140;
const ROWS = 40;
/** Long enough for the graphs to have a shape. */
const WATCH_MS = 100_000;
/** The smallest figures of a picture that shows traffic, in bytes a second: several tries, for guests pause. */
const TRAFFIC_MIN = 10_000;
const TRIES = 30;

const BRIDGE = "qzpicture0";
/** Addresses for documentation: nobody's network. */
const NETWORK = "198.51.100";

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "inherit"] });
}

interface Guest { readonly id: string; readonly extra: Record<string, unknown>; readonly does?: string }
const disk = { disks: [{ name: "vda", path: "disk.img", size_gb: 1 }] };
const network = { network: { mode: "bridge", bridge: BRIDGE } };
const GUESTS: readonly Guest[] = [
  {
    id: "build-runner", extra: { vcpus: 2, memory_mb: 512, ...disk, ...network },
    does: `while true; do timeout 9 sh -c 'while :; do :; done'; sleep 5; done &
(while true; do dd if=/dev/zero of=/dev/vda bs=64k count=40 conv=fsync; dd if=/dev/vda of=/dev/null bs=64k count=30 iflag=direct; sleep 1; done) 2>/dev/null &
(while true; do ping -q -c 120 -s 8000 -i 0.05 ${NETWORK}.12; sleep 2; done) >/dev/null 2>&1 &`,
  },
  { id: "web-1", extra: { memory_mb: 192, ...network } },
  { id: "web-2", extra: { memory_mb: 192, ...network }, does: "while true; do timeout 1 sh -c 'while :; do :; done'; sleep 3; done &" },
  { id: "db-main", extra: { memory_mb: 256, ...disk, ...network }, does: "while true; do dd if=/dev/zero of=/dev/vda bs=64k count=20 conv=fsync 2>/dev/null; sleep 3; done &" },
  { id: "gis-import", extra: { memory_mb: 128 } },
];

async function bringUp(stack: Stack, { id, extra, does }: Guest, address: string): Promise<void> {
  const vm = await VmDriver.define(stack, smallGuest(id, extra));
  await vm.start();
  await vm.waitForBoot();
  if ("network" in extra) await vm.run(`ip address add ${address}/24 dev eth0; ip link set eth0 up`);
  if (does !== undefined) await vm.type(`${does}\n`);
}

/** A VM whose QEMU was killed: an alert is raised. */
async function crash(stack: Stack, id: string): Promise<void> {
  const vm = await VmDriver.define(stack, bareGuest(id));
  await vm.start();
  const { pid } = await vm.show();
  if (pid === null) throw new Error(`${id} has no process`);
  process.kill(pid, "SIGKILL");
  await vm.waitForState("CRASHED");
}

/** Whether the chosen VM moves bytes on its disk and its network just now. */
async function isBusy(stack: Stack, id: string): Promise<boolean> {
  const { latest } = await new VmDriver(stack, id).show<{ latest: Record<string, number | null> | null }>("latest { cpuRatio diskReadBytesPerSecond diskWriteBytesPerSecond networkRxBytesPerSecond networkTxBytesPerSecond }");
  const { cpuRatio, ...rates } = latest ?? {};
  return (cpuRatio ?? 0) > 0.5 && ["diskReadBytesPerSecond", "diskWriteBytesPerSecond", "networkRxBytesPerSecond", "networkTxBytesPerSecond"].every((name) => (rates[name] ?? 0) > TRAFFIC_MIN);
}

ip("link", "add", BRIDGE, "type", "bridge");
try {
  ip("address", "add", `${NETWORK}.1/24`, "dev", BRIDGE);
  ip("link", "set", BRIDGE, "up");
  await using stack = await Stack.start();
  for (const [index, guest] of GUESTS.entries()) await bringUp(stack, guest, `${NETWORK}.${11 + index}`);
  await VmDriver.define(stack, smallGuest("spare"));
  await new VmDriver(stack, "gis-import").complete("pauseVm");
  await crash(stack, "db-old");
  await using screen = new TerminalDriver(process.execPath, [cliPath], { columns: COLUMNS, rows: ROWS, env: { ...stack.clientEnv, COLORTERM: "truecolor" } });
  await screen.waitFor("build-runner");
  await delay(WATCH_MS);
  screen.send("g");
  for (let tries = 1; !(await isBusy(stack, "build-runner")); tries++) {
    if (tries === TRIES) throw new Error("build-runner has no traffic to be shown");
    await delay(1_000);
  }
  // The sample that was looked at is on the screen by now, or the next one.
  await delay(500);
  writeFileSync(join(root, "docs/dashboard.svg"), screenSvg(screen.buffer, COLUMNS, ROWS));
  screen.send("q");
  await screen.waitForExit();
} finally {
  ip("link", "delete", BRIDGE);
}
