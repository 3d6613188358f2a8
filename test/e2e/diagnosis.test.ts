// Real guests made slow on purpose: the diagnosis names the true cause first, and finds nothing wrong with an idle one.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { atMonitors, flood, quota, quotaMissing } from "../support/slow.js";
import { Stack, cliPath } from "../support/stack.js";
import { smallGuest, VmDriver } from "../support/vm.js";

/** As long as the rules need to be sure, and no longer. */
const WINDOW_SECONDS = 45;
/** The shortest that can be asked about: enough to see that something is over. */
const MENDED_SECONDS = 10;
/** Of a window that begins so long before, more than the half that tells what goes on from what is over. */
const OVER_SECONDS = 25;
const BEFORE_SECONDS = 20;
const WINDOW_DEADLINE_MS = 120_000;
/** Steps that the rules look at. */
const STEP_MS = 5_000;
/** What is compared with: time before the neighbour comes. */
const CALM_SECONDS = 20;
/** A slow disk: so many operations a second. */
const SLOW_DISK_IOPS = 10;
/** Of its own definition, and of somebody else's control group. */
const LIMIT_PERCENT = 25;
const QUOTA_CORES = 0.25;
/** Before the balloon takes all that its guest has available; the guest then finds some more by giving up its caches. */
const SQUEEZED_MB = 256;
const MIB = 2 ** 20;
/** Addresses for documentation: nobody's network. */
const HOST_ADDRESS = "198.51.100.1";
const GUEST_ADDRESS = "198.51.100.2";

interface Finding { readonly kind: string; readonly score: number; readonly advice: string | null; readonly adviceCommand: string | null; readonly neighbour: { readonly id: string } | null; readonly evidence: readonly { readonly value: number | null; readonly threshold: number; readonly shareBeyond: number | null; readonly text: string }[] }
interface Diagnosis { readonly verdict: string; readonly summary: string; readonly confidence: string | null; readonly from: string; readonly to: string; readonly causes: readonly Finding[]; readonly notKnown: readonly Finding[] }

const FINDING = "kind score advice adviceCommand neighbour { id } evidence { value threshold shareBeyond text }";
const bridge = `qzd${randomUUID().slice(0, 6)}`;
const ip = (...words: string[]): void => void execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
function makeBridge(): string | null {
  try {
    ip("link", "add", bridge, "type", "bridge");
    return null;
  } catch (error) {
    return `no bridge can be made here: ${String(error).split("\n")[0] ?? ""}`;
  }
}
const missing = { quota: quotaMissing(), bridge: makeBridge() };
for (const reason of Object.values(missing)) if (reason !== null) console.warn(`A guest made slow on purpose is left out: ${reason}`);

let stack: Stack;
const ailments: Disposable[] = [];
const heal = (): void => ailments.splice(0).forEach((ailment) => ailment[Symbol.dispose]());
beforeAll(async () => {
  stack = await Stack.start();
  if (missing.bridge !== null) return;
  ip("address", "add", `${HOST_ADDRESS}/24`, "dev", bridge);
  ip("link", "set", bridge, "up");
});
afterAll(async () => {
  heal();
  if (missing.bridge === null) ip("link", "delete", bridge);
  await stack[Symbol.asyncDispose]();
});

const quetzal = (...words: string[]): string => execFileSync(process.execPath, [cliPath, ...words], { env: stack.clientEnv, encoding: "utf8" });

async function diagnose(vm: VmDriver, from: Date, to: Date | null = null): Promise<Diagnosis> {
  const { vmDiagnosis } = await stack.api.query<{ vmDiagnosis: Diagnosis }>(
    `query ($vm: ID!, $range: TimeRangeInput) { vmDiagnosis(vm: $vm, range: $range) { ... on Error { message } ... on VmDiagnosis { verdict summary confidence from to causes { ${FINDING} } notKnown { ${FINDING} } } } }`,
    { vm: vm.id, range: { from: from.toISOString(), to: to?.toISOString() ?? null } },
  );
  return vmDiagnosis;
}

/** Waits until the server has seen so much of a window that begins at `from`. */
async function windowOver(vm: VmDriver, from: Date, seconds: number): Promise<void> {
  await eventually(`${seconds} s of history`, async () => {
    if (Date.now() - from.getTime() < seconds * 1000) return false;
    const seen = await diagnose(vm, from);
    return Date.parse(seen.to) - Date.parse(seen.from) >= seconds * 1000;
  }, WINDOW_DEADLINE_MS);
}

async function booted(id: string, extra: Record<string, unknown> = {}): Promise<VmDriver> {
  const vm = await VmDriver.define(stack, smallGuest(id, extra));
  await vm.start();
  await vm.waitForBoot();
  return vm;
}

/** In the background; what follows `&` in a line must be a command. */
const inBackground = (command: string): string => `(${command}) & true`;
const busy = (times: number): string => inBackground(Array.from({ length: times }, () => "while :; do :; done").join(" & "));

