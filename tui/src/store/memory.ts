// Memory as it is shown: where a host's and its VMs' memory is, between which limits it moves, how a host shares,
// compresses and takes back, and what its controller decided. Pure; the figures are the server's, the order is ours.
import { selectedVm, visibleVms } from "./select.js";
import type { SortDirection, State } from "./state.js";
import type { Vm } from "./model.js";

/** Where memory is: of a VM up to OVERHEAD, of a host SHARED, COMPRESSED and those from VMS on. */
export const MEMORY_PARTS = [
  "GUEST_USED", "GUEST_CACHE", "GUEST_FREE", "SHARED", "COMPRESSED", "SWAPPED", "BALLOONED", "REPORTED_FREE", "UNPLUGGED", "OVERHEAD", "VMS", "PAGE_CACHE", "KERNEL", "OTHER", "FREE",
] as const;
export type MemoryPartKind = (typeof MEMORY_PARTS)[number];

export interface MemoryPart { kind: MemoryPartKind; bytes: number; description: string; source: string }

/** Parts and remainder add up to the total. */
export interface MemoryBreakdown {
  at: number;
  totalBytes: number;
  source: string;
  parts: readonly MemoryPart[];
  /** What no part explains; negative where figures of different moments overlap. */
  remainderBytes: number;
}

export const MEMORY_CONTROLS = ["OFF", "RECOMMEND", "ON"] as const;
export type MemoryControl = (typeof MEMORY_CONTROLS)[number];

/** Between which limits a running VM's memory and vCPUs move, and what was asked for last. */
export interface VmRoom {
  balloonTargetBytes: number;
  balloonFloorBytes: number;
  memoryTargetBytes: number;
  memoryMaxBytes: number;
  vcpusTarget: number;
  vcpusMax: number;
}

export interface MemoryPolicy { floorBytes: number; ceilingBytes: number; maxBytes: number; shares: number; control: MemoryControl; sharingDomain: string }

export interface CpuPolicy {
  weight: number;
  /** Null: no limit. */
  limitPercent: number | null;
  pins: readonly { vcpu: number; cpus: readonly number[] }[];
  /** Null: any. */
  emulatorCpus: readonly number[] | null;
  maxVcpus: number;
}

export interface MemoryDecision {
  time: number;
  vmId: string;
  action: "BALLOON" | "PAGE_OUT" | "ASK_FOR_ROOM";
  fromBytes: number;
  toBytes: number;
  reason: string;
  /** False: the VM's policy only wants to be told. */
  carriedOut: boolean;
  /** By how much QEMU's resident memory fell, measured later; null until then and where nothing was carried out. */
  effectBytes: number | null;
}

export type PressureState = "HIGH" | "SOFT" | "HARD" | "LOW";

export interface HostMemorySettings {
  ksm: { mode: "UNTOUCHED" | "TUNED" | "STOPPED" | "UNMERGED"; cpuBudgetPercent: number; activeDomain: string | null; reason: string; pagesPerScan: number; sleepMs: number; cpuUsedRatio: number | null };
  compression: { mode: "UNTOUCHED" | "ZRAM" | "ZSWAP"; sizeBytes: number; algorithm: string };
  controller: { enabled: boolean; idleTaxPercent: number; highPercent: number; softPercent: number; hardPercent: number; lowPercent: number };
  state: PressureState;
  thresholds: { highBytes: number; softBytes: number; hardBytes: number; lowBytes: number };
}

export interface HostMemory {
  hostId: string;
  /** Null while its daemon cannot be asked. */
  settings: HostMemorySettings | null;
  /** Null while its figures are not known. */
  breakdown: MemoryBreakdown | null;
  /** Newest first. */
  decisions: readonly MemoryDecision[];
}

export interface VmMemory {
  vmId: string;
  /** Null while it does not run, and for its first seconds. */
  breakdown: MemoryBreakdown | null;
  /** Null while it does not run. */
  room: VmRoom | null;
  policy: MemoryPolicy;
}

/** What is paged out to compressed memory; a null ratio: nothing is stored. */
export interface MemoryCompression { originalBytes: number; storedBytes: number; ratio: number | null }

/** What the page of one VM adds. */
export interface VmMemoryDetail extends VmMemory {
  /** Null while it does not run, and on a host that compresses nothing. */
  compression: MemoryCompression | null;
  cpuPolicy: CpuPolicy;
  decisions: readonly MemoryDecision[];
}

export interface Memory {
  /** The host asked about last. */
  host: HostMemory | null;
  vms: ReadonlyMap<string, VmMemory>;
  /** The VM whose page, or whose targets, are looked at. */
  detail: VmMemoryDetail | null;
  /** Why the last question was not answered; null when it was. */
  fault: string | null;
}

export const NO_MEMORY: Memory = { host: null, vms: new Map(), detail: null, fault: null };

