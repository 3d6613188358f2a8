// Words about instants and spans, and why something of then is not there. Pure text: it draws nothing.
import { isZoomed, spanSeconds, whyNothing } from "../store/past.js";
import { page, selectedVm } from "../store/select.js";
import { madeFor } from "../store/series.js";
import type { State } from "../store/state.js";
import { fitsRing } from "../store/windows.js";

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** A span as people say it: 5 min, 6 h, 30 d. */
export function spanWords(seconds: number): string {
  if (seconds < HOUR) return `${seconds / MINUTE} min`;
  return seconds < DAY ? `${seconds / HOUR} h` : `${seconds / DAY} d`;
}

/** Day and time in UTC: 2026-11-23 13:02:11. */
export function instantWords(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

/** Why a graph has nothing to draw while it is not simply live; null: it is. */
export function whyEmptyThen(state: State): string | null {
  const { past } = state;
  const vm = page(state) === "vm" || page(state) === "overview" ? selectedVm(state) : null;
  const isAsking = vm !== null && madeFor(past.series.get(`vm ${vm.id}`), spanSeconds(past)) === undefined;
  if (past.at === null) return isAsking && isZoomed(past) && !fitsRing(spanSeconds(past)) ? "asking the server" : null;
  if (past.trouble !== null) return past.trouble;
  if (isAsking) return "asking the server";
  return "nothing was measured, or nothing is kept";
}

/** Why the table is empty while the past is looked at; null: it is not the past. */
export function emptyTextThen(state: State): string | null {
  const { past } = state;
  if (past.at === null) return null;
  const why = whyNothing(past);
  if (why !== null) return why;
  return past.frame === null ? `Asking the server what was at ${instantWords(past.at)} UTC.` : null;
}
