// The graphs of one VM: which figures stand together, in which unit, and why one may be empty.
import { guestUsedBytes } from "../guest-memory.js";
import { detailOf } from "../store/memory.js";
import type { Vm, VmFigure, VmSample } from "../store/model.js";
import { memoryOf, vcpusOf } from "../store/select.js";
import type { Window } from "../store/window.js";
import { graphSpan, vmWindow } from "../store/windows.js";
import type { Role } from "./frame.js";
import { bytes, count, isIdle, latency, spanWords } from "./format.js";
import { pressurePlot } from "./host-plots.js";
import type { Painter } from "./painter.js";
import type { Plot, PlotLine } from "./plot.js";
import { LATENCY, RATE, cpuScale, cpuUnit, sizes } from "./scales.js";

/** QEMU's user-mode network has no interface on the host, so nobody counts what goes through it. */
export function isUserNetwork(vm: Vm): boolean {
  return vm.networkInUse?.startsWith("user") ?? false;
}

/** Why its graphs are empty, at any time. */
export const UNCOUNTED = "user mode: no counters on host";

/** Whether there is a process that can be measured. */
export function isAlive(vm: Vm): boolean {
  return vm.state !== "STOPPED" && vm.state !== "DEFINED" && vm.state !== "CRASHED";
}

/** Why a VM has no figures: it does not run, or `else_`. */
export function whyNoFigures(vm: Vm, otherwise = "waiting for the first samples"): string {
  return isAlive(vm) ? otherwise : `${vm.state.toLowerCase()}: nothing to measure (s starts it)`;
}

const ofVm = ({ id }: Vm): Plot["of"] => [{ kind: "vm", id }];

type Read = (sample: VmSample) => number | null;

export interface VmPlots { cpu: Plot; memory: Plot; disk: Plot; latency: Plot; network: Plot; pressure: Plot }

export function vmPlots(p: Painter, vm: Vm): VmPlots {
  return { cpu: cpuPlot(p, vm), memory: memoryPlot(p, vm), disk: diskPlot(p, vm), latency: latencyPlot(p, vm), network: networkPlot(p, vm), pressure: pressurePlot(p, vm.hostId) };
}

function line(p: Painter, vm: Vm, figure: VmFigure, name: string, role: Role, read: Read, factor = 1): PlotLine {
  const sample = p.state.samples.get(vm.id);
  const now = sample === undefined ? null : read(sample);
  const { state } = p;
  return {
    name, role, now: now === null ? null : now * factor,
    window: (columns) => (factor === 1 ? vmWindow(state, vm.id, figure, columns) : times(vmWindow(state, vm.id, figure, columns), factor)),
  };
}

function times(window: Window, factor: number): Window {
  return { columns: window.columns.map((value) => value * factor), peak: window.peak * factor, low: window.low * factor };
}

/** Steal is a share of each vCPU's time: it is read off the axis as it stands in the table, whatever 100 % is. */
export function cpuPlot(p: Painter, vm: Vm): Plot {
  const { cpuScale: chosen } = p.state.ui;
  const vcpus = vcpusOf(vm, p.state.samples.get(vm.id));
  const used = line(p, vm, "cpu", "used", "first", (sample) => sample.cpuRatio);
  const steal = line(p, vm, "steal", "steal", "second", (sample) => sample.stealRatio, chosen === "vm" ? Math.max(1, vcpus) : 1);
  return {
    title: `CPU, ${cpuUnit(chosen, { vcpus })}`, scale: cpuScale(chosen, vcpus), of: ofVm(vm), whyEmpty: whyNoFigures(vm),
    lines: isLimited(p, vm) ? [used, steal, line(p, vm, "throttled", "throttled", "third", (sample) => sample.throttledTimeRatio)] : [used, steal],
  };
}

/** Whether it has a limit, as far as that is known here, or one stopped it in the time that is shown. */
function isLimited({ state }: Painter, vm: Vm): boolean {
  return (detailOf(state, vm.id)?.cpuPolicy.limitPercent ?? null) !== null || vmWindow(state, vm.id, "throttled", 1).peak > 0;
}

export function memoryPlot(p: Painter, vm: Vm): Plot {
  const configured = memoryOf(vm, p.state.samples.get(vm.id));
  return {
    title: `memory of ${bytes(configured)}`, scale: sizes(configured), of: ofVm(vm), whyEmpty: whyNoFigures(vm),
    lines: [
      line(p, vm, "guestUsed", "guest", "first", guestUsedBytes),
      line(p, vm, "rss", "rss", "second", (sample) => sample.rssBytes),
      line(p, vm, "balloon", "balloon", "third", (sample) => sample.balloonActualBytes),
    ],
  };
}

const NO_DISK = "no disk, or no figures yet";

/** Its sample has no figure of any disk: there is none, or the sample is the first. */
function isDiskless({ state }: Painter, vm: Vm): boolean {
  const sample = state.samples.get(vm.id);
  return sample !== undefined && sample.diskReadBytesPerSecond === null && sample.diskWriteBytesPerSecond === null;
}

/** Bytes alone: latency stands beside it. */
export function diskRatePlot(p: Painter, vm: Vm): Plot {
  return {
    title: "disk, B/s", scale: RATE, of: ofVm(vm), whyEmpty: whyNoFigures(vm, isDiskless(p, vm) ? NO_DISK : undefined),
    lines: [
      line(p, vm, "diskRead", "r", "first", (known) => known.diskReadBytesPerSecond),
      line(p, vm, "diskWrite", "w", "second", (known) => known.diskWriteBytesPerSecond),
    ],
  };
}

function diskPlot(p: Painter, vm: Vm): Plot {
  const sample = p.state.samples.get(vm.id);
  const each = `${latency(sample?.diskLatencySeconds ?? null).padStart(LATENCY.width)} each`;
  return { ...diskRatePlot(p, vm), extra: isIdle(sample?.diskReadBytesPerSecond, sample?.diskWriteBytesPerSecond) ? "idle" : each };
}

export function latencyPlot(p: Painter, vm: Vm): Plot {
  // It may have read at its boot, long before what the graph spans.
  const whyNone = isDiskless(p, vm) ? NO_DISK : p.state.samples.has(vm.id) ? `no read or write in these ${spanWords(graphSpan(p.state).seconds)}` : undefined;
  return {
    title: "disk latency", scale: LATENCY, of: ofVm(vm), whyEmpty: whyNoFigures(vm, whyNone), whyEmptyThen: "no read or write then",
    lines: [line(p, vm, "diskLatency", "all", "first", (sample) => sample.diskLatencySeconds)],
  };
}

export function networkPlot(p: Painter, vm: Vm): Plot {
  const { theme } = p;
  const sample = p.state.samples.get(vm.id);
  return {
    title: "net, B/s", scale: RATE, extra: `drops ${count(sample?.networkDropsPerSecond ?? null)}`,
    of: ofVm(vm), whyEmpty: whyNoFigures(vm, isUserNetwork(vm) ? UNCOUNTED : "no network card, or no sample yet"), whyEmptyThen: isUserNetwork(vm) ? UNCOUNTED : "no network card then",
    lines: [
      line(p, vm, "netRx", theme.down, "first", (known) => known.networkRxBytesPerSecond),
      line(p, vm, "netTx", theme.up, "second", (known) => known.networkTxBytesPerSecond),
    ],
  };
}
