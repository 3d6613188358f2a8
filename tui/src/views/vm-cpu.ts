// The tab of a VM's CPU: what it may have and what it gets, each vCPU with its time and the time it had to wait, a bar, both
// over the span of the graphs and the CPUs it is kept to; below, the VM over time.
import { vcpuPart } from "../store/detail-rings.js";
import type { VcpuFigure } from "../store/detail-rings.js";
import { detailOf, roomOf } from "../store/memory.js";
import type { CpuPolicy } from "../store/memory.js";
import type { VcpuSample, Vm, VmDetail } from "../store/model.js";
import { graphSpan, partWindow } from "../store/windows.js";
import { bar } from "./bars.js";
import { style } from "./frame.js";
import type { Rect, Style } from "./frame.js";
import { UNKNOWN, percent, cut } from "./format.js";
import { scrolled } from "./lists.js";
import { BOLD, DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { ASKING, UNKEPT, whyUnknownThen } from "./past-words.js";
import { ago, plot } from "./plot.js";
import { sparkline } from "./sparkline.js";
import { cpuPlot, whyNoFigures } from "./vm-plots.js";

/** Rows the graph keeps below the vCPUs. */
const PLOT_ROWS = 8;
const BAR_CELLS = 12;
/** Columns of each of a vCPU's small graphs. */
const SPARK_CELLS = 16;
/** Cells of one vCPU's line, and from how many of them two stand side by side. */
const LINE_CELLS = 78;
/** Cells of the CPUs that it is kept to. */
const PIN_CELLS = 9;
/** Rows before the vCPUs: a rule, three of what it may have and was denied, the head. */
const HEAD_ROWS = 5;

/** What of one place on the page: a vCPU that is there, or one that could be. */
type Place = { kind: "present"; vcpu: VcpuSample } | { kind: "absent"; index: number };

export function vmCpu(p: Painter, vm: Vm, rect: Rect): void {
  const detail = p.state.details.get(vm.id);
  const places = placesOf(p, vm, detail?.vcpus ?? []);
  const across = Math.max(1, Math.floor(rect.width / LINE_CELLS));
  const rows = Math.max(1, Math.ceil(places.length / across));
  const shown = Math.min(rows, rect.height - HEAD_ROWS - PLOT_ROWS);
  const first = scrolled(p.state, "vm.cpu", shown, rows);
  const more = rows > shown ? `, lines ${first + 1} to ${first + shown} of ${rows}` : "";
  rule(p, { ...rect, height: 1 }, `vCPUs, each 100 % of a core${more}`, detail === undefined ? "" : `QEMU: user ${percent(detail.cpuUserRatio)} system ${percent(detail.cpuSystemRatio)}`);
  policyLines(p, vm).forEach((line, row) => parts(p, rect.x + 1, rect.y + 1 + row, line, rect.width - 2));
  heads(p, rect.x + 1, rect.y + HEAD_ROWS - 1, Math.min(across, Math.max(1, places.length)));
  if (places.length === 0) p.frame.put(rect.x + 2, rect.y + HEAD_ROWS, p.state.past.at === null ? whyNoFigures(vm) : whyUnknownThen(p.state, { kind: "vm", id: vm.id }, ASKING), DIM);
  for (let row = 0; row < shown; row++) {
    for (let column = 0; column < across; column++) {
      const place = places[(first + row) * across + column];
      if (place !== undefined) line(p, vm, place, rect.x + 1 + column * LINE_CELLS, rect.y + HEAD_ROWS + row);
    }
  }
  const used = HEAD_ROWS + shown;
  plot(p, cpuPlot(p, vm), { ...rect, y: rect.y + used, height: rect.height - used });
}

/** Those that QEMU has, then those that could be plugged in. */
function placesOf(p: Painter, vm: Vm, vcpus: readonly VcpuSample[]): Place[] {
  const most = vcpus.length === 0 ? 0 : (roomOf(p.state, vm)?.vcpusMax ?? 0);
  const absent = Array.from({ length: most }, (_, index) => index).filter((index) => !vcpus.some((vcpu) => vcpu.index === index));
  return [...vcpus.map((vcpu): Place => ({ kind: "present", vcpu })), ...absent.map((index): Place => ({ kind: "absent", index }))];
}

type Line = readonly (readonly [string, Style])[];

/** How many there are and may be; what share of the host's CPUs it has a claim to, and what a quota took. */
function policyLines(p: Painter, vm: Vm): readonly Line[] {
  const isPast = p.state.past.at !== null;
  const room = roomOf(p.state, vm);
  const detail = room === null && !isPast ? undefined : p.state.details.get(vm.id);
  const policy = detailOf(p.state, vm.id)?.cpuPolicy ?? null;
  const present = detail?.vcpusPresent ?? detail?.vcpus.length ?? null;
  const asked = room === null ? (isPast && detail !== undefined ? `  target ${UNKEPT}` : "") : `  target ${room.vcpusTarget}  of at most ${room.vcpusMax}`;
  return [
    [["#", style("key")], [" vCPUs  ", BOLD], ["present ", DIM], [String(present ?? UNKNOWN), present === null ? DIM : TEXT], [asked, DIM]],
    [["  policy ", BOLD], [policy === null ? ASKING : policyText(policy), policy === null ? DIM : TEXT]],
    quotaLine(detail),
  ];
}

/** A control group's waiting, which no thread's figures tell: beside the vCPUs, whose steal leaves it out. */
function quotaLine(detail: VmDetail | undefined): Line {
  const throttled = detail?.throttledTimeRatio ?? null;
  const text = throttled !== null ? `${percent(throttled)}% of a core: Linux counts it for the VM as a whole` : detail === undefined ? UNKNOWN : `${UNKNOWN} (no cpu controller)`;
  return [["  quota  ", BOLD], ["throttled ", DIM], [text, throttled === null || throttled === 0 ? DIM : style("attention")]];
}

function policyText({ weight, limitPercent, emulatorCpus, pins }: CpuPolicy): string {
  const limit = limitPercent === null ? "no limit" : `limit ${limitPercent}% of a core`;
  const emulator = emulatorCpus === null ? "QEMU's threads on any CPU" : `QEMU's threads on ${cpuList(emulatorCpus)}`;
  return `weight ${weight}  ${limit}  ${emulator}${pins.length === 0 ? "  no pins" : ""}`;
}

/** Numbers as people write them: 0-2,5. */
export function cpuList(cpus: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const cpu of [...cpus].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && cpu <= last[1] + 1) last[1] = cpu;
    else runs.push([cpu, cpu]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(",");
}

function heads(p: Painter, x: number, y: number, across: number): void {
  const { seconds, end } = graphSpan(p.state);
  const span = ago(seconds).slice("-".length);
  const [used, stolen] = end === "now" ? [`used, last ${span}`, `stolen, last ${span}`] : [`used, ${span} before`, `stolen, ${span}`];
  for (let column = 0; column < across; column++) p.frame.put(x + column * LINE_CELLS, y, `vCPU   used steal%  ${end.padEnd(BAR_CELLS)} ${used.padEnd(SPARK_CELLS)} ${stolen.padEnd(SPARK_CELLS)}  ON CPUs`, DIM);
}

function line(p: Painter, vm: Vm, place: Place, x: number, y: number): void {
  if (place.kind === "absent") {
    parts(p, x, y, [[String(place.index).padStart(4), DIM], ["  not plugged in", DIM]], LINE_CELLS);
    return;
  }
  const { vcpu } = place;
  const isUnkept = p.state.past.at !== null && vcpu.ratio === null;
  const used = (ratio: number | null): string => (isUnkept && ratio === null ? UNKEPT : percent(ratio));
  const small = (figure: VcpuFigure): string => sparkline(isUnkept ? [] : partWindow(p.state, vm.id, vcpuPart(vcpu.index, figure), SPARK_CELLS).columns, 1, p.theme).padEnd(SPARK_CELLS);
  const pin = detailOf(p.state, vm.id)?.cpuPolicy.pins.find((one) => one.vcpu === vcpu.index);
  parts(p, x, y, [
    [String(vcpu.index).padStart(4), BOLD], [used(vcpu.ratio).padStart(7), vcpu.ratio === null ? DIM : TEXT], [used(vcpu.stealRatio).padStart(7), vcpu.stealRatio === null ? DIM : TEXT],
    ["  ", TEXT], ...(isUnkept ? [[" ".repeat(BAR_CELLS), DIM] as const] : bar(p.theme, BAR_CELLS, vcpu.ratio, vcpu.stealRatio)), [" ", TEXT], [small("ratio"), style("first")], [" ", TEXT], [small("stealRatio"), style("second")],
    ["  ", TEXT], [pin === undefined ? "any" : cut(cpuList(pin.cpus), PIN_CELLS, p.theme.ellipsis), pin === undefined ? DIM : TEXT],
  ], LINE_CELLS);
}
