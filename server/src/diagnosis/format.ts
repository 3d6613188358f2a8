// Figures in a diagnosis' sentences. Pure. Clients format values for their columns themselves.
import type { MetricUnit } from "../metrics/catalog.js";

const MIB = 1_048_576;

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** 34.0 %, 38.0 ms, 2.10 MB/s, 41.0/s: the figure with its unit. */
export function figureText(value: number, unit: MetricUnit): string {
  switch (unit) {
    case "ratio": return percentText(value);
    case "seconds": return value < 1 ? `${digits(value * 1000)} ms` : `${digits(value)} s`;
    case "bytes": return `${digits(value / MIB)} MiB`;
    case "bytes/s": return value < 1e6 ? `${digits(value / 1e3)} kB/s` : `${digits(value / 1e6)} MB/s`;
    case "1/s": return `${digits(value)}/s`;
    case "load":
    case "operations": return digits(value);
    case "count": return value.toFixed(0);
  }
}

export function percentText(ratio: number): string {
  return `${ratio > 0 && ratio < 0.1 ? (ratio * 100).toFixed(1) : Math.round(ratio * 100)} %`;
}

export function coresText(cores: number): string {
  return `${cores.toFixed(2)} cores`;
}

/** Whole mebibytes, rounded up to what a definition would say. */
export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / MIB);
}

/** 45 s, 10 min, 2 h: the length of a window. */
export function spanText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}

/** The time of day in UTC: 13:02:10. */
export function clockText(second: number): string {
  return new Date(second * 1000).toISOString().slice(11, 19);
}
