// The head of a VM's memory tab: where its memory is as one bar with its parts, what was asked for against what there is,
// the policy over it, and what the controller decided about it.
import { serverNow } from "../../store/select.js";
import { detailOf, roomOf } from "../../store/memory.js";
import type { MemoryBreakdown, VmMemory, VmMemoryDetail } from "../../store/memory.js";
import type { Vm } from "../../store/model.js";
import { style } from "../frame.js";
import type { Rect, Style } from "../frame.js";
import { bytes, clock, cut, sampleAge } from "../format.js";
import { BOLD, DIM, TEXT, parts, rule } from "../painter.js";
import type { Painter } from "../painter.js";
import { UNKEPT, whyNoMemoryThen } from "../past-words.js";
import { actionText, decisionList } from "./decisions.js";
import { decisionsThen, newestDecisionThen } from "./decisions-then.js";
import { legend, legendRows, longLegend, stackedBar } from "./stack.js";
import { NO_FIGURES, whyNoParts } from "./vm-bars.js";

/** Cells of the word before each line of targets. */
const NAME_CELLS = 10;

type TargetLine = readonly (readonly [string, Style])[];

/** What a VM's memory is not known for; null when it is. */
function whyUnknown(p: Painter, vm: Vm, memory: VmMemory | null): string {
  const { memory: { fault }, past } = p.state;
  if (past.at !== null) return whyNoMemoryThen(p.state, { kind: "vm", id: vm.id }, memory !== null);
  if (whyNoParts(vm) !== NO_FIGURES) return `${vm.state.toLowerCase()}: it takes no memory (s starts it).`;
  if (fault !== null) return `${p.theme.attention} ${fault}`;
  return memory === null ? "Asking the server." : "The kernel's figures of this VM are taken every 10 s; none yet.";
}

function ageText({ state }: Painter, breakdown: MemoryBreakdown | null): string {
  return breakdown === null ? "" : `as of ${sampleAge(serverNow(state) - breakdown.at)}`;
}

function title(breakdown: MemoryBreakdown | null): string {
  return breakdown === null ? "its memory" : `its memory, ${bytes(breakdown.totalBytes)} with QEMU's`;
}

/** On a narrow screen: bar, compact legend, targets and the last decision in a line. Returns the rows taken. */
export function memoryHead(p: Painter, vm: Vm, rect: Rect): number {
  const detail = detailOf(p.state, vm.id);
  const breakdown = detail?.breakdown ?? null;
  rule(p, { ...rect, height: 1 }, title(breakdown), ageText(p, breakdown));
  let y = rect.y + 1;
  if (breakdown === null) p.frame.put(rect.x + 2, y++, cut(whyUnknown(p, vm, detail), rect.width - 3, p.theme.ellipsis), DIM);
  else {
    parts(p, rect.x + 1, y, stackedBar(p.theme, rect.width - 2, breakdown), rect.width - 2);
    legend(p, rect.x + 1, y + 1, rect.width - 1, breakdown);
    y += 1 + legendRows(breakdown, rect.width - 1);
  }
  if (detail === null) return y - rect.y;
  rule(p, { ...rect, y, height: 1 }, "targets");
  const lines = [...targetLines(p, vm, detail), lastDecision(p, vm, detail)];
  lines.forEach((line, row) => parts(p, rect.x + 1, y + 1 + row, line, rect.width - 2));
  return y + 1 + lines.length - rect.y;
}

/** On a wide screen: bar, each part with its words, targets, decisions with their reasons. */
export function memoryColumn(p: Painter, vm: Vm, rect: Rect): void {
  const detail = detailOf(p.state, vm.id);
  const breakdown = detail?.breakdown ?? null;
  rule(p, { ...rect, height: 1 }, title(breakdown), ageText(p, breakdown));
  if (detail === null || breakdown === null) p.frame.put(rect.x + 2, rect.y + 1, cut(whyUnknown(p, vm, detail), rect.width - 3, p.theme.ellipsis), DIM);
  let y = rect.y + 3;
  if (breakdown !== null) {
    parts(p, rect.x + 1, rect.y + 1, stackedBar(p.theme, rect.width - 3, breakdown), rect.width - 2);
    y = rect.y + 2 + longLegend(p, { x: rect.x + 1, y: rect.y + 2, width: rect.width - 3, height: rect.height - 10 }, breakdown);
  }
  if (detail === null) return;
  rule(p, { ...rect, y, height: 1 }, "targets");
  const lines = targetLines(p, vm, detail);
  lines.forEach((line, row) => parts(p, rect.x + 1, y + 1 + row, line, rect.width - 2));
  y += 1 + lines.length;
  vmDecisions(p, vm, { ...rect, y, height: rect.y + rect.height - y });
}

