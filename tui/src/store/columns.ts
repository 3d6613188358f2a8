// The columns a table of VMs can have, by name, and how an order is written. What stands in them is the views' business.
import { SORT_COLUMNS } from "./state.js";
import type { SortColumn, SortDirection } from "./state.js";

export const COLUMN_IDS = [
  "name", "state", "cpu", "last", "steal", "throttled", "memory", "configured", "available", "rss", "balloon", "shared", "disk", "latency", "rx", "tx", "drops", "age", "vcpus", "on", "host", "id", "labels", "protected",
] as const;
export type ColumnId = (typeof COLUMN_IDS)[number];

/** What the table starts from where the person has not chosen: the columns that fit every screen. */
export const AUTOMATIC_COLUMNS: readonly ColumnId[] = ["name", "state", "cpu", "last", "memory", "disk", "rx", "tx", "age"];

export interface Sort { readonly column: SortColumn; readonly direction: SortDirection }

export const DEFAULT_SORT: Sort = { column: "cpu", direction: "descending" };

/** The filter language's names of columns whose own are shorter. */
const ALIASES: ReadonlyMap<string, ColumnId> = new Map([["guest.used", "memory"], ["memory.configured", "configured"], ["guest.available", "available"], ["disk.latency", "latency"], ["net.rx", "rx"], ["net.tx", "tx"], ["net.drops", "drops"], ["label", "labels"]]);

export function columnFrom(text: string): ColumnId | undefined {
  return ALIASES.get(text) ?? COLUMN_IDS.find((id) => id === text);
}

/** `cpu` in its natural direction, `-cpu` from the highest, `+cpu` from the lowest. Undefined: there is no such order. */
export function sortFrom(text: string): Sort | undefined {
  const [, sign, name] = /^([+-]?)(.*)$/.exec(text) ?? [];
  const wanted = ALIASES.get(name ?? "") ?? name;
  const column = SORT_COLUMNS.find((known) => known === wanted);
  if (column === undefined) return undefined;
  return { column, direction: sign === "-" ? "descending" : sign === "+" ? "ascending" : naturalDirection(column) };
}

/** The shortest text that sortFrom reads back. */
export function sortText({ column, direction }: Sort): string {
  if (naturalDirection(column) === direction) return column;
  return `${direction === "descending" ? "-" : "+"}${column}`;
}

/** Names and states read from the top; figures matter from the highest; age from the youngest. */
export function naturalDirection(column: SortColumn): SortDirection {
  return column === "name" || column === "state" ? "ascending" : "descending";
}
