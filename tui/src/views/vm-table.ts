// The table of VMs: heads, rows, the chosen one. What stands in a column is vm-columns.ts's business.
import { marksText } from "../store/marks.js";
import type { Vm } from "../store/model.js";
import { isStale, visibleVms } from "../store/select.js";
import type { SortColumn, State } from "../store/state.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { UNKNOWN, cut } from "./format.js";
import { nameNeedsOf } from "./names.js";
import { DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { emptyTextThen } from "./past-words.js";
import { STATE_ROLES } from "./theme.js";
import { fittingColumns } from "./vm-columns.js";
import type { Column, RowSource } from "./vm-columns.js";
import { padCells } from "../width.js";

/** First row shown so that the chosen one stays in sight, in the middle where there are rows on both sides. */
export function firstRow(chosen: number, rows: number, total: number): number {
  return Math.max(0, Math.min(chosen - Math.floor(rows / 2), total - rows));
}

/** Its rule and its column heads. */
export const TABLE_HEAD_ROWS = 2;

export function vmTable(p: Painter, rect: Rect): void {
  const { frame, theme, state } = p;
  const rows = visibleVms(state);
  const { sort, filter } = state.ui;
  const chosen = Math.max(0, rows.findIndex((vm) => vm.id === state.ui.selectedVmId));
  const arrow = sort.direction === "descending" ? theme.sortDown : theme.sortUp;
  const marks = marksText(state) === "" ? "" : `${theme.mark} ${marksText(state)}, `;
  const remark = rows.length === 0 ? marks.replace(/, $/, "") : `${marks}${chosen + 1} of ${rows.length}${filter === "" ? "" : ` (all: ${state.vms.size})`}`;
  const scale = `CPU: ${state.ui.cpuScale === "core" ? "a core" : "the VM"} = 100 %`;
  const order = `by ${sortName(sort.column)} ${arrow}`;
  // Where there is little room, what hides rows is told before the scale.
  const titles = filter === "" ? ["VMs", scale, order] : ["VMs", order, `/${filter}`, scale];
  rule(p, { ...rect, height: 1 }, titles.join(` ${theme.rule} `), remark);
  const columns = fittingColumns(rect.width, state.ui.tableColumns, nameNeedsOf(state.vms));
  let x = rect.x + 3;
  for (const column of columns) {
    const title = column.title(theme, state.ui.cpuScale);
    const look = column.sort === sort.column ? style("text", "bold") : DIM;
    frame.put(x, rect.y + 1, column.align === "right" ? title.padStart(column.width) : title, look, column.width);
    if (column.sort !== undefined) frame.clickable({ x, y: rect.y + 1, width: column.width, height: 1 }, { kind: "sort", column: column.sort });
    x += column.width + 1;
  }
  const shown = rect.height - TABLE_HEAD_ROWS;
  if (rows.length === 0) {
    frame.put(rect.x + 3, rect.y + 2, cut(emptyText(state), rect.width - 4, theme.ellipsis), DIM);
    return;
  }
  const first = firstRow(chosen, shown, rows.length);
  rows.slice(first, first + shown).forEach((vm, index) => {
    row(p, rect, rect.y + 2 + index, vm, columns);
    frame.clickable({ ...rect, y: rect.y + 2 + index, height: 1 }, { kind: "vm", vmId: vm.id });
    if (first + index === chosen) frame.invert(rect.x + 2, rect.y + 2 + index, rect.width - 2);
  });
}

const SORT_NAMES: Record<SortColumn, string> = {
  name: "name", state: "state", cpu: "CPU", memory: "memory", disk: "disk", rx: "net in", tx: "net out", age: "age",
};
export function sortName(column: SortColumn): string {
  return SORT_NAMES[column];
}

function emptyText(state: State): string {
  const then = emptyTextThen(state);
  if (then !== null) return then;
  if (!state.vmsKnown) return "Waiting for the first list of VMs.";
  const { filter } = state.ui;
  // What is shown is what the last text found that was a filter.
  if (state.vms.size > 0) return state.matches.fault === null ? `No VM matches /${filter}. Esc clears the filter.` : `/${filter} is no filter yet. Esc clears it.`;
  return "No VM is defined. n makes one; quetzal apply FOLDER takes a folder's.";
}

function row(p: Painter, rect: Rect, y: number, vm: Vm, columns: readonly Column[]): void {
  const { frame, theme, state } = p;
  const source: RowSource = { vm, sample: state.samples.get(vm.id) ?? null, state, theme };
  const chosen = vm.id === state.ui.selectedVmId;
  const faded = isStale(state) || vm.state === "STOPPED" || vm.state === "DEFINED";
  if (state.ui.marks.has(vm.id)) frame.put(rect.x, y, theme.mark, style("mark", "bold"));
  frame.put(rect.x + 1, y, theme.states[vm.state], style(STATE_ROLES[vm.state]));
  // What asks for something comes before what only holds; the VM's page tells both.
  if (vm.restartRequired) frame.put(rect.x + 2, y, theme.restart, style("attention"));
  else if (vm.protected) frame.put(rect.x + 2, y, theme.guarded, DIM);
  let x = rect.x + 3;
  for (const column of columns) {
    const text = (column.cut ?? cut)(column.text(source), column.width, theme.ellipsis);
    const look = chosen ? TEXT : (column.look?.(source) ?? (faded || text === UNKNOWN ? DIM : TEXT));
    frame.put(x, y, column.align === "right" ? padCells(text, column.width, "right") : text, look, column.width);
    x += column.width + 1;
  }
}
