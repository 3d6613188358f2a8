// What a list of VMs shows of each: the document and the columns. Columns bear the names of the filter language's fields
// (test/names.test.ts); disk, the sum of both, and accelerator are the list's own.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { UNKNOWN, formatAge, formatByteRate, formatBytes, formatLatency, formatPercent, formatRate, sanitise } from "../../format.js";
import { guestUsedBytes } from "../../guest-memory.js";
import type { ListColumn, Listing } from "../output/listing.js";
import { stateColour, stateSymbol } from "./state.js";

export const LISTED_VM = graphql(`
  fragment ListedVm on Vm {
    id name state stateSince startedAt vcpus memoryBytes accelerator protected autostart restartRequired
    host { id name }
    labels { key value }
    latest {
      time cpuRatio stealRatio throttledTimeRatio memoryConfiguredBytes pluggedBytes guestTotalBytes guestAvailableBytes balloonActualBytes rssBytes pssBytes swapBytes ksmMergedBytes
      guestMajorFaultsPerSecond diskLatencySeconds
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

function size(name: string, title: string, shown: Shown, of: (vm: ListedVm) => number): Column {
  return { name, title, ...(shown === undefined ? {} : { shown }), align: "right", value: of, cell: (vm) => formatBytes(of(vm)) };
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
    // Names get a column only where one says more than its id.
    text("name", (vms) => vms.some((vm) => vm.name !== vm.id), (vm) => vm.name),
    { name: "state", value: ({ state }) => state.toLowerCase(), cell: ({ state }) => state.toLowerCase(), colour: ({ state }) => stateColour(state) },
    figure("cpu", "CPU%", undefined, formatPercent, (sample) => sample.cpuRatio),
    figure("steal", "STEAL%", "wide", formatPercent, (sample) => sample.stealRatio),
    figure("throttled", "THROTTLED%", "wide", formatPercent, (sample) => sample.throttledTimeRatio),
    figure("guest.used", "GUEST", undefined, formatBytes, guestUsedBytes),
    figure("guest.available", "AVAILABLE", "wide", formatBytes, (sample) => sample.guestAvailableBytes),
    // What runs: an edited definition is in effect from the next start only, and is a column of its own.
    size("memory.configured", "CONF", undefined, ({ latest, memoryBytes }) => latest?.memoryConfiguredBytes ?? memoryBytes),
    size("memory", "DEFINED", "wide", ({ memoryBytes }) => memoryBytes),
    figure("balloon", "BALLOON", "wide", formatBytes, (sample) => sample.balloonActualBytes),
    figure("rss", "RSS", "wide", formatBytes, (sample) => sample.rssBytes),
    figure("pss", "PSS", "wide", formatBytes, (sample) => sample.pssBytes),
    figure("swap", "SWAP", "wide", formatBytes, (sample) => sample.swapBytes),
    figure("shared", "SHARED", "wide", formatBytes, (sample) => sample.ksmMergedBytes),
    figure("faults", "FAULTS", "wide", formatRate, (sample) => sample.guestMajorFaultsPerSecond),
    { ...figure("disk", "DISK", undefined, formatByteRate, (sample) => sum(sample.diskReadBytesPerSecond, sample.diskWriteBytesPerSecond)), yields: 1 },
    figure("disk.read", "READ", "wide", formatByteRate, (sample) => sample.diskReadBytesPerSecond),
    figure("disk.write", "WRITE", "wide", formatByteRate, (sample) => sample.diskWriteBytesPerSecond),
    figure("disk.latency", "LATENCY", "wide", formatLatency, (sample) => sample.diskLatencySeconds),
    { ...figure("net.rx", "NET IN", undefined, formatByteRate, (sample) => sample.networkRxBytesPerSecond), yields: 2 },
    { ...figure("net.tx", "NET OUT", undefined, formatByteRate, (sample) => sample.networkTxBytesPerSecond), yields: 3 },
    figure("net.drops", "DROPS", "wide", formatRate, (sample) => sample.networkDropsPerSecond),
    // As everywhere: how long it has been on, or else in its state.
    { name: "age", align: "right", value: ({ startedAt, stateSince }) => startedAt ?? stateSince, cell: ({ startedAt, stateSince }, { nowMs }) => formatAge(startedAt ?? stateSince, nowMs) },
    { name: "vcpus", shown: "wide", align: "right", value: ({ vcpus }) => vcpus, cell: ({ vcpus }) => String(vcpus) },
    text("host", "wide", ({ host }) => host.name),
    text("accelerator", "wide", ({ accelerator }) => accelerator),
    flag("protected", (vm) => vm.protected),
    flag("autostart", (vm) => vm.autostart),
    flag("restart", (vm) => vm.restartRequired),
    { ...text("labels", "wide", ({ labels }) => labels.map(({ key, value }) => (value === "" ? key : `${key}=${value}`)).join(" ")), alias: "label" },
  ],
};
