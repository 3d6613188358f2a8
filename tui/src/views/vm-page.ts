// The page of one VM: tabs of graphs, vCPUs, disks, network cards, its events and operations, and its definition.
import type { Vm } from "../store/model.js";
import { eventsOf, operationsOf, selectedVm, serverNow } from "../store/select.js";
import { VM_TABS } from "../store/state.js";
import type { VmTab } from "../store/state.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { UNKNOWN, bytes, count, cut, latency, longAge, percent, ratePerSecond } from "./format.js";
import { eventList, operationList, scrolled } from "./lists.js";
import { BOLD, DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { isUserNetwork, vmGraphGrid } from "./vm-graphs.js";

export function vmPage(p: Painter, rect: Rect): void {
  const vm = selectedVm(p.state);
  if (vm === null) {
    p.frame.put(rect.x + 2, rect.y + 1, "This VM is gone. Esc goes back.", DIM);
    return;
  }
  tabs(p, rect.y);
  facts(p, vm, rect.y + 1);
  const notes = warnings(p, vm);
  notes.forEach((note, index) => p.frame.put(1, rect.y + 2 + index, cut(`${p.theme.attention} ${note}`, rect.width - 2, p.theme.ellipsis), style("attention")));
  const used = 2 + notes.length;
  content(p, vm, { ...rect, y: rect.y + used, height: rect.height - used });
}

function tabs(p: Painter, y: number): void {
  const chosen = p.state.ui.tab;
  let x = 1;
  VM_TABS.forEach((tab, index) => {
    x = parts(p, x, y, [[`${index + 1}`, style("key")], [" ", TEXT], [tab, tab === chosen ? style("text", "bold", "underline") : DIM], ["  ", TEXT]]);
  });
}

function facts(p: Painter, vm: Vm, y: number): void {
  const on = vm.accelerator === null ? "" : ` on ${vm.accelerator}`;
  parts(p, 1, y, [
    [`${vm.vcpus} ${vm.vcpus === 1 ? "vCPU" : "vCPUs"}  ${bytes(vm.memoryBytes)}  ${vm.machine}${on}`, TEXT],
    vm.pid === null ? null : [`  pid ${vm.pid}`, DIM],
    vm.networkInUse === null ? null : ["  network ", DIM], vm.networkInUse === null ? null : [vm.networkInUse, TEXT],
    [vm.protected ? "  protected" : "", DIM], [vm.autostart ? "  autostart" : "", DIM],
  ], p.frame.width - 2);
}

function warnings(p: Painter, vm: Vm): string[] {
  const notes: string[] = [];
  if (vm.crashCause !== null) notes.push(`crashed ${longAge(serverNow(p.state) - vm.stateSince)} ago: ${vm.crashCause}`);
  if (vm.restartRequired) notes.push("the definition has changed; it takes effect at the next start");
  return notes;
}

function content(p: Painter, vm: Vm, rect: Rect): void {
  const tab: VmTab = p.state.ui.tab;
  const below: Rect = { ...rect, y: rect.y + 1, height: rect.height - 1 };
  switch (tab) {
    case "graphs":
      vmGraphGrid(p, vm, rect);
      return;
    case "cpu":
      rule(p, rect, "vCPUs");
      table(p, below, ["vCPU", "used % of a core", "steal %"], (p.state.details.get(vm.id)?.vcpus ?? []).map((vcpu) => [String(vcpu.index), percent(vcpu.ratio), percent(vcpu.stealRatio)]), notRunning(vm));
      return;
    case "disks":
      rule(p, rect, "disks");
      table(p, below, ["disk", "read", "write", "reads/s", "writes/s", "flush/s", "r wait", "w wait", "on host"], (p.state.details.get(vm.id)?.disks ?? []).map((disk) => [
        disk.name, ratePerSecond(disk.readBytesPerSecond), ratePerSecond(disk.writeBytesPerSecond), count(disk.readsPerSecond), count(disk.writesPerSecond),
        count(disk.flushesPerSecond), latency(disk.readLatencySeconds), latency(disk.writeLatencySeconds), bytes(disk.allocatedBytes),
      ]), notRunning(vm));
      return;
    case "net":
      rule(p, rect, `network${vm.networkInUse === null ? "" : `: ${vm.networkInUse}`}`);
      table(p, below, ["card", `in ${p.theme.down}`, `out ${p.theme.up}`, "packets in/s", "packets out/s", "drops/s"], (p.state.details.get(vm.id)?.nics ?? []).map((nic) => [
        nic.name, ratePerSecond(nic.rxBytesPerSecond), ratePerSecond(nic.txBytesPerSecond), count(nic.rxPacketsPerSecond), count(nic.txPacketsPerSecond), count(nic.dropsPerSecond),
      ]), isUserNetwork(vm) ? "User-mode networking has no counters on the host." : notRunning(vm));
      return;
    case "events":
      rule(p, rect, "events, newest first", "times in UTC");
      eventList(p, below, eventsOf(p.state, vm.id), "vm.events", "of one VM");
      return;
    case "operations": {
      rule(p, rect, "operations, newest first", "times in UTC");
      const operations = operationsOf(p.state, vm.id);
      operationList(p, below, operations, scrolled(p.state, "vm.operations", below.height, operations.length), null);
      return;
    }
    case "definition":
      definition(p, vm, rect, below);
  }
}

function notRunning(vm: Vm): string {
  return vm.state === "RUNNING" || vm.state === "PAUSED" ? "Waiting for the first sample." : `The VM is ${vm.state.toLowerCase()}; s starts it, and figures follow.`;
}

/** Cells of a column and between columns of a small table; nine columns fit into 80 cells. */
const COLUMN_LEAST = 6;
const COLUMN_GAP = 2;

function table(p: Painter, rect: Rect, heads: readonly string[], rows: readonly (readonly string[])[], whenEmpty: string): void {
  if (rows.length === 0) {
    p.frame.put(rect.x + 2, rect.y, whenEmpty, DIM, rect.width - 3);
    return;
  }
  const widths = heads.map((head, column) => Math.max(head.length, COLUMN_LEAST, ...rows.map((cells) => cells[column]?.length ?? 0)));
  const put = (y: number, cells: readonly string[], faded: boolean): void => {
    let x = rect.x + 2;
    cells.forEach((text, column) => {
      const width = widths[column] ?? 0;
      const look = faded || text === UNKNOWN ? DIM : column === 0 ? BOLD : TEXT;
      p.frame.put(x, y, column === 0 ? text.padEnd(width) : text.padStart(width), look, rect.x + rect.width - x);
      x += width + (rect.width < 100 ? 1 : COLUMN_GAP);
    });
  };
  put(rect.y, heads, true);
  rows.slice(0, rect.height - 1).forEach((cells, index) => put(rect.y + 1 + index, cells, false));
}

function definition(p: Painter, vm: Vm, rect: Rect, below: Rect): void {
  const known = p.state.definition?.vmId === vm.id ? p.state.definition : null;
  rule(p, rect, "definition, defaults filled in", known === null ? "" : `${known.lines.length} lines`);
  if (known === null) {
    p.frame.put(rect.x + 2, below.y, "Asking the server.", DIM);
    return;
  }
  const first = scrolled(p.state, "vm.definition", below.height, known.lines.length);
  known.lines.slice(first, first + below.height).forEach((line, index) => p.frame.put(rect.x + 2, below.y + index, cut(line, rect.width - 3, p.theme.ellipsis), TEXT));
}
