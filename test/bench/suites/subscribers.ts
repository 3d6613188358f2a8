// 200 WebSocket subscribers, each getting 1,000 samples a second (batches of 50 VMs at 20 Hz) from a scripted daemon,
// because fifty real guests would measure QEMU. The subscribers live in a process of their own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "../../support/stack.js";
import { ScriptedStack } from "../../support/scripted-stack.js";
import { figure, quantile, NO_TARGET } from "../figure.js";
import { cpuPercent } from "../process-cost.js";
import type { Suite } from "../suite.js";

const SUBSCRIBERS = 200;
const VMS = 50;
const TICKS_PER_SECOND = 20;
/** Seconds in which the crowd connects and settles. */
const WARM_UP_REPORTS = 3;
/** Below this share of the promised rate the CPU figure would be of another load. */
const LEAST_DELIVERED = 0.9;
const WINDOW_MS = 5000;
const WINDOWS = 3;

export const subscribers: Suite = {
  name: "subscribers",
  about: `${SUBSCRIBERS} WebSocket subscribers, ${VMS * TICKS_PER_SECOND} samples a second each`,
  async run() {
    await using stack = await ScriptedStack.startScripted({ vms: VMS, ticksPerSecond: TICKS_PER_SECOND });
    const crowd = spawn(process.execPath, ["--import", "tsx", join(root, "test/bench/crowd.ts"), stack.url, String(SUBSCRIBERS)], {
      cwd: root,
      env: { ...process.env, QUETZAL_TOKEN: stack.token },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const reports: number[] = [];
      let text = "";
      crowd.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) { reports.push(Number(text.slice(0, end))); text = text.slice(end + 1); }
      });
      while (reports.length < WARM_UP_REPORTS) await once(crowd.stdout, "data");
      const cpu = (await cpuPercent([stack.server?.pid ?? 0], WINDOW_MS, WINDOWS)).map(([value]) => value ?? 0);
      const delivered = reports.slice(WARM_UP_REPORTS).map((samples) => samples / SUBSCRIBERS);
      const promised = VMS * TICKS_PER_SECOND;
      if (quantile(delivered, 0.5) < promised * LEAST_DELIVERED) throw new Error(`each subscriber got ${quantile(delivered, 0.5)} samples a second instead of ${promised}: the machine is too busy for this figure`);
      return [
        figure(`CPU of the server, ${SUBSCRIBERS} subscribers`, "%", cpu, { atMost: 25 }),
        figure("samples delivered to each subscriber", "1/s", delivered, NO_TARGET),
      ];
    } finally {
      crowd.kill();
    }
  },
};
