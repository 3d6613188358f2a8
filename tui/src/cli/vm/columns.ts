// What a list of VMs shows of each: the document and the columns. Columns bear the names of the filter language's fields.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { UNKNOWN, formatAge, formatByteRate, formatBytes, formatLatency, formatPercent, sanitise } from "../../format.js";
import { guestUsedBytes } from "../../guest-memory.js";
import type { ListColumn, Listing } from "../output/listing.js";
import { stateColour, stateSymbol } from "./state.js";

export const LISTED_VM = graphql(`
  fragment ListedVm on Vm {
    id name state stateSince startedAt vcpus memoryBytes accelerator protected autostart restartRequired
    host { id name }
    labels { key value }
    latest {
      time cpuRatio stealRatio memoryConfiguredBytes pluggedBytes guestTotalBytes guestAvailableBytes balloonActualBytes rssBytes pssBytes diskLatencySeconds
      diskReadBytesPerSecond diskWriteBytesPerSecond networkRxBytesPerSecond networkTxBytesPerSecond networkDropsPerSecond
    }
  }
`);
export const VM_LIST = graphql(
  `query VmList($first: Int!, $after: String, $filter: VmFilter) {
    vms(first: $first, after: $after, filter: $filter, sort: { field: NAME }) { nodes { ...ListedVm } pageInfo { hasNextPage endCursor } }
  }`,
  [LISTED_VM],
);

export type ListedVm = ResultOf<typeof LISTED_VM>;
type Sample = NonNullable<ListedVm["latest"]>;
type Shown = ListColumn<ListedVm>["shown"];
type Column = ListColumn<ListedVm>;

type Figure = (sample: Sample) => number | null;

/** A figure of the newest sample; unknown while there is none. */
function figure(name: string, title: string, shown: Shown, format: (value: number | null) => string, of: Figure): Column {
  const value = (vm: ListedVm): number | null => (vm.latest === null ? null : of(vm.latest));
  return { name, title, ...(shown === undefined ? {} : { shown }), align: "right", value, cell: (vm) => format(value(vm)) };
}

function text(name: string, shown: Shown, of: (vm: ListedVm) => string | null): Column {
  return { name, ...(shown === undefined ? {} : { shown }), value: of, cell: (vm) => sanitise(of(vm) ?? UNKNOWN) };
}

function flag(name: string, of: (vm: ListedVm) => boolean): Column {
  return { name, shown: "wide", value: of, cell: (vm) => (of(vm) ? "yes" : "no") };
}

/** Unknown when either is. */
function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

export const VM_LISTING: Listing<ListedVm> = {
  name: ({ id }) => id,
  empty: "There is no VM. Define some with 'quetzal apply PATH' or 'quetzal vm create'.",
  columns: [
    { name: "id", title: "  ID", value: ({ id }) => id, cell: (vm, { characters }) => `${stateSymbol(vm.state, characters)} ${sanitise(vm.id)}` },
    { name: "state", value: ({ state }) => state.toLowerCase(), cell: ({ state }) => state.toLowerCase(), colour: ({ state }) => stateColour(state) },
    figure("cpu", "CPU%", undefined, formatPercent, (sample) => sample.cpuRatio),
    figure("steal", "STEAL%", "wide", formatPercent, (sample) => sample.stealRatio),
    figure("guest.used", "GUEST", undefined, formatBytes, guestUsedBytes),
    figure("guest.available", "AVAILABLE", "wide", formatBytes, (sample) => sample.guestAvailableBytes),
    { name: "memory", align: "right", value: ({ memoryBytes }) => memoryBytes, cell: ({ memoryBytes }) => formatBytes(memoryBytes) },
    figure("balloon", "BALLOON", "wide", formatBytes, (sample) => sample.balloonActualBytes),
    figure("rss", "RSS", "wide", formatBytes, (sample) => sample.rssBytes),
    figure("pss", "PSS", "wide", formatBytes, (sample) => sample.pssBytes),
    figure("disk", "DISK", undefined, formatByteRate, (sample) => sum(sample.diskReadBytesPerSecond, sample.diskWriteBytesPerSecond)),
    figure("disk.read", "READ", "wide", formatByteRate, (sample) => sample.diskReadBytesPerSecond),
    figure("disk.write", "WRITE", "wide", formatByteRate, (sample) => sample.diskWriteBytesPerSecond),
    figure("disk.latency", "LATENCY", "wide", formatLatency, (sample) => sample.diskLatencySeconds),
    figure("net.rx", "NET IN", undefined, formatByteRate, (sample) => sample.networkRxBytesPerSecond),
    figure("net.tx", "NET OUT", undefined, formatByteRate, (sample) => sample.networkTxBytesPerSecond),
    { name: "age", align: "right", value: ({ startedAt }) => startedAt, cell: ({ startedAt }, { nowMs }) => formatAge(startedAt, nowMs) },
    { name: "vcpus", shown: "wide", align: "right", value: ({ vcpus }) => vcpus, cell: ({ vcpus }) => String(vcpus) },
    text("host", "wide", ({ host }) => host.name),
    text("accelerator", "wide", ({ accelerator }) => accelerator),
    flag("protected", (vm) => vm.protected),
    flag("autostart", (vm) => vm.autostart),
    flag("restart", (vm) => vm.restartRequired),
    text("labels", "wide", ({ labels }) => labels.map(({ key, value }) => (value === "" ? key : `${key}=${value}`)).join(" ")),
    // Names get a column only where one says more than its id.
    text("name", (vms) => vms.some((vm) => vm.name !== vm.id), (vm) => vm.name),
  ],
};
