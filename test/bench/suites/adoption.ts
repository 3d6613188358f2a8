// How soon a new daemon has taken over the running VMs of one that was killed.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startService } from "../../support/process.js";
import { daemonPath, Stack } from "../../support/stack.js";
import { bareGuest, VmDriver } from "../../support/vm.js";
import { daemonClient } from "../../support/daemon-client.js";
import { figure } from "../figure.js";
import type { Suite } from "../suite.js";

const VMS = 10;
const ROUNDS = 10;

export const adoption: Suite = {
  name: "adoption",
  about: `kill -9 of the daemon with ${VMS} running VMs, then all listed as running by the next`,
  async run() {
    await using stack = await Stack.start();
    for (let index = 0; index < VMS; index++) await (await VmDriver.define(stack, bareGuest(`bench-adopt-${index}`))).start();
    const socket = join(stack.runDir, "quetzald.sock");
    const samples: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      await stack.daemon?.end("SIGKILL");
      rmSync(socket, { force: true });
      const begin = performance.now();
      stack.daemon = startService(daemonPath, ["--state-dir", stack.stateDir, "--run-dir", stack.runDir], { log: stack.log("quetzald") });
      while (!existsSync(socket)) await delay(1);
      using client = daemonClient(socket);
      while ((await client.running()) < VMS) await delay(1);
      if (round > 0) samples.push(performance.now() - begin);
    }
    return [figure(`adoption of ${VMS} VMs, from the daemon's exec`, "ms", samples, { atMost: 100 })];
  },
};
