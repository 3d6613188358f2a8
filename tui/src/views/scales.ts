// How values become heights and labels in graphs: where a scale ends and how its marks are written. Pure.
import type { Vm } from "../store/model.js";
import type { CpuScale } from "../store/state.js";
import { bytes, count, latency, percent, ratePerSecond } from "./format.js";
import { niceBytesTop, niceTop } from "./sparkline.js";

export interface Scale {
  /** The top of the scale for the highest value shown (NaN when nothing is known). */
  topFor: (peak: number) => number;
  /** A mark at the axis: short. */
  mark: (value: number) => string;
  /** A value in a legend. */
  value: (value: number | null) => string;
  /** Cells of a value in a legend, so that its neighbours stand still. */
  width: number;
}

const short = (text: string): string => text.replace("/s", "").replace(/\.0+(?=\D|$)/, "");

/** Rates end on a round number and never below 10 kB/s, so that idle noise stays at the floor. */
export const RATE: Scale = { topFor: (peak) => niceTop(peak, 10_000), mark: (value) => short(ratePerSecond(value)), value: ratePerSecond, width: 7 };
/** Counts a second: packets, drops, operations. */
export const COUNTS: Scale = { topFor: (peak) => niceTop(peak, 10), mark: (value) => short(count(value)), value: count, width: 5 };
/** Shares of the whole: the scale is 0 to 100 %. */
export const SHARE: Scale = { topFor: () => 1, mark: (value) => `${Math.round(value * 100)}%`, value: percent, width: 5 };
/** Shares that are small as long as all is well: the scale ends on a round part of the whole, at least 10 %. */
export const PRESSURE: Scale = { ...SHARE, topFor: (peak) => Math.min(1, niceTop(peak, 0.1)) };
/** Milliseconds; idle noise below one stays at the floor. */
export const LATENCY: Scale = { topFor: (peak) => niceTop(peak, 0.001), mark: (value) => (value === 0 ? "0" : short(latency(value))), value: latency, width: 6 };

/** Sizes that end on a power of two, at least `least`. */
export function sizes(least: number): Scale {
  return { topFor: (peak) => niceBytesTop(peak, least), mark: (value) => (value === 0 ? "0" : short(bytes(value))), value: bytes, width: 5 };
}

/** Sizes of a whole that is known: the scale ends on it. */
export function sizesOf(total: number): Scale {
  return { ...sizes(total), topFor: () => total };
}

/** CPU of a VM: the scale ends on whole cores, or on all of the VM's vCPUs. */
export function cpuScale(scale: CpuScale, vcpus: number): Scale {
  const whole = scale === "vm" ? Math.max(1, vcpus) : 1;
  return {
    topFor: (peak) => Math.max(whole, Math.ceil(Number.isNaN(peak) ? 1 : peak - 0.05)),
    mark: (value) => String(Math.round((value / whole) * 100)),
    value: (value) => cpuPercent(value, scale, vcpus),
    width: 5,
  };
}

/** A VM's CPU in percent of what the scale calls 100 %. */
export function cpuPercent(ratio: number | null, scale: CpuScale, vcpus: number): string {
  return percent(ratio === null || scale === "core" ? ratio : ratio / Math.max(1, vcpus));
}

/** What 100 % is, for a title. */
export function cpuUnit(scale: CpuScale, vm?: Pick<Vm, "vcpus">): string {
  if (scale === "core") return "% of a core";
  return vm === undefined ? "% of the VM" : `% of ${vm.vcpus} ${vm.vcpus === 1 ? "vCPU" : "vCPUs"}`;
}
