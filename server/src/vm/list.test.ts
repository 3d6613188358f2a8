// Laws of listing VMs: what comes first, what is unknown, and pages that together are the whole list.
import { expect, it } from "vitest";
import fc from "fast-check";
import type { VmSample } from "../metrics/model.js";
import { pageOfVms, type VmFacts, type VmSortField } from "./list.js";
import { VM_STATES, type Vm } from "./model.js";

interface Row { readonly id: string; readonly name: string; readonly state: Vm["state"]; readonly startedAt: Date | null; readonly cpu: number | null; readonly rss: number | null; readonly read: number | null; readonly write: number | null; readonly rx: number | null }

const ROWS: readonly Row[] = [
  { id: "a", name: "web", state: "RUNNING", startedAt: new Date(3_000), cpu: 0.5, rss: 300, read: 1, write: null, rx: 9 },
  { id: "b", name: "db", state: "PAUSED", startedAt: new Date(1_000), cpu: 2, rss: 100, read: 5, write: 5, rx: null },
  { id: "c", name: "app", state: "STOPPED", startedAt: null, cpu: null, rss: null, read: null, write: null, rx: null },
  { id: "d", name: "db", state: "RUNNING", startedAt: new Date(2_000), cpu: 0, rss: 200, read: null, write: 0, rx: 4 },
];

function vms(rows: readonly Row[]): Vm[] {
  return rows.map(({ id, name, state, startedAt }) => ({ id, name, state, startedAt, hostId: "h", labels: [] }) as unknown as Vm);
}
function facts(rows: readonly Row[]): VmFacts {
  const samples = new Map(rows.map((row) => [row.id, { cpuRatio: row.cpu, rssBytes: row.rss, diskReadBytesPerSecond: row.read, diskWriteBytesPerSecond: row.write, networkRxBytesPerSecond: row.rx, networkTxBytesPerSecond: null } as VmSample]));
  return { latest: (id) => samples.get(id) ?? null, passes: () => () => true };
}
const ids = (field: VmSortField, order: "ASC" | "DESC"): string => pageOfVms(vms(ROWS), { sort: { field, order } }, facts(ROWS)).edges.map(({ node }) => node.id).join("");

it.each<[VmSortField, ascending: string, descending: string]>([
  ["NAME", "cbda", "abdc"],
  ["CPU", "dabc", "badc"],
  ["MEMORY", "bdac", "adbc"],
  ["DISK", "dabc", "badc"],
  ["NETWORK", "dabc", "adbc"],
  ["STARTED_AT", "bdac", "adbc"],
])("by %s: %s, descending %s, what is unknown last and equals by id", (field, ascending, descending) => {
  expect([ids(field, "ASC"), ids(field, "DESC")]).toEqual([ascending, descending]);
});

it("by STATE: in the order of the states", () => {
  const order = [...ROWS].sort((a, b) => VM_STATES.indexOf(a.state) - VM_STATES.indexOf(b.state) || (a.id < b.id ? -1 : 1));
  expect(ids("STATE", "ASC")).toBe(order.map(({ id }) => id).join(""));
});

const anyFigure = fc.option(fc.integer({ min: 0, max: 5 }), { nil: null });
const anyRow = fc.record({ name: fc.constantFrom("a", "b", "é", "Z"), state: fc.constantFrom(...VM_STATES), startedAt: fc.option(fc.date({ min: new Date(0), max: new Date(5), noInvalidDate: true }), { nil: null }), cpu: anyFigure, rss: anyFigure, read: anyFigure, write: anyFigure, rx: anyFigure });
const anyRows = fc.array(anyRow, { maxLength: 30 }).map((rows) => rows.map((row, at): Row => ({ ...row, id: `vm-${at}` })));
const anySort = fc.record({ field: fc.constantFrom<VmSortField>("NAME", "STATE", "CPU", "MEMORY", "DISK", "NETWORK", "STARTED_AT"), order: fc.constantFrom("ASC" as const, "DESC" as const) });

it("gives the same list in pages, forwards and backwards, and says where there is more", () => {
  fc.assert(fc.property(anyRows, anySort, fc.integer({ min: 1, max: 7 }), (rows, sort, size) => {
    const page = (args: Record<string, unknown>) => pageOfVms(vms(rows), { sort, ...args }, facts(rows));
    const whole = page({}).edges.map(({ node }) => node.id);
    expect([...whole].sort()).toEqual(rows.map(({ id }) => id).sort());
    const forwards: string[] = [];
    for (let after: string | undefined, more = true; more;) {
      const { edges, hasNextPage, hasPreviousPage, totalCount } = page({ first: size, after });
      expect([totalCount, hasPreviousPage]).toEqual([rows.length, forwards.length > 0]);
      forwards.push(...edges.map(({ node }) => node.id));
      expect(hasNextPage).toBe(forwards.length < rows.length);
      after = edges.at(-1)?.cursor;
      more = hasNextPage;
    }
    const backwards: string[] = [];
    for (let before: string | undefined, more = true; more;) {
      const { edges, hasPreviousPage } = page({ last: size, before });
      backwards.unshift(...edges.map(({ node }) => node.id));
      before = edges[0]?.cursor;
      more = hasPreviousPage;
    }
    expect([forwards, backwards]).toEqual([whole, whole]);
  }));
});
