// What a graph shows of a figure: the one place that goes from a VM or a host to columns over time, live or of the past.
// Views ask here and never touch a ring or a series.
import type { HostFigure, VmFigure } from "./model.js";
import { isZoomed, spanSeconds } from "./past.js";
import { RING_SECONDS, endSecond, lastMsOf, windowOf } from "./ring.js";
import type { Ring } from "./ring.js";
import { serverNow } from "./select.js";
import { madeFor, seriesWindow } from "./series.js";
import type { State } from "./state.js";
import type { Window } from "./window.js";

export interface Span {
  /** Seconds from the left edge to the right one. */
  seconds: number;
  /** What the right edge is called. */
  end: string;
}

/** What every graph but the small ones spans. */
export function graphSpan({ past }: State): Span {
  return { seconds: spanSeconds(past), end: past.at === null ? "now" : "then" };
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

/**
 * A part of the VM whose page is open: see detail-rings.ts for its name. History has it of each vCPU; of disks and cards it
 * has it of an only one, and of several of all together, which is no answer to what one of them does now.
 */
export function partWindow(state: State, vmId: string, part: string, columns: number): Window {
  const { past } = state;
  const seconds = spanSeconds(past);
  const isLive = past.at === null;
  const kept = isLive && fitsRing(seconds) ? undefined : past.series.get(`vm ${vmId}`);
  if (!isLive || kept?.figures[part] !== undefined) {
    const figure = kept?.figures[part] !== undefined ? part : part.slice(part.lastIndexOf(" ") + 1);
    return seriesWindow(isLive ? madeFor(kept, seconds) : kept, figure, endOfSpan(state), seconds, columns);
  }
  const ring = state.detailRings?.vmId === vmId ? state.detailRings.parts.get(part) : undefined;
  return ringWindow(state, ring, columns, state.rings.get(vmId)?.cpu, seconds);
}

interface Subject { key: string; figure: string; ring: Ring | undefined; leader: Ring | undefined }

function subjectWindow(state: State, { key, figure, ring, leader }: Subject, columns: number, sparkSeconds: number | undefined): Window {
  const { past } = state;
  const seconds = sparkSeconds ?? spanSeconds(past);
  if (past.at === null && (sparkSeconds !== undefined || !isZoomed(past) || fitsRing(seconds))) return ringWindow(state, ring, columns, leader, seconds);
  const kept = past.series.get(key);
  return seriesWindow(sparkSeconds === undefined ? madeFor(kept, seconds) : kept, figure, endOfSpan(state), seconds, columns);
}

/** Whether a live graph of this span is drawn from what has been seen live. */
export function fitsRing(seconds: number): boolean {
  return seconds < RING_SECONDS;
}

/** Where a graph of what the server keeps ends. While seconds are kept it ends with the second of the sample shown, as live: the instant itself may lie in the next one. */
function endOfSpan(state: State): number {
  const { past: { at, frame } } = state;
  return at !== null && frame?.stepSeconds === 1 ? lastMsOf(Math.floor(frame.clock / 1_000)) : serverNow(state);
}

function ringWindow(state: State, ring: Ring | undefined, columns: number, leader: Ring | undefined, seconds: number): Window {
  return windowOf(ring, endSecond(leader ?? ring, serverNow(state)), seconds, columns);
}
