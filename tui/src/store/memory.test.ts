// Where memory is, in the store: what is kept of what was asked, the order of the memory page, and what a VM costs.
import { describe, expect, it } from "vitest";
import { costBytes, memoryRows, roomOf, savedBytes } from "./memory.js";
import type { HostMemory, MemoryBreakdown, MemoryPartKind, VmMemory } from "./memory.js";
import { reduce } from "./reduce.js";
import { selectedVm } from "./select.js";
import type { State } from "./state.js";
import { stateWith, vm } from "./testing.js";

const MIB = 1024 ** 2;

function breakdown(parts: Partial<Record<MemoryPartKind, number>>): MemoryBreakdown {
  const shown = Object.entries(parts).map(([kind, mib]) => ({ kind: kind as MemoryPartKind, bytes: mib * MIB, description: "", source: "" }));
  return { at: 0, totalBytes: shown.reduce((sum, { bytes }) => sum + bytes, 0), source: "", parts: shown, remainderBytes: 0 };
}

function memory(vmId: string, parts: Partial<Record<MemoryPartKind, number>> | null): VmMemory {
  return {
    vmId, breakdown: parts === null ? null : breakdown(parts),
    room: { balloonTargetBytes: 200 * MIB, balloonFloorBytes: 128 * MIB, memoryTargetBytes: 256 * MIB, memoryMaxBytes: 512 * MIB, vcpusTarget: 1, vcpusMax: 4 },
    policy: { floorBytes: 128 * MIB, ceilingBytes: 256 * MIB, maxBytes: 512 * MIB, shares: 1_000, control: "OFF", sharingDomain: "default" },
  };
}

const HOST: HostMemory = { hostId: "lab1", settings: null, breakdown: null, decisions: [] };
const fleet = reduce(stateWith(["a", "b", "c", "off"].map((id) => vm({ id, state: id === "off" ? "STOPPED" : "RUNNING" }))), {
  type: "memory", host: HOST,
  vms: [
    memory("a", { GUEST_USED: 100, GUEST_CACHE: 20, GUEST_FREE: 5, SHARED: 30, OVERHEAD: 10 }),
    memory("b", { GUEST_USED: 150, GUEST_FREE: 40, BALLOONED: 60, UNPLUGGED: 256, OVERHEAD: 10 }),
    memory("c", { GUEST_USED: 100, COMPRESSED: 8, SWAPPED: 2, REPORTED_FREE: 100, OVERHEAD: 10 }),
  ],
});
const onPage = (state: State): State => reduce(state, { type: "open", page: "memory" });
const ids = (state: State): string => memoryRows(state).map(({ id }) => id).join(" ");

describe("what a VM costs and saves", () => {
  it("is what is resident of it alone with QEMU's own, and what its guest has without that", () => {
    const of = (id: string): (number | null)[] => [costBytes, savedBytes].map((ask) => ask(fleet.memory.vms.get(id)?.breakdown ?? null)).map((bytes) => (bytes === null ? null : bytes / MIB));
    expect([of("a"), of("b"), of("c"), of("off")]).toEqual([[135, 30], [200, 60], [110, 110], [null, null]]);
  });
});

describe("the order of the memory page", () => {
  it.each([["cost", "b a c off"], ["saved", "c b a off"], ["free", "b a c off"], ["balloon", "b a c off"], ["name", "a b c off"]] as const)("by %s is %s, what is unknown last", (column, order) => {
    let state = onPage(fleet);
    while (state.ui.memoryOrder.column !== column) state = reduce(state, { type: "sortStep", step: 1 });
    expect(ids(state)).toBe(order);
    expect(ids(reduce(state, { type: "sortReverse" })).split(" ").toSorted()).toEqual(["a", "b", "c", "off"]);
  });

  it("is the memory page's alone, and the table's its own", () => {
    const turned = reduce(onPage(fleet), { type: "sortStep", step: 1 });
    expect([turned.ui.sort, turned.ui.memoryOrder.column]).toEqual([fleet.ui.sort, "saved"]);
    const back = reduce(reduce(turned, { type: "back" }), { type: "sortStep", step: 1 });
    expect([back.ui.sort.column, back.ui.memoryOrder.column]).toEqual(["memory", "saved"]);
  });

  it("is walked by the arrows, and Enter opens the VM's memory", () => {
    const first = reduce(onPage(fleet), { type: "moveTo", edge: "first" });
    expect(selectedVm(first)?.id).toBe("b");
    const next = reduce(first, { type: "move", by: 1 });
    expect(selectedVm(next)?.id).toBe("a");
    const opened = reduce(next, { type: "enter" });
    expect([opened.ui.pages.at(-1), opened.ui.tab, selectedVm(opened)?.id]).toEqual(["vm", "memory", "a"]);
    expect(reduce(opened, { type: "back" }).ui.pages.at(-1)).toBe("memory");
  });
});

describe("limits", () => {
  it("are known only of a VM that runs", () => {
    const stopped = reduce(fleet, { type: "vmChanged", id: "a", vm: vm({ id: "a", state: "STOPPED", generation: 2n }), sample: null });
    const of = (state: State, id: string): number | undefined => roomOf(state, state.vms.get(id) ?? vm({}))?.balloonFloorBytes;
    expect([of(fleet, "a"), of(stopped, "a")]).toEqual([128 * MIB, undefined]);
  });

  it("of one VM come with its page, and a fault stands until the next answer", () => {
    const wider = { ...memory("a", null), room: { ...memory("a", null).room as NonNullable<VmMemory["room"]>, vcpusMax: 8 } };
    const cpuPolicy = { weight: 100, limitPercent: null, pins: [], emulatorCpus: null, maxVcpus: 8 };
    const failed = reduce(fleet, { type: "memoryFault", reason: "gone" });
    expect(failed.memory).toMatchObject({ fault: "gone", host: HOST });
    const known = reduce(failed, { type: "vmMemory", detail: { ...wider, compression: null, cpuPolicy, decisions: [] } });
    expect([known.memory.fault, known.memory.vms.get("a")?.room?.vcpusMax, known.memory.vms.size]).toEqual([null, 8, 3]);
  });
});
