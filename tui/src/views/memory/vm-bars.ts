// The VMs of the memory page: one bar each in the scale of the largest, with what it costs, saves, is given and asked for.
import { bytesOf, costBytes, memoryRows, roomOf, savedBytes } from "../../store/memory.js";
import type { MemoryBreakdown } from "../../store/memory.js";
import type { Vm } from "../../store/model.js";
import { padCells } from "../../width.js";
import { style } from "../frame.js";
import type { Rect } from "../frame.js";
import { UNKNOWN, bytes, cut } from "../format.js";
import { NAME_LEAST_CELLS, cutName, nameCells, nameNeedsOf } from "../names.js";
import type { NameNeeds } from "../names.js";
import { BOLD, DIM, TEXT, parts, rule } from "../painter.js";
import type { Painter } from "../painter.js";
import { UNKEPT, emptyTextThen, whyNoMemoryThen } from "../past-words.js";
import { STATE_ROLES } from "../theme.js";
import { firstRow } from "../vm-table.js";
import { stackedBar } from "./stack.js";

interface Column { title: string; cells: number; text: (p: Painter, vm: Vm, breakdown: MemoryBreakdown | null) => string }

const ALWAYS: readonly Column[] = [
  { title: "COST", cells: 6, text: (_, __, breakdown) => bytes(costBytes(breakdown)) },
  { title: "SAVED", cells: 6, text: (_, __, breakdown) => bytes(savedBytes(breakdown)) },
  { title: "TARGET", cells: 6, text: (p, vm, breakdown) => (p.state.past.at !== null && breakdown !== null ? UNKEPT : bytes(roomOf(p.state, vm)?.balloonTargetBytes)) },
  { title: "OF", cells: 6, text: (p, vm, breakdown) => bytes(roomOf(p.state, vm)?.memoryTargetBytes ?? givenBytes(breakdown) ?? vm.memoryBytes) },
];
const WIDE: readonly Column[] = [
  { title: "FREE", cells: 6, text: (_, __, breakdown) => bytes(bytesOf(breakdown, "GUEST_FREE")) },
  { title: "SHARED", cells: 6, text: (_, __, breakdown) => bytes(bytesOf(breakdown, "SHARED")) },
  { title: "ZIP", cells: 6, text: (_, __, breakdown) => bytes(bytesOf(breakdown, "COMPRESSED", "SWAPPED")) },
  { title: "BALLOON", cells: 7, text: (_, __, breakdown) => bytes(bytesOf(breakdown, "BALLOONED")) },
];
const CONTROL: Column = { title: "CONTROL", cells: 9, text: ({ state }, { id }) => state.memory.vms.get(id)?.policy.control.toLowerCase() ?? UNKNOWN };

/** What its guest was given then: all that was mapped for it but room to grow. */
function givenBytes(breakdown: MemoryBreakdown | null): number | null {
  return breakdown === null ? null : breakdown.totalBytes - (bytesOf(breakdown, "UNPLUGGED", "OVERHEAD") ?? 0);
}

/** From these widths on names have more room, and more columns stand behind the bar. */
const LONG_NAME_CELLS = 100;
const MORE_COLUMNS_CELLS = 108;

interface Places { name: number; bar: number; columns: readonly Column[] }

function placesOf(width: number, names: NameNeeds): Places {
  const name = nameCells(names, width, width >= LONG_NAME_CELLS ? 20 : NAME_LEAST_CELLS);
  const columns = width >= MORE_COLUMNS_CELLS ? [...ALWAYS, ...WIDE, CONTROL] : [...ALWAYS, CONTROL];
  const rest = columns.reduce((sum, { cells }) => sum + cells + 1, 0);
  return { name, columns, bar: Math.max(8, width - 3 - name - 2 - rest) };
}

export function vmBars(p: Painter, rect: Rect): void {
  const { state, theme } = p;
  const rows = memoryRows(state);
  const { column, direction } = state.ui.memoryOrder;
  const index = rows.findIndex(({ id }) => id === state.ui.selectedVmId);
  rule(p, { ...rect, height: 1 }, `VMs by ${column} ${direction === "descending" ? theme.sortDown : theme.sortUp}`, rows.length === 0 ? "" : `${index + 1} of ${rows.length}`);
  if (rows.length === 0) {
    p.frame.put(rect.x + 2, rect.y + 1, cut(emptyTextThen(state) ?? (state.vmsKnown ? "No VM: n makes one." : "Asking the server."), rect.width - 3, theme.ellipsis), DIM);
    return;
  }
  const places = placesOf(rect.width, nameNeedsOf(state.vms));
  head(p, rect, places);
  const height = rect.height - 2;
  const first = firstRow(Math.max(0, index), height, rows.length);
  const shown = rows.slice(first, first + height);
  const largest = Math.max(...rows.map(({ id }) => sizeOf(state.memory.vms.get(id)?.breakdown ?? null)));
  shown.forEach((vm, row) => line(p, { ...rect, y: rect.y + 2 + row, height: 1 }, vm, places, largest));
}

/** What a bar shows: all but room to grow. */
function sizeOf(breakdown: MemoryBreakdown | null): number {
  return breakdown === null ? 0 : breakdown.totalBytes - (bytesOf(breakdown, "UNPLUGGED") ?? 0);
}

function head(p: Painter, rect: Rect, { name, bar, columns }: Places): void {
  let x = p.frame.put(rect.x + 3, rect.y + 1, `${"NAME".padEnd(name + 1)}${"WHERE IT IS".padEnd(bar)} `, DIM);
  for (const { title, cells } of columns) x = p.frame.put(x, rect.y + 1, ` ${title.padStart(cells)}`, DIM);
}

function line(p: Painter, rect: Rect, vm: Vm, { name, bar, columns }: Places, largest: number): void {
  const { frame, theme, state } = p;
  const breakdown = state.memory.vms.get(vm.id)?.breakdown ?? null;
  const isMarked = state.ui.marks.has(vm.id);
  let x = parts(p, rect.x, rect.y, [
    [isMarked ? theme.mark : " ", style("mark", "bold")], [`${theme.states[vm.state]} `, style(STATE_ROLES[vm.state])],
    [`${padCells(cutName(vm.label, name, theme.ellipsis), name)} `, BOLD],
  ]);
  if (breakdown === null) frame.put(x, rect.y, cut(state.past.at !== null && whyNoParts(vm) === NO_FIGURES ? whyNoMemoryThen(state, { kind: "vm", id: vm.id }, state.memory.vms.has(vm.id)) : whyNoParts(vm), bar, theme.ellipsis), DIM);
  else parts(p, x, rect.y, stackedBar(theme, Math.max(1, Math.min(bar, Math.round((sizeOf(breakdown) / Math.max(1, largest)) * bar))), breakdown), bar);
  x += bar + 1;
  for (const { cells, text } of columns) {
    const shown = text(p, vm, breakdown);
    x = frame.put(x, rect.y, ` ${shown.padStart(cells)}`, shown === UNKNOWN || shown === UNKEPT ? DIM : TEXT);
  }
  frame.clickable(rect, { kind: "vm", vmId: vm.id });
  if (vm.id === state.ui.selectedVmId) frame.invert(rect.x + 1, rect.y, rect.width - 2);
}

export const NO_FIGURES = "no figures yet";

/** Why a VM has no parts to show. */
export function whyNoParts({ state }: Vm): string {
  return state === "RUNNING" || state === "PAUSED" ? NO_FIGURES : state.toLowerCase();
}