/** What the controller decided about it, with every reason. */
export function vmDecisions(p: Painter, vm: Vm, rect: Rect): void {
  const detail = detailOf(p.state, vm.id);
  rule(p, { ...rect, height: 1 }, "the controller's last decisions");
  const inner: Rect = { x: rect.x + 1, y: rect.y + 1, width: rect.width - 2, height: rect.height - 1 };
  if (p.state.past.at !== null) decisionsThen(p, inner, vm.id);
  else if (detail !== null) decisionList(p, inner, detail.decisions, "of one VM", whyNone(detail));
}

function targetLines(p: Painter, vm: Vm, { policy }: VmMemory): TargetLine[] {
  const isPast = p.state.past.at !== null;
  const room = roomOf(p.state, vm);
  const isKnown = isPast || room !== null;
  const sample = isKnown ? p.state.samples.get(vm.id) : undefined;
  const details = isKnown ? p.state.details.get(vm.id) : undefined;
  const plugged = sample === undefined ? null : sample.memoryConfiguredBytes + (details?.pluggedBytes ?? 0);
  const named = (key: string, name: string): TargetLine => [[key, style("key")], [` ${name.padEnd(NAME_CELLS - 2)}`, BOLD]];
  const pair = (target: number | undefined, actual: number | null): TargetLine => [["target ", DIM], [(isPast ? UNKEPT : bytes(target)).padStart(5), isPast ? DIM : TEXT], ["  actual ", DIM], [bytes(actual).padStart(5), actual === null ? DIM : TEXT]];
  const off = "not running: nothing is asked for";
  const control: TargetLine = [...named("A", "control"), [policy.control.toLowerCase(), policy.control === "OFF" ? DIM : TEXT], [`  floor ${bytes(policy.floorBytes)}  ceiling ${bytes(policy.ceilingBytes)}  shares ${policy.shares}  domain ${policy.sharingDomain}`, DIM]];
  if (isPast && sample !== undefined) return [[...named("b", "balloon"), ...pair(undefined, sample.balloonActualBytes)], [...named("B", "size"), ...pair(undefined, plugged)], control];
  return [
    [...named("b", "balloon"), ...(room === null ? [[off, DIM] as const] : [...pair(room.balloonTargetBytes, sample?.balloonActualBytes ?? null), [`  from ${bytes(room.balloonFloorBytes)}`, DIM] as const])],
    [...named("B", "size"), ...(room === null ? [[off, DIM] as const] : [...pair(room.memoryTargetBytes, plugged), [`  ${sizeLimit(room.memoryMaxBytes, vm.memoryBytes)}`, DIM] as const])],
    control,
  ];
}

function sizeLimit(maxBytes: number, bootBytes: number): string {
  return maxBytes <= bootBytes ? "no room: feature hotplug" : `up to ${bytes(maxBytes)}`;
}

function lastDecision({ state }: Painter, vm: Vm, detail: VmMemoryDetail): TargetLine {
  const [newest] = detail.decisions;
  const lead: TargetLine = [["  decided ", BOLD]];
  if (state.past.at !== null) {
    const told = newestDecisionThen(state, vm.id);
    return [...lead, told === null ? [`nothing among the last ${state.events.length} events up to then`, DIM] : [`${clock(told.time)} ${told.message}`, TEXT]];
  }
  if (newest === undefined) return [...lead, [whyNone(detail), DIM]];
  return [...lead, [`${clock(newest.time)} ${actionText(newest)}, ${newest.carriedOut ? "done" : "advised"}: `, TEXT], [newest.reason, DIM]];
}

function whyNone({ policy }: VmMemory): string {
  return policy.control === "OFF" ? "nothing: the controller leaves it alone (A)" : "nothing in the last hour (m shows whether the controller runs)";
}
