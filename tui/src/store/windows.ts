// What a graph shows of a figure: the one place that goes from a VM or a host to columns over time, live or of the past.
// Views ask here and never touch a ring or a series.
import type { HostFigure, VmFigure } from "./model.js";
import { isZoomed, spanSeconds } from "./past.js";
import { RING_SECONDS, endSecond, windowOf } from "./ring.js";
import type { Ring, Window } from "./ring.js";
import { serverNow } from "./select.js";
import { madeFor, seriesWindow } from "./series.js";
import type { State } from "./state.js";

/** A graph spans at least this long until it is zoomed. */
export const GRAPH_SPAN_SECONDS = 300;

export interface Span {
  /** Seconds from the left edge to the right one. */
  seconds: number;
  /** What the right edge is called. */
  end: string;
}

/** What a graph of so many columns spans: whole seconds a column while it is live, so that it stands still between its steps. */
export function graphSpan(state: State, columns: number): Span {
  const { past } = state;
  const end = past.at === null ? "now" : "then";
  if (past.at !== null || isZoomed(past)) return { seconds: spanSeconds(past), end };
  return { seconds: Math.max(1, Math.ceil(GRAPH_SPAN_SECONDS / Math.max(1, columns))) * columns, end };
}

/** `sparkSeconds`: the fixed span of a small graph, which no zoom changes. */
export function vmWindow(state: State, vmId: string, figure: VmFigure, columns: number, sparkSeconds?: number): Window {
  const rings = state.rings.get(vmId);
  const key = sparkSeconds === undefined || figure !== "cpu" ? `vm ${vmId}` : `spark ${vmId}`;
  // Every line of a VM ends where its CPU does, so that they stand in step.
  return subjectWindow(state, { key, figure, ring: rings?.[figure], leader: rings?.cpu }, columns, sparkSeconds);
}

export function hostWindow(state: State, hostId: string, figure: HostFigure, columns: number, sparkSeconds?: number): Window {
  const rings = state.hostRings.get(hostId);
  return subjectWindow(state, { key: `host ${hostId}`, figure, ring: rings?.[figure], leader: rings?.memoryUsed }, columns, sparkSeconds);
}

/** A part of the VM whose page is open: see detail-rings.ts for its name. History has none, so it is of now alone. */
export function partWindow(state: State, vmId: string, part: string, columns: number, sparkSeconds = GRAPH_SPAN_SECONDS): Window {
  const ring = state.detailRings?.vmId === vmId ? state.detailRings.parts.get(part) : undefined;
  return ringWindow(state, ring, columns, state.rings.get(vmId)?.cpu, sparkSeconds);
}

interface Subject { key: string; figure: string; ring: Ring | undefined; leader: Ring | undefined }

function subjectWindow(state: State, { key, figure, ring, leader }: Subject, columns: number, sparkSeconds: number | undefined): Window {
  const { past } = state;
  const kept = past.series.get(key);
  const made = madeFor(kept, spanSeconds(past));
  if (past.at !== null) return sparkSeconds === undefined ? seriesWindow(made, figure, serverNow(state), spanSeconds(past), columns) : seriesWindow(kept, figure, serverNow(state), sparkSeconds, columns);
  if (sparkSeconds !== undefined || !isZoomed(past)) return ringWindow(state, ring, columns, leader, sparkSeconds ?? GRAPH_SPAN_SECONDS);
  const seconds = spanSeconds(past);
  return fitsRing(seconds) ? fitted(ringWindow(state, ring, seconds, leader, seconds), columns) : seriesWindow(made, figure, serverNow(state), seconds, columns);
}

/** Whether a live graph of this span is drawn from what has been seen live. */
export function fitsRing(seconds: number): boolean {
  return seconds < RING_SECONDS;
}

/** A column a second as so many columns: several seconds' highest, or one second over several. */
function fitted({ columns: seconds, peak, low }: Window, columns: number): Window {
  const place = (index: number): number => Math.floor((index * seconds.length) / columns);
  const highest = (index: number): number => seconds.slice(place(index), Math.max(place(index) + 1, place(index + 1))).reduce((high, value) => (value <= high || Number.isNaN(value) ? high : value), NaN);
  return { columns: Array.from({ length: columns }, (_, index) => highest(index)), peak, low };
}

function ringWindow(state: State, ring: Ring | undefined, columns: number, leader: Ring | undefined, seconds: number): Window {
  return windowOf(ring, endSecond(leader ?? ring, serverNow(state)), seconds, columns);
}
