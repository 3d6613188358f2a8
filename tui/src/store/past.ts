// The time machine: which instant is shown instead of now, how long graphs span, and what the server has answered of
// then. The live state goes on growing beside it, unseen, so that coming back costs nothing. Pure.
import type { MemoryBreakdown, VmMemory, VmMemoryDetail } from "./memory.js";
import type { DiskSample, Event, HostSample, Operation, Vm, VmDetail, VmSample } from "./model.js";
import type { Series } from "./series.js";
import { hostSample, page, serverNow } from "./select.js";
import type { State } from "./state.js";

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** Spans of graphs, and how far one step goes at each: far enough to be seen moving, fine enough to find a spike. */
export const ZOOMS = [
  { seconds: MINUTE, step: 1 }, { seconds: 2 * MINUTE, step: 1 }, { seconds: 5 * MINUTE, step: 1 }, { seconds: 10 * MINUTE, step: 2 },
  { seconds: 30 * MINUTE, step: 10 }, { seconds: HOUR, step: 10 }, { seconds: 3 * HOUR, step: 30 }, { seconds: 6 * HOUR, step: MINUTE },
  { seconds: 12 * HOUR, step: 2 * MINUTE }, { seconds: DAY, step: 5 * MINUTE }, { seconds: 3 * DAY, step: 15 * MINUTE }, { seconds: 7 * DAY, step: 30 * MINUTE },
  { seconds: 30 * DAY, step: 2 * HOUR },
] as const;
/** Five minutes. */
const FIRST_ZOOM = 2;
/** What the server keeps, in seconds back: 1 s steps for an hour, 10 s for a day, then minutes. */
const KEPT_STEPS = [{ within: HOUR, step: 1 }, { within: DAY, step: 10 }, { within: Infinity, step: MINUTE }] as const;
/** Nothing is kept for longer, so there is nowhere to go. */
export const REACH_SECONDS = 31 * DAY;
/** Samples come once a second: half of that after one is the furthest from its neighbours, whatever a timer's jitter. */
const BETWEEN_SAMPLES_MS = 500;

/** Why nothing can be changed while the past is looked at. */
export const THE_PAST = "This is the past; 0 goes back to now.";

/** What was at one instant, as the server answered. */
export interface PastFrame {
  at: number;
  /** When its figures were taken; a longer step's start. */
  clock: number;
  /** Seconds that each figure stands for. */
  stepSeconds: number;
  /** The filter that it was asked with, and the VMs that passed it then; null: there was none. */
  where: string;
  found: ReadonlySet<string> | null;
  vms: ReadonlyMap<string, Vm>;
  samples: Map<string, VmSample>;
  hostSamples: ReadonlyMap<string, HostSample>;
  definitions: ReadonlyMap<string, string[]>;
  /** Up to that instant, oldest first. */
  events: Event[];
  operations: Operation[];
  /** Where memory was, by host and by VM; null: the page of memory was not looked at. */
  memory: { hosts: ReadonlyMap<string, MemoryBreakdown | null>; vms: readonly VmMemory[] } | null;
  /** What the page of a VM adds; null: none was looked at. */
  one: PastOne | null;
}

/** One VM at one instant. Of several vCPUs and disks each is named, and what is kept is of all together. */
export interface PastOne {
  /** Null where nothing was measured. */
  detail: VmDetail | null;
  allDisks: DiskSample | null;
  memory: VmMemoryDetail;
}

export interface Past {
  /** The instant shown, by the server's clock in milliseconds; null: now. */
  at: number | null;
  zoom: number;
  /** Now, by the server's clock, while `now` of the state is then. */
  seenFrom: number;
  /** The newest answer; of another instant while the one asked for is on its way. */
  frame: PastFrame | null;
  /** Why the server could not answer; null while it does. */
  trouble: string | null;
  /** The oldest instant of which anything is kept; null: not known. */
  oldest: number | null;
  /** Longer spans than the rings hold, and the spans of the past: by `vm ID`, `host ID` and `spark ID`. */
  series: ReadonlyMap<string, Series>;
  /** An instant to compare another with; null: none is marked. */
  mark: number | null;
  comparison: { first: number; second: number; frames: readonly [PastFrame | null, PastFrame | null] } | null;
}

export const NO_PAST: Past = { at: null, zoom: FIRST_ZOOM, seenFrom: 0, frame: null, trouble: null, oldest: null, series: new Map(), mark: null, comparison: null };

export type PastAction =
  /** So many steps forth (or, below 0, back). */
  | { type: "scrub"; steps: number }
  | { type: "zoom"; by: 1 | -1 }
  | { type: "present" }
  | { type: "markInstant" }
  | { type: "pastFrame"; frame: PastFrame }
  | { type: "pastTrouble"; at: number; reason: string }
  | { type: "pastBounds"; oldest: number | null }
  | { type: "pastSeries"; series: readonly Series[] }
  | { type: "comparedFrames"; first: PastFrame; second: PastFrame };

export const PAST_ACTIONS = new Set(["scrub", "zoom", "present", "markInstant", "pastFrame", "pastTrouble", "pastBounds", "pastSeries", "comparedFrames"]);

/** Series kept: those of every VM's small graph, and of a few VMs and hosts looked at. */
const SERIES_KEPT = 300;

