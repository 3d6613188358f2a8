// How much room the names of VMs get where several stand below each other, so that they are told apart. Pure.
import type { Vm } from "../store/model.js";
import { cellsOf, cutCellsInside } from "../width.js";

/** Longest name that gets room of its own: a VM's name holds 64 characters, few use more than this. */
export const NAME_MOST_CELLS = 32;
/** Least that a name gets anywhere, and the steps in which it gets more. */
export const NAME_LEAST_CELLS = 12;
const STEP_CELLS = 4;

export interface NameNeeds {
  /** Cells in which each is another than all others, though it may be cut. */
  readonly told: number;
  /** Cells in which none is cut, up to the most. */
  readonly whole: number;
}

/** A name is cut in its middle: what differs stands at either end. */
export function cutName(name: string, cells: number, mark: string): string {
  return cutCellsInside(name, cells, mark);
}

export function nameNeeds(names: Iterable<string>): NameNeeds {
  const long = new Set<string>();
  let whole = NAME_LEAST_CELLS;
  for (const name of names) {
    const cells = cellsOf(name);
    if (cells <= NAME_LEAST_CELLS) continue;
    long.add(name);
    whole = Math.max(whole, Math.min(cells, NAME_MOST_CELLS));
  }
  const toldAt = (cells: number): number => new Set(Array.from(long, (name) => cutName(name, cells, "~"))).size;
  // Some differ beyond the most alone.
  const most = toldAt(whole);
  let told = NAME_LEAST_CELLS;
  while (told < whole && toldAt(told) < most) told = Math.min(whole, told + STEP_CELLS);
  return { told, whole };
}

/** Of all VMs, whichever are shown: a filter moves no column. Worked out once for each list of VMs. */
export function nameNeedsOf(vms: ReadonlyMap<string, Vm>): NameNeeds {
  const before = known.get(vms);
  if (before !== undefined) return before;
  const needs = nameNeeds(Array.from(vms.values(), ({ label }) => label));
  known.set(vms, needs);
  return needs;
}
const known = new WeakMap<ReadonlyMap<string, Vm>, NameNeeds>();

/** From this width on a line has room for whole names. */
const WHOLE_FROM_CELLS = 100;
/** Most that a name takes of a narrower line. */
const NARROW_MOST_CELLS = 24;

/** Cells for the name at the start of a line so wide: as wide as told apart on a narrow one, whole on a wide one. */
export function nameCells({ told, whole }: NameNeeds, lineCells: number, least = NAME_LEAST_CELLS): number {
  return Math.max(least, lineCells >= WHOLE_FROM_CELLS ? whole : Math.min(told, NARROW_MOST_CELLS));
}
