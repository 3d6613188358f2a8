// `quetzal memory ls`: the memory of VMs, a row each: what each may have, has, and takes of its host.
import { graphql } from "../../client/document.js";
import type { ResultOf } from "../../client/document.js";
import { UNKNOWN, formatBytes, sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import type { ListColumn, ListFlags, Listing } from "../output/listing.js";
import { printList } from "../output/print.js";
import { everyVm, queryOf } from "../vm/select.js";
import type { Selector } from "../vm/select.js";
import { stateColour, stateSymbol } from "../vm/state.js";

const MEMORY_VM = graphql(`
  fragment MemoryVm on Vm {
    id name state memoryBytes
    host { id name }
    room { balloonTargetBytes balloonFloorBytes memoryTargetBytes memoryMaxBytes vcpusTarget vcpusMax }
    memoryPolicy { floorBytes ceilingBytes maxBytes shares control sharingDomain }
    latest {
      time guestTotalBytes guestAvailableBytes guestFreeBytes guestCacheBytes guestUpdatedAt balloonActualBytes pluggedBytes rssBytes pssBytes swapBytes ksmMergedBytes ksmProfitBytes
      majorFaultsPerSecond guestRam { sizeBytes residentBytes sharedBytes swappedBytes overheadBytes }
    }
    memoryCompression { originalBytes storedBytes ratio refaultsPerSecond }
  }
`);
const MEMORY_LIST = graphql(
  `query MemoryList($first: Int!, $after: String, $filter: VmFilter) {
    vms(first: $first, after: $after, filter: $filter, sort: { field: NAME }) { nodes { ...MemoryVm } pageInfo { hasNextPage endCursor } }
  }`,
  [MEMORY_VM],
);

type MemoryVm = ResultOf<typeof MEMORY_VM>;

function size(name: string, title: string, of: (vm: MemoryVm) => number | null | undefined, shown?: "wide"): ListColumn<MemoryVm> {
  const value = (vm: MemoryVm): number | null => of(vm) ?? null;
  return { name, title, ...(shown === undefined ? {} : { shown }), align: "right", value, cell: (vm) => formatBytes(value(vm)) };
}

export const MEMORY_LISTING: Listing<MemoryVm> = {
  name: ({ id }) => id,
  empty: "No VM matches.",
  columns: [
    { name: "id", title: "  ID", value: ({ id }) => id, cell: (vm, { characters }) => `${stateSymbol(vm.state, characters)} ${sanitise(vm.id)}`, colour: ({ state }) => stateColour(state) },
    size("memory", "DEFINED", ({ memoryBytes }) => memoryBytes, "wide"),
    size("size", "SIZE", ({ room, memoryBytes }) => room?.memoryTargetBytes ?? memoryBytes),
    size("max", "MAX", ({ memoryPolicy }) => memoryPolicy.maxBytes, "wide"),
    size("balloon", "HAS", ({ latest }) => latest?.balloonActualBytes),
    size("target", "TARGET", ({ room }) => room?.balloonTargetBytes),
    { ...size("floor", "FLOOR", ({ memoryPolicy }) => memoryPolicy.floorBytes), alias: "memory.floor" },
    size("ceiling", "CEILING", ({ memoryPolicy }) => memoryPolicy.ceilingBytes, "wide"),
    size("guest.available", "AVAILABLE", ({ latest }) => latest?.guestAvailableBytes),
    size("guest.cache", "CACHE", ({ latest }) => latest?.guestCacheBytes, "wide"),
    size("resident", "RESIDENT", ({ latest }) => latest?.guestRam?.residentBytes),
    size("shared", "SHARED", ({ latest }) => latest?.guestRam?.sharedBytes),
    size("swapped", "SWAPPED", ({ latest }) => latest?.guestRam?.swappedBytes),
    size("compressed", "COMPRESSED", ({ memoryCompression }) => memoryCompression?.originalBytes, "wide"),
    size("stored", "STORED", ({ memoryCompression }) => memoryCompression?.storedBytes, "wide"),
    { name: "ratio", shown: "wide", align: "right", value: ({ memoryCompression }) => memoryCompression?.ratio ?? null, cell: ({ memoryCompression }) => memoryCompression?.ratio?.toFixed(1) ?? UNKNOWN },
    { name: "refaults", title: "REFAULTS/S", shown: "wide", align: "right", value: ({ memoryCompression }) => memoryCompression?.refaultsPerSecond ?? null, cell: ({ memoryCompression }) => memoryCompression?.refaultsPerSecond?.toFixed(1) ?? UNKNOWN },
    size("overhead", "OVERHEAD", ({ latest }) => latest?.guestRam?.overheadBytes, "wide"),
    size("pss", "PSS", ({ latest }) => latest?.pssBytes, "wide"),
    { name: "control", alias: "memory.control", value: ({ memoryPolicy }) => memoryPolicy.control.toLowerCase(), cell: ({ memoryPolicy }) => memoryPolicy.control.toLowerCase() },
    { name: "shares", shown: "wide", align: "right", value: ({ memoryPolicy }) => memoryPolicy.shares, cell: ({ memoryPolicy }) => String(memoryPolicy.shares) },
    { name: "domain", shown: "wide", value: ({ memoryPolicy }) => memoryPolicy.sharingDomain, cell: ({ memoryPolicy }) => sanitise(memoryPolicy.sharingDomain) },
    { name: "host", shown: "wide", value: ({ host }) => host.name, cell: ({ host }) => sanitise(host.name || UNKNOWN) },
  ],
};

export async function listMemory(context: CommandContext, options: Selector & ListFlags): Promise<void> {
  await printList(context, MEMORY_LISTING, await everyVm(context.client(), MEMORY_LIST, queryOf(options), context.signal), options);
}
