// How fast memory moves, from the mutation to the guest; what reclaiming costs the neighbours; and what watching for it costs.
import { join } from "node:path";
import { AT_EASE, daemonClient, SHORT } from "../../support/daemon-client.js";
import { eventually } from "../../support/process.js";
import { Stack } from "../../support/stack.js";
import { smallGuest, VmDriver } from "../../support/vm.js";
import { type Figure, figure, NO_TARGET } from "../figure.js";
import { cpuPercent } from "../process-cost.js";
import { type Suite, stopwatch, timed } from "../suite.js";

const MIB = 1_048_576;
const BOOT_MIB = 512;
const MOVED_MIB = 128;
const PLUGGED_MIB = 256;
const ROUNDS = 10;
const BALLOON_TARGET_MS = 400;
const PLUG_TARGET_MS = 200;
/** A loop of the guest's shell that takes some seconds under emulation. */
const LOOP = "i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done";
const LOOP_ROUNDS = 5;
const NEIGHBOURS = 3;
/** The busy guest keeps 95 % of its speed. */
const SLOWER_AT_MOST_PERCENT = 5;
const WATCHED_GUESTS = 30;
const WATCHED_MIB = 96;
const BOOTED_AT_ONCE = 3;
const WINDOW_MS = 10_000;
const WINDOWS = 6;
const COST_TARGET_PERCENT = 0.5;

async function moves(stack: Stack): Promise<Figure[]> {
  const vm = await boot(stack, smallGuest("bench-moves", { memory_mb: BOOT_MIB, features: ["ballooning", "hotplug", "virtio"] }));
  // Memory that was never touched is taken without work: the guest fills its page cache first.
  await vm.run(`mkdir -p /t; mount -t tmpfs none /t; dd if=/dev/zero of=/t/x bs=1M count=300 2>/dev/null; rm /t/x`);
  const move = (name: string, mib: number) => stopwatch(() => vm.complete(name, { targetBytes: mib * MIB }));
  const back: number[] = [];
  const taken = await timed(ROUNDS, async () => {
    const took = await move("setVmBalloon", BOOT_MIB - MOVED_MIB);
    back.push(await move("setVmBalloon", BOOT_MIB));
    return took;
  });
  const plugged = await timed(ROUNDS, async () => {
    const took = await move("resizeVmMemory", BOOT_MIB + PLUGGED_MIB);
    // Pages that the guest cannot move may keep a block or two: what matters here is that the most of it went.
    const { operation } = await vm.verb("resizeVmMemory", { targetBytes: BOOT_MIB * MIB });
    await vm.operationEnd(operation?.id ?? "");
    return took;
  });
  await vm.forceOff();
  return [
    figure(`balloon: mutation → ${MOVED_MIB} MiB less in the guest`, "ms", taken, { atMost: BALLOON_TARGET_MS }),
    figure(`balloon: mutation → the ${MOVED_MIB} MiB back in the guest`, "ms", back.slice(1), NO_TARGET),
    figure(`virtio-mem: mutation → ${PLUGGED_MIB} MiB more in the guest`, "ms", plugged, { atMost: PLUG_TARGET_MS }),
  ];
}

