// `quetzal cpu ls` and `cpu show`: the vCPUs of VMs, what they run and wait, and how they share the host's CPUs.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { UNKNOWN, formatPercent, sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import type { ListFlags, Listing } from "../output/listing.js";
import { printList, printRecord } from "../output/print.js";
import { fieldLines, tableLines } from "../output/table.js";
import { vmNotFound } from "../vm/definition.js";
import { everyVm, namedVm, queryOf } from "../vm/select.js";
import type { Selector } from "../vm/select.js";
import { stateColour, stateSymbol } from "../vm/state.js";

const CPU_VM = graphql(`
  fragment CpuVm on Vm {
    id name state vcpus
    host { id name cpuCount }
    room { vcpusTarget vcpusMax }
    cpuPolicy { weight limitPercent pins { vcpu cpus } emulatorCpus maxVcpus }
    latest { time cpuRatio cpuUserRatio cpuSystemRatio stealRatio throttledRatio throttledTimeRatio vcpusPresent vcpus { index ratio stealRatio } }
  }
`);
const CPU_LIST = graphql(
  `query CpuList($first: Int!, $after: String, $filter: VmFilter) {
    vms(first: $first, after: $after, filter: $filter, sort: { field: NAME }) { nodes { ...CpuVm } pageInfo { hasNextPage endCursor } }
  }`,
  [CPU_VM],
);
const CPU_SHOW = graphql(`query CpuShow($id: ID!) { vm(id: $id) { ...CpuVm } }`, [CPU_VM]);

type CpuVm = ResultOf<typeof CPU_VM>;

/** "0-1,4": runs of numbers as the kernel lists them. */
export function cpuList(cpus: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const cpu of cpus.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.[1] === cpu - 1) last[1] = cpu;
    else runs.push([cpu, cpu]);
  }
  return runs.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(",");
}

function pinWords({ cpuPolicy: { pins } }: CpuVm): string {
  return pins.map(({ vcpu, cpus }) => `${vcpu}=${cpuList(cpus)}`).join(" ");
}

function percent(name: string, title: string, of: (vm: CpuVm) => number | null | undefined, shown?: "wide"): Listing<CpuVm>["columns"][number] {
  const value = (vm: CpuVm): number | null => of(vm) ?? null;
  return { name, title, ...(shown === undefined ? {} : { shown }), align: "right", value, cell: (vm) => formatPercent(value(vm)) };
}

/** What the guest is to use: one that was taken from it may stay with QEMU. */
function usedOf({ room, vcpus }: CpuVm): number {
  return room?.vcpusTarget ?? vcpus;
}

function limitWords({ cpuPolicy: { limitPercent } }: CpuVm): string {
  return limitPercent === null ? "none" : `${limitPercent}%`;
}

export const CPU_LISTING: Listing<CpuVm> = {
  name: ({ id }) => id,
  empty: "No VM matches.",
  columns: [
    { name: "id", title: "  ID", value: ({ id }) => id, cell: (vm, { characters }) => `${stateSymbol(vm.state, characters)} ${sanitise(vm.id)}`, colour: ({ state }) => stateColour(state) },
    { name: "vcpus", align: "right", value: usedOf, cell: (vm) => String(usedOf(vm)) },
    { name: "present", shown: "wide", align: "right", value: ({ latest }) => latest?.vcpusPresent ?? null, cell: ({ latest }) => String(latest?.vcpusPresent ?? UNKNOWN) },
    { name: "max", align: "right", value: ({ cpuPolicy }) => cpuPolicy.maxVcpus, cell: ({ cpuPolicy }) => String(cpuPolicy.maxVcpus) },
    percent("cpu", "CPU%", ({ latest }) => latest?.cpuRatio),
    percent("cpu.user", "USER%", ({ latest }) => latest?.cpuUserRatio, "wide"),
    percent("cpu.system", "SYSTEM%", ({ latest }) => latest?.cpuSystemRatio, "wide"),
    percent("steal", "STEAL%", ({ latest }) => latest?.stealRatio),
    percent("throttled", "THROTTLED%", ({ latest }) => latest?.throttledTimeRatio),
    { name: "weight", align: "right", value: ({ cpuPolicy }) => cpuPolicy.weight, cell: ({ cpuPolicy }) => String(cpuPolicy.weight) },
    { name: "limit", align: "right", value: ({ cpuPolicy }) => cpuPolicy.limitPercent, cell: limitWords },
    { name: "pins", value: pinWords, cell: (vm) => pinWords(vm) || "any" },
    { name: "emulator", shown: "wide", value: ({ cpuPolicy }) => (cpuPolicy.emulatorCpus === null ? null : cpuList(cpuPolicy.emulatorCpus)), cell: ({ cpuPolicy }) => (cpuPolicy.emulatorCpus === null ? "any" : cpuList(cpuPolicy.emulatorCpus)) },
    { name: "host", shown: "wide", value: ({ host }) => host.name, cell: ({ host }) => sanitise(host.name) },
  ],
};