export type MemoryAction =
  | { type: "memory"; host: HostMemory | null; vms: readonly VmMemory[] }
  | { type: "vmMemory"; detail: VmMemoryDetail }
  | { type: "memoryFault"; reason: string };

export const MEMORY_ACTIONS: ReadonlySet<string> = new Set<MemoryAction["type"]>(["memory", "vmMemory", "memoryFault"]);

export function reduceMemory(state: State, action: MemoryAction): State {
  const { memory } = state;
  switch (action.type) {
    case "memory":
      return { ...state, memory: { ...memory, host: action.host, vms: new Map(action.vms.map((vm) => [vm.vmId, vm])), fault: null } };
    case "vmMemory":
      return { ...state, memory: { ...memory, detail: action.detail, vms: new Map(memory.vms).set(action.detail.vmId, action.detail), fault: null } };
    case "memoryFault":
      return { ...state, memory: { ...memory, fault: action.reason } };
  }
}

/** The controller's newest decision that moved a VM's balloon, as far as it is shown; null: none is. */
export function newestBalloon({ memory: { host, detail } }: State, vmId: string): MemoryDecision | null {
  const shown = [...(host?.decisions ?? []), ...(detail?.decisions ?? [])].filter((one) => one.vmId === vmId && one.action === "BALLOON" && one.carriedOut);
  return shown.reduce<MemoryDecision | null>((newest, one) => (newest === null || one.time > newest.time ? one : newest), null);
}

/** Only of a VM that runs: limits and parts end with its power. */
export function roomOf(state: State, vm: Vm): VmRoom | null {
  return vm.state === "RUNNING" || vm.state === "PAUSED" ? (state.memory.vms.get(vm.id)?.room ?? null) : null;
}

export function detailOf({ memory }: State, vmId: string): VmMemoryDetail | null {
  return memory.detail?.vmId === vmId ? memory.detail : null;
}

export function bytesOf(breakdown: MemoryBreakdown | null, ...kinds: readonly MemoryPartKind[]): number | null {
  if (breakdown === null) return null;
  return breakdown.parts.reduce((sum, part) => sum + (kinds.includes(part.kind) ? part.bytes : 0), 0);
}

/** What a VM costs the host: memory that is resident and its alone, QEMU's own included. */
export function costBytes(breakdown: MemoryBreakdown | null): number | null {
  return bytesOf(breakdown, "GUEST_USED", "GUEST_CACHE", "GUEST_FREE", "OVERHEAD");
}

/** What its guest has and the host need not back with memory of its own. */
export function savedBytes(breakdown: MemoryBreakdown | null): number | null {
  return bytesOf(breakdown, "SHARED", "COMPRESSED", "SWAPPED", "BALLOONED", "REPORTED_FREE");
}

export const MEMORY_SORTS = ["cost", "saved", "free", "balloon", "name"] as const;
export type MemorySort = (typeof MEMORY_SORTS)[number];
export interface MemoryOrder { column: MemorySort; direction: SortDirection }
export const FIRST_MEMORY_ORDER: MemoryOrder = { column: "cost", direction: "descending" };

export function memorySortStep(order: MemoryOrder, step: 1 | -1): MemoryOrder {
  const column = MEMORY_SORTS[(MEMORY_SORTS.indexOf(order.column) + step + MEMORY_SORTS.length) % MEMORY_SORTS.length] ?? "cost";
  return { column, direction: column === "name" ? "ascending" : "descending" };
}

export function turned(direction: SortDirection): SortDirection {
  return direction === "ascending" ? "descending" : "ascending";
}

/** Unknown sorts below every known figure. */
function sortValue(breakdown: MemoryBreakdown | null, column: Exclude<MemorySort, "name">): number {
  switch (column) {
    case "cost": return costBytes(breakdown) ?? -1;
    case "saved": return savedBytes(breakdown) ?? -1;
    case "free": return bytesOf(breakdown, "GUEST_FREE") ?? -1;
    case "balloon": return bytesOf(breakdown, "BALLOONED") ?? -1;
  }
}

/** The VMs that the filter finds, in the order of the memory page; ties by name, so that equal rows never change places. */
export function memoryRows(state: State): Vm[] {
  const { column, direction } = state.ui.memoryOrder;
  const sign = direction === "ascending" ? 1 : -1;
  const byName = (a: Vm, b: Vm): number => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0);
  const rows = [...visibleVms(state)];
  if (column === "name") return rows.sort((a, b) => sign * byName(a, b));
  const value = ({ id }: Vm): number => sortValue(state.memory.vms.get(id)?.breakdown ?? null, column);
  return rows.sort((a, b) => sign * (value(a) - value(b)) || byName(a, b));
}

/** The row so many further on; null where there is none at all. */
export function memoryRowAt(state: State, by: number): Vm | null {
  const rows = memoryRows(state);
  const index = rows.findIndex(({ id }) => id === selectedVm(state)?.id);
  return rows[Math.max(0, Math.min(rows.length - 1, Math.max(index, 0) + by))] ?? null;
}
