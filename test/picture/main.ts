// Makes the README's picture from a real run: real guests, some of them busy, seen on the dashboard.
// `npx tsx test/picture/main.ts` writes docs/dashboard.svg and ends what it started.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cliPath, root, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { smallGuest, VmDriver } from "../support/vm.js";
import { screenSvg } from "./svg.js";

const COLUMNS = 140;
const ROWS = 40;
/** Long enough for the graphs to have a shape. */
const WATCH_MS = 100_000;

const disk = { disks: [{ name: "vda", path: "disk.img", size_gb: 1 }] };
/** What each guest does; `undefined` idles. */
const guests: readonly (readonly [string, Record<string, unknown>, string | undefined])[] = [
  ["build-runner", { vcpus: 2, memory_mb: 512 }, "while true; do timeout 9 sh -c 'while :; do :; done'; sleep 6; done &"],
  ["web-1", { memory_mb: 192 }, undefined],
  ["web-2", { memory_mb: 192 }, "while true; do timeout 1 sh -c 'while :; do :; done'; sleep 3; done &"],
  ["db-main", { memory_mb: 256, ...disk }, "while true; do dd if=/dev/zero of=/dev/vda bs=64k count=60 conv=fsync 2>/dev/null; sleep 2; done &"],
  ["gis-import", { memory_mb: 128 }, undefined],
];

await using stack = await Stack.start();
for (const [id, extra, command] of guests) {
  const vm = await VmDriver.define(stack, smallGuest(id, extra));
  await vm.start();
  await vm.waitForBoot();
  if (command !== undefined) await vm.type(`${command}\n`);
}
await VmDriver.define(stack, smallGuest("spare"));
await new VmDriver(stack, "gis-import").complete("pauseVm");
await using screen = new TerminalDriver(process.execPath, [cliPath], { columns: COLUMNS, rows: ROWS, env: stack.clientEnv });
await screen.waitFor("build-runner");
await delay(WATCH_MS);
writeFileSync(join(root, "docs/dashboard.svg"), screenSvg(screen.buffer, COLUMNS, ROWS));
screen.send("q");
await screen.waitForExit();
