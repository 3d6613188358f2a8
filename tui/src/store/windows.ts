// What a graph shows of a figure: the one place that goes from a VM or a host to columns over time. Views ask here and
// never touch a ring, so that where the figures come from can change without them.
import type { HostFigure, VmFigure } from "./model.js";
import { endSecond, windowOf } from "./ring.js";
import type { Ring, Window } from "./ring.js";
import { serverNow } from "./select.js";
import type { State } from "./state.js";

/** A graph spans at least this long. */
export const GRAPH_SPAN_SECONDS = 300;

export interface Span {
  /** Seconds from the left edge to the right one. */
  seconds: number;
  /** What the right edge is called. */
  end: string;
}

/** What a graph of so many columns spans: whole seconds a column, so that it stands still between its steps. */
export function graphSpan(columns: number): Span {
  return { seconds: Math.max(1, Math.ceil(GRAPH_SPAN_SECONDS / Math.max(1, columns))) * columns, end: "now" };
}

export function vmWindow(state: State, vmId: string, figure: VmFigure, columns: number, spanSeconds = GRAPH_SPAN_SECONDS): Window {
  const rings = state.rings.get(vmId);
  // Every line of a VM ends where its CPU does, so that they stand in step.
  return ringWindow(state, rings?.[figure], columns, rings?.cpu, spanSeconds);
}

export function hostWindow(state: State, hostId: string, figure: HostFigure, columns: number, spanSeconds = GRAPH_SPAN_SECONDS): Window {
  const rings = state.hostRings.get(hostId);
  return ringWindow(state, rings?.[figure], columns, rings?.memoryUsed, spanSeconds);
}

/** A part of the VM whose page is open: see detail-rings.ts for its name. */
export function partWindow(state: State, vmId: string, part: string, columns: number, spanSeconds = GRAPH_SPAN_SECONDS): Window {
  const ring = state.detailRings?.vmId === vmId ? state.detailRings.parts.get(part) : undefined;
  return ringWindow(state, ring, columns, state.rings.get(vmId)?.cpu, spanSeconds);
}

function ringWindow(state: State, ring: Ring | undefined, columns: number, leader: Ring | undefined, spanSeconds: number): Window {
  return windowOf(ring, endSecond(leader ?? ring, serverNow(state)), spanSeconds, columns);
}