export async function listCpu(context: CommandContext, options: Selector & ListFlags): Promise<void> {
  await printList(context, CPU_LISTING, await everyVm(context.client(), CPU_LIST, queryOf(options), context.signal), options);
}

export async function showCpu(context: CommandContext, name: string): Promise<void> {
  const { id } = await namedVm(context, name);
  const { vm } = await context.client().request(CPU_SHOW, { id }, context.signal);
  if (vm === null) throw vmNotFound(id);
  await printRecord(context, vm, { name: vm.id, lines: () => [...fieldLines(fields(vm)), ...vcpuLines(vm)] });
}

function fields(vm: CpuVm): (readonly [string, string | undefined])[] {
  const { latest, room, cpuPolicy: policy } = vm;
  return [
    ["VM", `${sanitise(vm.name)}, ${vm.state.toLowerCase()}`],
    ["vCPUs", `${usedOf(vm)}${room === null ? "" : `, up to ${room.vcpusMax} without a restart`}; QEMU has ${latest?.vcpusPresent ?? UNKNOWN}, boots with ${vm.vcpus}`],
    ["CPU", latest === null ? undefined : `${formatPercent(latest.cpuRatio)} % of a core, steal ${formatPercent(latest.stealRatio)} %`],
    ["Throttled", latest === null ? undefined : throttledWords(latest)],
    ["Policy", `weight ${policy.weight}, limit ${limitWords(vm)}, QEMU's own threads on ${policy.emulatorCpus === null ? "any CPU" : cpuList(policy.emulatorCpus)}`],
  ];
}

/** Linux counts what a quota stops by control group, and there is one of the VM. */
function throttledWords({ throttledTimeRatio, throttledRatio }: NonNullable<CpuVm["latest"]>): string {
  if (throttledTimeRatio === null) return `${UNKNOWN} (no cpu controller)`;
  return `${formatPercent(throttledTimeRatio)} % of a core's time, in ${formatPercent(throttledRatio)} % of the limit's periods; Linux counts it for the VM as a whole, not for each vCPU`;
}

function vcpuLines({ latest, cpuPolicy: { pins } }: CpuVm): string[] {
  if (latest === null || latest.vcpus.length === 0) return [];
  const rows = latest.vcpus.map(({ index, ratio, stealRatio }) => {
    const pin = pins.find(({ vcpu }) => vcpu === index);
    return [String(index), formatPercent(ratio), formatPercent(stealRatio), pin === undefined ? "any" : cpuList(pin.cpus)];
  });
  return ["", ...tableLines([{ title: "VCPU", align: "right" }, { title: "RUN%", align: "right" }, { title: "STEAL%", align: "right" }, { title: "ON" }], rows), "Steal is a vCPU's run delay: ready to run, and no CPU for it; what the limit stopped is left out."];
}
