// The page of one VM: what it is, what is wrong with it, and its tabs. Each tab is a file of its own.
import type { Vm } from "../store/model.js";
import { memoryOf, selectedVm, serverNow, vcpusOf } from "../store/select.js";
import { VM_TABS } from "../store/state.js";
import type { VmTab } from "../store/state.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { bytes, cut, longAge } from "./format.js";
import { scrolled } from "./lists.js";
import { DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { consoleThen } from "./past.js";
import { goneThen } from "./past-words.js";
import { plotGrid } from "./plot-grid.js";
import { vmConsole } from "./vm-console.js";
import { vmCpu } from "./vm-cpu.js";
import { vmDisks } from "./vm-disks.js";
import { vmEvents } from "./vm-events.js";
import { vmMemory } from "./vm-memory.js";
import { vmNet } from "./vm-net.js";
import { vmPlots } from "./vm-plots.js";

export function vmPage(p: Painter, rect: Rect): void {
  const vm = selectedVm(p.state);
  if (vm === null) {
    p.frame.put(rect.x + 2, rect.y + 1, goneThen(p.state) ?? "This VM is gone. Esc goes back.", DIM);
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
  const sample = p.state.samples.get(vm.id);
  const vcpus = vcpusOf(vm, sample);
  const memory = memoryOf(vm, sample);
  const size = `${vcpus} ${vcpus === 1 ? "vCPU" : "vCPUs"}${laterText(vm, vcpus, vm.vcpus, String)}  ${bytes(memory)}${laterText(vm, memory, vm.memoryBytes, bytes)}  ${vm.machine}${on}`;
  const process = vm.pid === null ? "" : `  pid ${vm.pid}`;
  const network = vm.networkInUse === null ? "" : "  network ";
  const flags = `${vm.protected ? "  protected" : ""}${vm.autostart ? "  autostart" : ""}`;
  const limit = p.frame.width - 2;
  // The reason for a network of another mode is the one long text here: it gives way to the rest.
  const room = limit - size.length - process.length - network.length - flags.length;
  parts(p, 1, y, [[size, TEXT], [process, DIM], [network, DIM], [cut(vm.networkInUse ?? "", room, p.theme.ellipsis), TEXT], [flags, DIM]], limit);
}

/** What its definition says, where the VM still runs with something else. */
function laterText(vm: Vm, now: number, later: number, format: (value: number) => string): string {
  return vm.restartRequired && now !== later ? ` (then ${format(later)})` : "";
}

function warnings(p: Painter, vm: Vm): string[] {
  const notes: string[] = [];
  if (vm.crashCause !== null) notes.push(`crashed ${longAge(serverNow(p.state) - vm.stateSince)} ago: ${vm.crashCause}`);
  if (vm.restartRequired) notes.push("the definition has changed; it takes effect at the next start");
  return notes;
}

function content(p: Painter, vm: Vm, rect: Rect): void {
  const tab: VmTab = p.state.ui.tab;
  switch (tab) {
    case "graphs":
      graphs(p, vm, rect);
      return;
    case "cpu":
      vmCpu(p, vm, rect);
      return;
    case "memory":
      vmMemory(p, vm, rect);
      return;
    case "disks":
      vmDisks(p, vm, rect);
      return;
    case "net":
      vmNet(p, vm, rect);
      return;
    case "console":
      if (!consoleThen(p, rect)) vmConsole(p, vm, rect);
      return;
    case "events":
      vmEvents(p, vm, rect);
      return;
    case "definition":
      definition(p, vm, rect, { ...rect, y: rect.y + 1, height: rect.height - 1 });
  }
}

/** Six graphs where they have room to be read, else the first questions: CPU, memory, disk, network. */
function graphs(p: Painter, vm: Vm, rect: Rect): void {
  const { cpu, memory, disk, latency, network, pressure } = vmPlots(p, vm);
  if (rect.width >= THREE_ACROSS_CELLS) plotGrid(p, [cpu, memory, pressure, disk, latency, network], rect, 3);
  else if (rect.height >= SIX_PLOTS_ROWS) plotGrid(p, [cpu, memory, disk, latency, network, pressure], rect, 2);
  else plotGrid(p, [cpu, memory, disk, network], rect, 2);
}
const THREE_ACROSS_CELLS = 150;
const SIX_PLOTS_ROWS = 24;

function definition(p: Painter, vm: Vm, rect: Rect, below: Rect): void {
  const known = p.state.definition?.vmId === vm.id ? p.state.definition : null;
  const first = known === null ? 0 : scrolled(p.state, "vm.definition", below.height, known.lines.length);
  const last = Math.min(first + below.height, known?.lines.length ?? 0);
  rule(p, rect, "definition, defaults filled in", known === null ? "" : `lines ${first + 1} to ${last} of ${known.lines.length}`);
  if (known === null) {
    p.frame.put(rect.x + 2, below.y, "Asking the server.", DIM);
    return;
  }
  known.lines.slice(first, last).forEach((line, index) => p.frame.put(rect.x + 2, below.y + index, cut(line, rect.width - 3, p.theme.ellipsis), TEXT));
}