describe("guests that are slow at the same time, each for its own reason", () => {
  let from: Date;
  let to: Date;
  const vms: Record<string, VmDriver> = {};
  const of = (name: string): Promise<Diagnosis> => diagnose(vms[name] ?? expect.fail(name), from, to);
  /** Of the window, in the order of the metrics. */
  const means = async ({ id }: VmDriver, metrics: readonly string[]): Promise<number[]> => {
    const { vm } = await stack.api.query<{ vm: { history: { series: { mean: (number | null)[] }[] } } }>(
      "query ($id: ID!, $from: DateTime!, $to: DateTime!, $metrics: [VmMetric!]!) { vm(id: $id) { history(range: { from: $from, to: $to }, stepSeconds: 1, metrics: $metrics) { series { mean } } } }",
      { id, from: from.toISOString(), to: to.toISOString(), metrics },
    );
    return vm.history.series.map(({ mean }) => {
      const known = mean.filter((value) => value !== null);
      return known.reduce((sum, value) => sum + value, 0) / known.length;
    });
  };

  beforeAll(async () => {
    const disk = (size_mb: number): object => ({ disks: [{ name: "vda", path: "disk.img", size_mb }] });
    const definitions: Record<string, object> = {
      idle: disk(64), disk: disk(512), squeezed: { memory_mb: SQUEEZED_MB, memory_policy: { floor_mb: 32 } }, swapping: disk(512),
      ...(missing.quota === null ? { limited: {}, foreign: {} } : {}), ...(missing.bridge === null ? { dropped: { network: { mode: "bridge", bridge } } } : {}),
    };
    await Promise.all(Object.entries(definitions).map(async ([id, extra]) => { vms[id] = await booted(id, { ...extra }); }));
    await makeSlow(vms);
    // The step in which it all began is left out.
    from = new Date(Date.now() + STEP_MS);
    await windowOver(vms["idle"] ?? expect.fail("idle"), from, WINDOW_SECONDS);
    to = new Date();
  });
  afterAll(async () => {
    heal();
    for (const vm of Object.values(vms)) await vm.forceOff();
  });

  it("finds nothing wrong with an idle VM, and says what it cannot judge", async () => {
    const { verdict, causes, notKnown, summary } = await of("idle");
    expect({ verdict, causes }).toEqual({ verdict: "FINE", causes: [] });
    expect(summary).toContain("Nothing is wrong with idle");
    expect(notKnown.map(({ kind, evidence }) => [kind, evidence[0]?.text])).toEqual([["NETWORK_DROPS", expect.stringContaining("user-mode networking has no counters") as string]]);
  });

  it("a slow disk is found as its latency", async () => {
    const { verdict, causes: [first] } = await of("disk");
    expect({ verdict, kind: first?.kind }).toEqual({ verdict: "SLOW", kind: "DISK_LATENCY" });
    expect(first?.evidence[0]?.value).toBeGreaterThan(0.5 / SLOW_DISK_IOPS);
  });

  it("a squeezed balloon is found, and what the guest needs is said", async () => {
    expect((await of("squeezed")).causes[0]).toMatchObject({ kind: "BALLOON" });
  });

  it("a swapping guest is found by its swap traffic", async () => {
    const { causes: [first] } = await of("swapping");
    expect(first?.kind).toBe("GUEST_MEMORY");
    expect(first?.evidence[0]?.shareBeyond).toBeGreaterThan(0.5);
  });

  it.skipIf(missing.quota !== null)("its own CPU limit is found and named, and its waits are not taken for steal", async () => {
    const { causes } = await of("limited");
    expect(causes[0]).toMatchObject({ kind: "THROTTLING", advice: expect.stringContaining(`Its own limit of ${LIMIT_PERCENT} % of a core`) as string, adviceCommand: "quetzal cpu set limited --limit none" });
    // On a busy host it may wait for others as well, yet never in a step that the quota explains.
    const shareOf = (wanted: string): number => causes.find(({ kind }) => kind === wanted)?.evidence[0]?.shareBeyond ?? 0;
    expect(shareOf("THROTTLING") + shareOf("STEAL")).toBeLessThanOrEqual(1);
    const [throttled = 0, steal = 1] = await means(vms["limited"] ?? expect.fail("limited"), ["THROTTLED_TIME_RATIO", "STEAL_RATIO"]);
    expect(throttled).toBeGreaterThan(0.4);
    expect(steal).toBeLessThan(throttled / 2);
  });

  it.skipIf(missing.quota !== null)("somebody else's CPU quota is told from a limit of its own", async () => {
    expect((await of("foreign")).causes[0]).toMatchObject({ kind: "THROTTLING", adviceCommand: expect.stringMatching(/^cat \/proc\/\d+\/cgroup$/) as string });
  });

  it.skipIf(missing.bridge !== null)("dropped packets are found", async () => {
    expect((await of("dropped")).causes[0]).toMatchObject({ kind: "NETWORK_DROPS" });
  });

  it("the command line says the same in words", () => {
    const seconds = Math.ceil((Date.now() - from.getTime()) / 1000);
    const text = quetzal("explain", "disk", "--range", `${seconds}s`);
    expect(text).toMatch(/^disk was slow: [\d:]+ to [\d:]+ UTC +confidence \w+\n1 . disk latency\n/);
  });

  it.skipIf(missing.quota !== null)("the command of an advice, run as it is given, mends what was found", async () => {
    const limited = vms["limited"] ?? expect.fail("limited");
    const [program, ...words] = ((await of("limited")).causes[0]?.adviceCommand ?? "").split(" ");
    expect(program).toBe("quetzal");
    expect(quetzal(...words)).toMatch(/^limited: set cpu (done|accepted)/);
    await eventually("the limit to be gone", async () => (await limited.show<{ cpuPolicy: { limitPercent: number | null } }>("cpuPolicy { limitPercent }")).cpuPolicy.limitPercent === null);
    await eventually("its loop to use more than the limit let it", async () => ((await limited.show<{ latest: { cpuRatio: number | null } | null }>("latest { cpuRatio }")).latest?.cpuRatio ?? 0) > 2 * (LIMIT_PERCENT / 100));
    const mended = new Date(Date.now() + STEP_MS);
    await windowOver(limited, mended, MENDED_SECONDS);
    expect((await diagnose(limited, mended)).causes.map(({ kind }) => kind)).not.toContain("THROTTLING");
    // What goes on now (it uses all it has, or waits for others) ranks before the limit that is over.
    await windowOver(limited, mended, OVER_SECONDS);
    const { causes } = await diagnose(limited, new Date(mended.getTime() - BEFORE_SECONDS * 1000));
    expect(causes[0]?.kind).toMatch(/^(GUEST_CPU|STEAL|NEIGHBOUR_CPU)$/);
    expect(causes.map(({ kind }) => kind)).toContain("THROTTLING");
  });
});

