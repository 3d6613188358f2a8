// The list of 30 VMs over a held connection: of those that run, each with a newest sample, and of those that are defined.
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../support/process.js";
import { Stack } from "../../support/stack.js";
import { bareGuest, VmDriver } from "../../support/vm.js";
import { type Figure, figure, peer } from "../figure.js";
import { parseDomstats, parseList } from "../libvirt/answers.js";
import type { HeldVirsh } from "../libvirt/held-virsh.js";
import { Libvirt, noPeer } from "../libvirt/instance.js";
import { type Suite, stopwatch, timed } from "../suite.js";

const VMS = 30;
const ROUNDS = 200;
const WARM_UP = 50;
/** libvirt asks each running QEMU in turn, which takes it a tenth of a second and more. */
const RUNNING_STATS_ROUNDS = 30;
const TARGET_MS = 5;
const NAMES = Array.from({ length: VMS }, (_, index) => `bench-list-${index}`);
const LIST_DOCUMENT = "{ vms(first: 100) { totalCount nodes { id name state stateSince vcpus memoryBytes latest { cpuRatio rssBytes } } } }";
/** All firmwares together idle below this share of a core; what they begin with takes seconds of both. */
const CALM_RATIO = 0.3;
const CALM_DEADLINE_MS = 120_000;
/** Between two looks at a counter of CPU time: the pace at which ours are sampled. */
const LOOK_MS = 1_000;

interface Listed { readonly vms: { readonly nodes: readonly { readonly state: string; readonly latest: { readonly cpuRatio: number | null } | null }[] } }
interface Theirs { readonly list: readonly number[]; readonly stats: readonly number[] }

/** Times of lists that were whole: every VM in that state, and with a sample where it runs. */
async function lists(stack: Stack, state: "DEFINED" | "RUNNING"): Promise<number[]> {
  return timed(ROUNDS, async () => {
    let listed: Listed | undefined;
    const took = await stopwatch(async () => { listed = await stack.api.query<Listed>(LIST_DOCUMENT); });
    const whole = listed?.vms.nodes.filter((vm) => vm.state === state && (vm.latest !== null) === (state === "RUNNING")).length;
    if (whole !== VMS) throw new Error(`the list had ${whole} whole VMs that are ${state} instead of ${VMS}`);
    return took;
  }, WARM_UP);
}

async function calm(stack: Stack): Promise<void> {
  await eventually(`${VMS} firmwares to idle`, async () => {
    const { vms } = await stack.api.query<Listed>(LIST_DOCUMENT);
    const ratios = vms.nodes.map(({ latest }) => latest?.cpuRatio ?? Infinity);
    return ratios.reduce((sum, ratio) => sum + ratio, 0) < CALM_RATIO;
  }, CALM_DEADLINE_MS);
}

async function virshCalm(virsh: HeldVirsh): Promise<void> {
  const vcpuNs = async (): Promise<number> => [...parseDomstats(await virsh.ask("domstats")).values()].reduce((sum, domain) => sum + Number(domain.get("vcpu.0.time")), 0);
  await eventually(`libvirt's ${VMS} firmwares to idle`, async () => {
    const [before, begun] = [await vcpuNs(), performance.now()];
    await delay(LOOK_MS);
    return (await vcpuNs() - before) / 1e6 / (performance.now() - begun) < CALM_RATIO;
  }, CALM_DEADLINE_MS);
}

/** The same lists from libvirt: names and states alone, and with the statistics, which ours has in it. */
async function libvirtLists(virsh: HeldVirsh, statsRounds: number): Promise<Theirs> {
  const whole = (count: number): void => { if (count !== VMS) throw new Error(`virsh told of ${count} VMs instead of ${VMS}`); };
  whole(parseList(await virsh.ask("list --all")).size);
  whole(parseDomstats(await virsh.ask("domstats")).size);
  return {
    list: await timed(ROUNDS, () => stopwatch(() => virsh.ask("list --all")), WARM_UP),
    stats: await timed(statsRounds, () => stopwatch(() => virsh.ask("domstats")), statsRounds / 10),
  };
}

async function ours(note: Parameters<Suite["run"]>[0]): Promise<{ defined: number[]; running: number[] }> {
  await using stack = await Stack.start();
  const vms: VmDriver[] = [];
  for (const name of NAMES) vms.push(await VmDriver.define(stack, bareGuest(name)));
  const defined = await lists(stack, "DEFINED");
  for (const vm of vms) await vm.start();
  await calm(stack);
  note(`${VMS} VMs run and idle`);
  return { defined, running: await lists(stack, "RUNNING") };
}

/** Only after ours: sixty machines at once would be another load. */
async function theirs(): Promise<{ defined: Theirs; running: Theirs } | undefined> {
  await using libvirt = await Libvirt.startIfPresent();
  if (libvirt === undefined) return undefined;
  await using virsh = await libvirt.open();
  for (const name of NAMES) await libvirt.define(virsh, libvirt.bareMachine(name));
  const defined = await libvirtLists(virsh, ROUNDS);
  for (const name of NAMES) await virsh.ask(`start ${name}`);
  await virshCalm(virsh);
  return { defined, running: await libvirtLists(virsh, RUNNING_STATS_ROUNDS) };
}

export const list: Suite = {
  name: "list",
  about: `${VMS} VMs with their newest samples over a held connection, running and defined`,
  async run(note): Promise<Figure[]> {
    const mine = await ours(note);
    const others = await theirs().catch(noPeer);
    const one = (state: "running" | "defined"): Figure =>
      figure(`list of ${VMS} ${state} VMs over a held connection`, "ms", mine[state], { atMost: TARGET_MS }, ...peer("virsh list --all, held", others?.[state].list ?? []), ...peer("virsh domstats, held", others?.[state].stats ?? []));
    return [one("running"), one("defined")];
  },
};