/** In turns: alone, while the controller reclaims the neighbours for a short host, and while their balloons never rest. */
async function beside(stack: Stack): Promise<Figure[]> {
  using daemon = daemonClient(join(stack.runDir, "quetzald.sock"));
  const busy = await boot(stack, smallGuest("bench-busy"));
  const neighbours: VmDriver[] = [];
  const policy = { control: "on", floor_mb: BOOT_MIB / 4 };
  for (let index = 0; index < NEIGHBOURS; index++) neighbours.push(await boot(stack, smallGuest(`bench-near-${index}`, { memory_mb: BOOT_MIB, features: ["tps", "compression", "ballooning", "virtio"], memory_policy: policy })));
  await stack.api.query(`mutation { setHostMemory(input: { ksm: { mode: TUNED }, compression: { mode: ZRAM }, controller: { enabled: true } }) { __typename } }`);
  const loop = () => stopwatch(() => busy.run(LOOP));
  const slower = (alone: number, reclaimed: number): number => Math.max(0, (1 - alone / reclaimed) * 100);
  const controlled = await timed(LOOP_ROUNDS, async () => {
    const alone = await loop();
    await daemon.setThresholds(SHORT);
    await reclaimed(neighbours);
    const beside = await loop();
    await daemon.setThresholds(AT_EASE);
    return slower(alone, beside);
  });
  await stack.api.query(`mutation { setHostMemory(input: { ksm: { mode: UNTOUCHED }, compression: { mode: UNTOUCHED }, controller: { enabled: false } }) { __typename } }`);
  const restless = await timed(LOOP_ROUNDS, async () => {
    const alone = await loop();
    const over = new AbortController();
    const reclaiming = (async () => {
      // As the controller takes: one after the other, a tenth in ten seconds; here without the ten seconds.
      for (let mib = BOOT_MIB; !over.signal.aborted; mib = mib * 0.9 < BOOT_MIB / 2 ? BOOT_MIB : Math.floor(mib * 0.9)) {
        for (const vm of neighbours) await vm.complete("setVmBalloon", { targetBytes: mib * MIB });
      }
    })();
    const [beside] = await Promise.all([loop().finally(() => over.abort()), reclaiming]);
    return slower(alone, beside);
  });
  await Promise.all([busy, ...neighbours].map((vm) => vm.forceOff()));
  return [
    figure(`busy guest while the controller reclaims ${NEIGHBOURS} neighbours: how much slower`, "%", controlled, { atMost: SLOWER_AT_MOST_PERCENT }),
    figure(`busy guest while the balloons of ${NEIGHBOURS} neighbours move without a pause: how much slower`, "%", restless, NO_TARGET),
  ];
}

/** Until the controller has just taken from somebody; it takes again every ten seconds. */
async function reclaimed(vms: readonly VmDriver[]): Promise<void> {
  const begun = new Date().toISOString();
  await eventually("the controller to take from a neighbour", async () => {
    const decisions = await Promise.all(vms.map((vm) => vm.show<{ memoryDecisions: { time: string; carriedOut: boolean }[] }>("memoryDecisions(first: 1) { time carriedOut }")));
    return decisions.some(({ memoryDecisions: [last] }) => last?.carriedOut === true && last.time > begun);
  });
}

async function cost(stack: Stack, note: (line: string) => void): Promise<Figure[]> {
  await stack.api.query(`mutation { setHostMemory(input: { controller: { enabled: true } }) { __typename } }`);
  const names = Array.from({ length: WATCHED_GUESTS }, (_, index) => `bench-kept-${index}`);
  for (let start = 0; start < names.length; start += BOOTED_AT_ONCE) {
    await Promise.all(names.slice(start, start + BOOTED_AT_ONCE).map((name) => boot(stack, smallGuest(name, { memory_mb: WATCHED_MIB, memory_policy: { control: "on" } }))));
  }
  note(`${WATCHED_GUESTS} guests idle, each under control`);
  const windows = await cpuPercent([stack.daemon?.pid ?? 0], WINDOW_MS, WINDOWS);
  return [figure(`CPU of quetzald, its samplers and its controller, ${WATCHED_GUESTS} controlled guests`, "%", windows.flat(), { atMost: COST_TARGET_PERCENT })];
}

async function boot(stack: Stack, definition: Parameters<typeof VmDriver.define>[1]): Promise<VmDriver> {
  const vm = await VmDriver.define(stack, definition);
  await vm.start();
  await vm.waitForBoot();
  await vm.run("true");
  return vm;
}

export const memory: Suite = {
  name: "memory",
  about: "balloon and virtio-mem from mutation to guest, a busy guest beside reclaimed ones, cost of the controller",
  async run(note) {
    await using stack = await Stack.start();
    return [...await moves(stack), ...await beside(stack), ...await cost(stack, note)];
  },
};
