// The last lines of a VM's console, to read only: a screen's worth that `c` opens for writing.
import { isAlive } from "./vm-plots.js";
import type { Vm } from "../store/model.js";
import type { Rect } from "./frame.js";
import { cut } from "./format.js";
import { DIM, TEXT, rule } from "./painter.js";
import type { Painter } from "./painter.js";

/** What stands in its place while the past is looked at. */
export const CONSOLE_OF_NOW = "The console is told of now alone; 0 goes back to now.";

export function vmConsole(p: Painter, vm: Vm, rect: Rect): void {
  rule(p, { ...rect, height: 1 }, isAlive(vm) ? "console, last lines" : "console, last lines before the end", isAlive(vm) ? "read only; c opens it" : "");
  consoleLines(p, vm, { ...rect, x: rect.x + 1, y: rect.y + 1, width: rect.width - 1, height: rect.height - 1 });
}

/** The newest lines that fit, at the bottom of a longer text and at the top of a shorter one. */
export function consoleLines(p: Painter, vm: Vm, rect: Rect): void {
  if (p.state.past.at !== null) {
    p.frame.put(rect.x, rect.y, cut(CONSOLE_OF_NOW, rect.width - 1, p.theme.ellipsis), DIM);
    return;
  }
  const tail = p.state.consoleTail?.vmId === vm.id ? p.state.consoleTail : null;
  const note = isAlive(vm) ? (tail === null ? whyNone(vm) : tail.closed) : whyNone(vm);
  const lines = isAlive(vm) ? (tail?.lines ?? []) : crashTail(p, vm);
  const room = rect.height - (note === null || lines.length === 0 ? 0 : 1);
  const shown = lines.slice(-room);
  shown.forEach((line, row) => p.frame.put(rect.x, rect.y + row, cut(line, rect.width - 1, p.theme.ellipsis), TEXT));
  const remark = note ?? (lines.length === 0 ? "Nothing has been written yet." : null);
  if (remark !== null) p.frame.put(rect.x, rect.y + shown.length, cut(remark, rect.width - 1, p.theme.ellipsis), DIM);
}

function crashTail(p: Painter, vm: Vm): readonly string[] {
  return vm.state === "CRASHED" && p.state.vmRecord?.vmId === vm.id ? p.state.vmRecord.crashTail : [];
}

function whyNone(vm: Vm): string {
  return isAlive(vm) ? "Asking for the last lines." : `${vm.label} is ${vm.state.toLowerCase()}: no console is open.`;
}