it("a CPU hog beside it is found and named", async () => {
  // Each VM has its own control group: with like weights a hog of many vCPUs would take no more than its half.
  const [victim, hog] = await Promise.all([booted("victim"), booted("hog", { vcpus: 4, cpu_policy: { weight: 400 } })]);
  await victim.run(busy(1));
  await windowOver(victim, new Date(), CALM_SECONDS);
  await hog.run(busy(4));
  const from = new Date(Date.now() + STEP_MS);
  await windowOver(victim, from, CALM_SECONDS);
  const { verdict, causes } = await diagnose(victim, from);
  expect({ verdict, kind: causes[0]?.kind, neighbour: causes[0]?.neighbour?.id }).toEqual({ verdict: "SLOW", kind: "NEIGHBOUR_CPU", neighbour: "hog" });
  // A smaller share of the host's CPUs for the hog, which had the greater weight.
  expect(causes[0]?.adviceCommand).toBe("quetzal cpu set hog --weight 100");
  expect(causes.map(({ kind }) => kind)).toContain("STEAL");
  await Promise.all([victim.forceOff(), hog.forceOff()]);
});

/** What each guest suffers from; all that needs a monitor is done in one absence of the daemon. */
async function makeSlow({ disk, squeezed, swapping, limited, foreign, dropped }: Record<string, VmDriver>): Promise<void> {
  const available = Number(/(\d+)/.exec((await squeezed?.run("grep MemAvailable /proc/meminfo")) ?? "")?.[1]) * 1024;
  await atMonitors(stack, {
    disk: [{ execute: "block_set_io_throttle", arguments: { id: "/machine/peripheral/disk-vda/virtio-backend", bps: 0, bps_rd: 0, bps_wr: 0, iops: SLOW_DISK_IOPS, iops_rd: 0, iops_wr: 0 } }],
  });
  const left = SQUEEZED_MB - Math.ceil(available / MIB);
  expect(await squeezed?.verb("setVmBalloon", { targetBytes: left * MIB })).toMatchObject({ __typename: "VmOperationAccepted" });
  await disk?.run(inBackground("while :; do dd if=/dev/vda of=/dev/null bs=64k 2>&1; echo 3 >/proc/sys/vm/drop_caches; done >/dev/null"));
  await swapping?.run("mkswap /dev/vda && swapon /dev/vda && mkdir -p /mnt/t && mount -t tmpfs -o size=400m none /mnt/t && dd if=/dev/zero of=/mnt/t/eat bs=1M count=128");
  await swapping?.run(inBackground("while :; do cat /mnt/t/eat; done >/dev/null"));
  if (limited !== undefined && foreign !== undefined) {
    await limited.run(busy(1));
    // What it may have it gets: its only waits are those of its limit, however many of the others want the same CPUs.
    await limited.complete("setVmCpuPolicy", { limitPercent: LIMIT_PERCENT, weight: 400 });
    await foreign.run(busy(1));
    ailments.push(quota((await foreign.show()).pid ?? expect.fail("no pid"), QUOTA_CORES));
  }
  if (dropped !== undefined) {
    // Its interface is down, so that it takes nothing and the queue before it runs over.
    const hardware = /([0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(await dropped.run("killall udhcpc; ip link set eth0 down; cat /sys/class/net/eth0/address"))?.[0];
    ailments.push(flood(bridge, GUEST_ADDRESS, hardware ?? expect.fail("no address")));
  }
}
