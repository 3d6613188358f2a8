// Whether samples come on time while another guest boots, and how long one takes from the daemon to a painted frame.
import { setTimeout as delay } from "node:timers/promises";
import { cliPath, Stack } from "../../support/stack.js";
import { TerminalDriver } from "../../support/terminal.js";
import { smallGuest, VmDriver } from "../../support/vm.js";
import { figure, NO_TARGET } from "../figure.js";
import type { Suite } from "../suite.js";

/** Samples are a second apart; a tenth more is called a delay. A late one lengthens its gap, so that the p95 tells. */
const GAP_P95_MS = 1_100;
const TICKS = 30;
interface Batch { metrics: { time: string; samples: { vmId: string }[] } }

/** Distances between samples of one VM at a subscriber, and each sample's age when it arrived, in milliseconds. */
async function watch(stack: Stack, id: string, ticks: number): Promise<{ gaps: number[]; ages: number[] }> {
  const gaps: number[] = [];
  const ages: number[] = [];
  let last: number | undefined;
  for await (const { metrics } of stack.api.subscribe<Batch>("subscription { metrics { time samples { vmId } } }")) {
    if (!metrics.samples.some((sample) => sample.vmId === id)) continue;
    const now = performance.now();
    if (last !== undefined) gaps.push(now - last);
    last = now;
    ages.push(Date.now() - Date.parse(metrics.time));
    if (gaps.length >= ticks) break;
  }
  return { gaps, ages };
}

/** From a sample's arrival at a subscriber to the dashboard's next bytes on its terminal. */
async function paintDelays(stack: Stack, frames: number): Promise<number[]> {
  await using screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor("bench-steady");
  const delays: number[] = [];
  for await (const { metrics } of stack.api.subscribe<Batch>("subscription { metrics { time samples { vmId } } }")) {
    const sampled = Date.parse(metrics.time);
    const before = screen.bytes;
    const deadline = performance.now() + 900;
    while (screen.bytes === before && performance.now() < deadline) await delay(1);
    if (screen.bytes > before) delays.push(Date.now() - sampled);
    if (delays.length >= frames) break;
  }
  screen.send("q");
  await screen.waitForExit();
  return delays;
}

export const samples: Suite = {
  name: "samples",
  about: "a booting guest delays nobody's sample; a sample reaches the screen",
  async run() {
    await using stack = await Stack.start();
    const steady = await VmDriver.define(stack, smallGuest("bench-steady"));
    const booting = await VmDriver.define(stack, smallGuest("bench-booting"));
    await steady.start();
    await steady.waitForBoot();
    const calm = await watch(stack, steady.id, TICKS);
    const watching = watch(stack, steady.id, TICKS);
    const end = Date.now() + TICKS * 1000;
    while (Date.now() < end) {
      await booting.start();
      await delay(3000);
      await booting.forceOff();
    }
    const busy = await watching;
    const painted = await paintDelays(stack, TICKS);
    return [
      figure("gap between samples while another guest boots", "ms", busy.gaps, { p95AtMost: GAP_P95_MS }, { name: "nobody boots", samples: calm.gaps }),
      figure("age of a sample at a subscriber", "ms", busy.ages, NO_TARGET),
      figure("sample taken → frame painted", "ms", painted, { atMost: 150 }),
    ];
  },
};
