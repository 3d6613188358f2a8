// The list of 30 VMs over a held connection.
import { Stack } from "../../support/stack.js";
import { bareGuest, VmDriver } from "../../support/vm.js";
import { figure, peer } from "../figure.js";
import { parseDomstats, parseList } from "../libvirt/answers.js";
import { Libvirt } from "../libvirt/instance.js";
import { type Suite, stopwatch, timed } from "../suite.js";

const VMS = 30;
const ROUNDS = 200;
const WARM_UP = 50;
export const LIST_DOCUMENT = "{ vms(first: 100) { totalCount nodes { id name state stateSince vcpus memoryBytes latest { cpuRatio rssBytes } } } }";

/** The same list from libvirt: names and states alone, and with the statistics, which ours has in it. */
async function libvirtLists(): Promise<{ list: number[]; stats: number[] }> {
  await using libvirt = await Libvirt.startIfPresent();
  if (libvirt === undefined) return { list: [], stats: [] };
  await using virsh = await libvirt.open();
  for (let index = 0; index < VMS; index++) await libvirt.define(virsh, libvirt.bareMachine(`bench-list-${index}`));
  const whole = (count: number): void => { if (count !== VMS) throw new Error(`virsh told of ${count} VMs instead of ${VMS}`); };
  whole(parseList(await virsh.ask("list --all")).size);
  whole(parseDomstats(await virsh.ask("domstats")).size);
  return {
    list: await timed(ROUNDS, () => stopwatch(() => virsh.ask("list --all")), WARM_UP),
    stats: await timed(ROUNDS, () => stopwatch(() => virsh.ask("domstats")), WARM_UP),
  };
}

export const list: Suite = {
  name: "list",
  about: `${VMS} VMs with their newest samples over a held connection`,
  async run() {
    await using stack = await Stack.start();
    for (let index = 0; index < VMS; index++) await VmDriver.define(stack, bareGuest(`bench-list-${index}`));
    const samples = await timed(ROUNDS, () => stopwatch(() => stack.api.query(LIST_DOCUMENT)), WARM_UP);
    const theirs = await libvirtLists();
    return [figure(`list of ${VMS} VMs over a held connection`, "ms", samples, { atMost: 5 }, ...peer("virsh list --all, held", theirs.list), ...peer("virsh domstats, held", theirs.stats))];
  },
};