export function reducePast(state: State, action: PastAction): State {
  const { past } = state;
  const changed = (change: Partial<Past>): State => ({ ...state, past: { ...past, ...change } });
  switch (action.type) {
    case "scrub":
      return changed(page(state) === "instants" ? scrubbedComparison(state, action.steps) : scrubbed(state, action.steps));
    case "zoom":
      return changed({ zoom: Math.max(0, Math.min(ZOOMS.length - 1, past.zoom + action.by)) });
    case "present":
      return past.at === null ? changed({ zoom: FIRST_ZOOM, mark: null }) : changed({ at: null, frame: null, trouble: null });
    case "markInstant":
      return marked(state);
    case "pastFrame":
      // An answer that comes after the person has gone back to now is of no use any more.
      return past.at === null ? state : changed({ frame: action.frame, trouble: null });
    case "pastTrouble":
      return past.at === action.at ? changed({ trouble: action.reason }) : state;
    case "pastBounds":
      return changed({ oldest: action.oldest });
    case "pastSeries":
      return changed({ series: withSeries(past.series, action.series) });
    case "comparedFrames":
      return past.comparison === null ? state : changed({ comparison: { ...past.comparison, frames: [action.first, action.second] } });
  }
}

/** The newest instant that can be told from now: half a second after the newest sample. */
function newestInstant(state: State): number {
  const sample = hostSample(state);
  return sample === null ? serverNow(state) : sample.time + BETWEEN_SAMPLES_MS;
}

function scrubbed(state: State, steps: number): Partial<Past> {
  const { past } = state;
  const newest = newestInstant(state);
  const at = (past.at ?? newest) + steps * stepSeconds(state) * 1000;
  // Forth beyond the newest sample is now.
  if (at >= newest) return { at: null, frame: null, trouble: null };
  return { at: Math.max(at, newest - REACH_SECONDS * 1000), trouble: null };
}

/**
 * On the page of two instants a step moves one of them: the one that the header shows, else the later. They never pass
 * each other, and the header goes with the one that is moved.
 */
function scrubbedComparison(state: State, steps: number): Partial<Past> {
  const { past } = state;
  const { comparison } = past;
  if (comparison === null) return scrubbed(state, steps);
  const { first, second } = comparison;
  const isFirst = past.at === first;
  const stepMs = stepSeconds({ ...state, past: { ...past, at: isFirst ? first : second } }) * 1000;
  const newest = newestInstant(state);
  const wished = Math.max((isFirst ? first : second) + steps * stepMs, newest - REACH_SECONDS * 1000);
  const at = isFirst ? Math.min(wished, second - stepMs) : Math.min(newest, Math.max(wished, first + stepMs));
  const moved = { comparison: { ...comparison, first: isFirst ? at : first, second: isFirst ? second : at } };
  return at >= newest ? { ...moved, at: null, frame: null, trouble: null } : { ...moved, at, trouble: null };
}

/** Whether what the server has answered is of the two instants that are compared now. */
export function isCompared({ comparison }: Past): boolean {
  return comparison !== null && comparison.frames[0]?.at === comparison.first && comparison.frames[1]?.at === comparison.second;
}

/** How far one step goes at this zoom: never less than what the server keeps of that time. */
export function stepSeconds(state: State): number {
  const ageSeconds = state.past.at === null ? 0 : (serverNow(state) - state.past.at) / 1000;
  const kept = KEPT_STEPS.find(({ within }) => ageSeconds < within)?.step ?? MINUTE;
  return Math.max(kept, ZOOMS[state.past.zoom]?.step ?? 1);
}

export function spanSeconds(past: Past): number {
  return ZOOMS[past.zoom]?.seconds ?? ZOOMS[FIRST_ZOOM].seconds;
}

/** Whether graphs span something else than where they begin. */
export function isZoomed(past: Past): boolean {
  return past.zoom !== FIRST_ZOOM;
}

/** The first time an instant is marked, the second time it is compared with the one shown. */
function marked(state: State): State {
  const { past, ui } = state;
  const here = past.at ?? newestInstant(state);
  if (past.mark === null) return { ...state, past: { ...past, mark: here } };
  const [first, second] = past.mark <= here ? [past.mark, here] : [here, past.mark];
  if (first === second) return { ...state, past: { ...past, mark: null } };
  const pages = [...ui.pages.filter((page) => page !== "instants"), "instants" as const];
  return { ...state, past: { ...past, mark: null, comparison: { first, second, frames: [null, null] } }, ui: { ...ui, pages, scroll: { ...ui.scroll, instants: 0 } } };
}

function withSeries(known: ReadonlyMap<string, Series>, news: readonly Series[]): ReadonlyMap<string, Series> {
  const series = new Map(known);
  for (const one of news) {
    // The newest come last, so that the oldest are dropped first.
    series.delete(one.key);
    series.set(one.key, one);
  }
  for (const key of series.keys()) {
    if (series.size <= SERIES_KEPT) break;
    series.delete(key);
  }
  return series;
}

/** Whether what is shown is not yet of the instant that was asked for. */
export function isLoading(past: Past): boolean {
  return past.at !== null && past.trouble === null && past.frame?.at !== past.at;
}

/** The filter as the past is asked with it: the last text that was one. */
export function whereThen({ ui, matches }: State): string {
  return ui.filter === "" ? "" : matches.where;
}

/** Why nothing is known of the instant shown; null when something is, or the answer is on its way. */
export function whyNothing(past: Past): string | null {
  if (past.at === null || isLoading(past)) return null;
  if (past.trouble !== null) return past.trouble;
  if (past.oldest !== null && past.at < past.oldest) return `Nothing is kept of then: what is kept begins ${utc(past.oldest)}.`;
  return past.frame !== null && past.frame.vms.size === 0 ? "No VM was defined then." : null;
}

function utc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
