// After a boot of the host the daemon alone brings up what is to run: no server, no database, nobody who asks.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { daemonClient } from "../support/daemon-client.js";
import { eventually } from "../support/process.js";
import { Stack } from "../support/stack.js";
import { bareGuest, VmDriver } from "../support/vm.js";

let stack: Stack;
let wanted: VmDriver;
let other: VmDriver;
beforeAll(async () => {
  stack = await Stack.start();
  wanted = await VmDriver.define(stack, bareGuest("story-auto", { autostart: true }));
  other = await VmDriver.define(stack, bareGuest("story-manual"));
});
afterAll(() => stack[Symbol.asyncDispose]());

/** As after a boot: the daemon has not served this one yet. */
function forgetBoot(): void {
  rmSync(join(stack.stateDir, "hypervisor/boot_id"));
}

it("starts what is marked so at the daemon's first start after a boot, without a server", async () => {
  expect((await wanted.show()).state).toBe("DEFINED");
  await stack.server?.end();
  await stack.daemon?.end();
  forgetBoot();
  await stack.startDaemon();
  using daemon = daemonClient(join(stack.runDir, "quetzald.sock"));
  await eventually("one VM to run", async () => (await daemon.running()) === 1);
  await stack.startServer();
  await wanted.waitForState("RUNNING");
  expect((await other.show()).state).toBe("DEFINED");
});

it("leaves what was stopped by hand stopped when only the daemon is restarted", async () => {
  await wanted.forceOff();
  await stack.restartDaemon("SIGTERM");
  expect((await wanted.show()).state).toBe("STOPPED");
  await other.start();
});
