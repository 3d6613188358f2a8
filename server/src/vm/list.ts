// Filtering, sorting and paging of VMs in memory. Pure. A page's cursor holds the sort key, so that a VM that moves or
// goes away between two pages neither repeats nor hides others; itself it may come twice, or not at all.
import { InvalidInput } from "../errors.js";
import type { VmSample } from "../metrics/model.js";
import { VM_STATES, type Vm, type VmState } from "./model.js";

export const MAX_PAGE_VMS = 1_000;

export type VmSortField = "NAME" | "STATE" | "CPU" | "MEMORY" | "DISK" | "NETWORK" | "STARTED_AT";
export interface VmFilter {
  readonly states?: readonly VmState[] | null;
  readonly search?: string | null;
  readonly hostId?: string | null;
  readonly labels?: readonly string[] | null;
  readonly where?: string | null;
}
export interface VmListArgs {
  readonly filter?: VmFilter | null;
  readonly sort?: { readonly field: VmSortField; readonly order: "ASC" | "DESC" } | null;
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}
export interface VmPage {
  readonly edges: readonly { readonly cursor: string; readonly node: Vm }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly totalCount: number;
}

type Key = string | number | null;
interface Keyed {
  readonly key: Key;
  readonly id: string;
}

/** What of a VM is not in itself: its newest sample, and whether it passes a filter of the filter language. */
export interface VmFacts {
  readonly latest: (id: string) => VmSample | null;
  readonly passes: (where: string) => (vm: Vm) => boolean;
}

/** Throws InvalidInput and FilterFault. */
export function pageOfVms(all: readonly Vm[], args: VmListArgs, { latest, passes }: VmFacts): VmPage {
  const direction = args.sort?.order === "DESC" ? -1 : 1;
  const field = args.sort?.field ?? "NAME";
  const passesWhere = args.filter?.where == null ? () => true : passes(args.filter.where);
  const rows = all
    .filter((vm) => matches(vm, args.filter ?? {}) && passesWhere(vm))
    .map((vm) => ({ vm, id: vm.id, key: sortKey(vm, field, latest) }))
    .sort((a, b) => compare(a, b, direction));
  const after = args.after == null ? null : parseCursor(args.after, "after");
  const before = args.before == null ? null : parseCursor(args.before, "before");
  let start = after === null ? 0 : firstIndex(rows, (row) => compare(row, after, direction) > 0);
  let end = before === null ? rows.length : firstIndex(rows, (row) => compare(row, before, direction) >= 0);
  end = Math.max(start, end);
  if (args.last != null && args.first == null) start = Math.max(start, end - size(args.last, "last"));
  else end = Math.min(end, start + size(args.first ?? MAX_PAGE_VMS, "first"));
  return {
    edges: rows.slice(start, end).map((row) => ({ cursor: makeCursor(row), node: row.vm })),
    hasNextPage: end < rows.length,
    hasPreviousPage: start > 0,
    totalCount: rows.length,
  };
}

function size(count: number, field: string): number {
  if (count < 0 || count > MAX_PAGE_VMS) throw new InvalidInput(`A page has 0 to ${MAX_PAGE_VMS} VMs, not ${count}; ask for the next page with the endCursor.`, field);
  return count;
}

function matches(vm: Vm, filter: VmFilter): boolean {
  if (filter.states != null && !filter.states.includes(vm.state)) return false;
  if (filter.hostId != null && vm.hostId !== filter.hostId) return false;
  if (filter.search != null) {
    const part = filter.search.toLowerCase();
    if (!vm.id.toLowerCase().includes(part) && !vm.name.toLowerCase().includes(part)) return false;
  }
  return (filter.labels ?? []).every((wanted) => vm.labels.some(({ key, value }) => wanted === key || wanted === `${key}=${value}`));
}

function sortKey(vm: Vm, field: VmSortField, latest: (id: string) => VmSample | null): Key {
  const sum = (a: number | null | undefined, b: number | null | undefined) => (a == null && b == null ? null : (a ?? 0) + (b ?? 0));
  switch (field) {
    case "NAME": return vm.name;
    case "STATE": return VM_STATES.indexOf(vm.state);
    case "STARTED_AT": return vm.startedAt?.getTime() ?? null;
    case "CPU": return latest(vm.id)?.cpuRatio ?? null;
    case "MEMORY": return latest(vm.id)?.rssBytes ?? null;
    case "DISK": return sum(latest(vm.id)?.diskReadBytesPerSecond, latest(vm.id)?.diskWriteBytesPerSecond);
    case "NETWORK": return sum(latest(vm.id)?.networkRxBytesPerSecond, latest(vm.id)?.networkTxBytesPerSecond);
  }
}

/** Unknown comes last in either direction; equals are ordered by id. */
function compare(a: Keyed, b: Keyed, direction: 1 | -1): number {
  if (a.key !== b.key) {
    if (a.key === null) return 1;
    if (b.key === null) return -1;
    if (a.key < b.key) return -direction;
    if (a.key > b.key) return direction;
  }
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function firstIndex<T>(rows: readonly T[], test: (row: T) => boolean): number {
  const index = rows.findIndex(test);
  return index < 0 ? rows.length : index;
}

function makeCursor({ key, id }: Keyed): string {
  return Buffer.from(JSON.stringify([key, id])).toString("base64url");
}

function parseCursor(cursor: string, field: string): Keyed {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (Array.isArray(parsed) && parsed.length === 2) {
      const [key, id] = parsed as [unknown, unknown];
      if (typeof id === "string" && (key === null || typeof key === "string" || typeof key === "number")) return { key, id };
    }
  } catch {
    // Not JSON: none of ours, as said below.
  }
  throw new InvalidInput(`The cursor ${JSON.stringify(cursor.slice(0, 60))} is none of ours; give one of an earlier page.`, field);
}
