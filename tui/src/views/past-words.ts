// Words about instants and spans, and why something of then is not there. Pure text: it draws nothing.
import { isZoomed, spanSeconds, whyNothing } from "../store/past.js";
import { madeFor } from "../store/series.js";
import type { State } from "../store/state.js";
import { fitsRing } from "../store/windows.js";
import { isAlive } from "./vm-plots.js";

/** Day and time in UTC: 2026-11-23 13:02:11. */
export function instantWords(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

/** Whose figures are looked at. */
export interface Subject { kind: "vm" | "host"; id: string }

/**
 * Why a graph has nothing to draw while it is not simply live; null: it is. `never`: why these figures are not known of
 * what ran and was measured.
 */
export function whyEmptyThen(state: State, of: readonly Subject[], never?: string): string | null {
  const { past } = state;
  const isAsking = of.some(({ kind, id }) => madeFor(past.series.get(`${kind} ${id}`), spanSeconds(past)) === undefined);
  if (past.at === null) return isAsking && isZoomed(past) && !fitsRing(spanSeconds(past)) ? "asking the server" : null;
  if (past.trouble !== null) return past.trouble;
  // What did not live or is not kept has no answer to wait for.
  const whys = new Set(of.map((subject) => unkept(state) ?? (past.frame === null ? ASKING : (unlived(state, subject) ?? (isAsking ? ASKING : whyUnknownThen(state, subject, never))))));
  const [why] = whys;
  return whys.size === 1 && why !== undefined ? why : "nothing known of any of them then";
}
/** Of what the server has not answered yet. */
export const ASKING = "asking the server";

/** Why a figure of the instant shown is not known; `never` as above. Only of the past. */
export function whyUnknownThen(state: State, subject: Subject, never = "not measured then"): string {
  const { past } = state;
  if (past.trouble !== null) return past.trouble;
  const why = unkept(state) ?? (past.frame === null ? ASKING : unlived(state, subject));
  if (why !== null) return why;
  const samples = subject.kind === "host" ? state.hostSamples : state.samples;
  return samples.has(subject.id) ? never : "not measured: no sample came";
}

/** A figure of then that history does not have, while others of the same moment are there. */
export const UNKEPT = "unkept";

/** Why nothing is known of where the memory of a VM or host was that did live then; `isAnswered`: its page's question has been. */
export function whyNoMemoryThen(state: State, subject: Subject, isAnswered: boolean): string {
  const why = whyUnknownThen(state, subject, UNKEPT);
  return why === UNKEPT && !isAnswered ? ASKING : why;
}

/** Why a host has no sample, of now or of then. */
export function whyNoSample(state: State, hostId: string): string {
  return state.past.at === null ? "no sample yet" : whyUnknownThen(state, { kind: "host", id: hostId });
}

/** What was before all that is kept. */
function unkept({ past: { at, oldest } }: State): string | null {
  return at !== null && oldest !== null && at < oldest ? `not kept before ${instantWords(oldest).slice(0, -":00".length)}` : null;
}

/** A VM that was not there, or did not run. */
function unlived(state: State, { kind, id }: Subject): string | null {
  if (kind === "host") return null;
  const vm = state.vms.get(id);
  if (vm === undefined) return "not defined then";
  return isAlive(vm) ? null : `${vm.state.toLowerCase()} then: nothing to measure`;
}

/** Why a list of what happened up to the instant shown is empty; null: it is not the past. */
export function noneThen(state: State, what: "event" | "operation"): string | null {
  const { past } = state;
  if (past.at === null) return null;
  return past.trouble ?? (past.frame === null ? "Asking the server." : `No ${what} of then or before is kept.`);
}

/** Why the table is empty while the past is looked at; null: it is not the past. */
export function emptyTextThen(state: State): string | null {
  const { past } = state;
  if (past.at === null) return null;
  const why = whyNothing(past);
  if (why !== null) return why;
  return past.frame === null ? `Asking the server what was at ${instantWords(past.at)} UTC.` : null;
}

/** Why the page of a VM has none to show while the past is looked at; null: it is not the past. */
export function goneThen(state: State): string | null {
  if (state.past.at === null) return null;
  return emptyTextThen(state) ?? "This VM was not defined then. 0 goes back to now.";
}
