// The filter of the table: the text that is typed, and the VMs that the server says it finds. What the language means is
// the server's alone; here is the last set it gave, which stays while the server is away or the text is no filter.
import type { Notice, State } from "./state.js";

export interface FilterFault {
  /** One sentence, with the column. */
  text: string;
  /** Character of the typed text, from 1. */
  column: number;
}
export interface FilterMatches {
  /** Null until the first answer: nothing is hidden before it. */
  ids: ReadonlySet<string> | null;
  /** The text that `ids` answers: another than the one typed until the server has answered. */
  where: string;
  /** Why the text as it now is is no filter; null: it is one, or has not been answered. */
  fault: FilterFault | null;
}
export interface MatchesAction { type: "matches"; where: string; ids: readonly string[]; fault: FilterFault | null }

export const NO_MATCHES: FilterMatches = { ids: null, where: "", fault: null };

/** Longest filter that can be typed, in characters: three lines of the narrowest screen. */
export const FILTER_MAX_LENGTH = 240;

/** Another text: the set of the last one is shown until the server has answered. Spaces alone are no filter. */
export function filtered(state: State, text: string): State {
  const filter = text.trim() === "" ? "" : text;
  if (filter === state.ui.filter) return state;
  const matches = filter === "" ? NO_MATCHES : { ...state.matches, fault: null };
  return { ...state, matches, ui: { ...state.ui, filter } };
}

/** An answer to a text that has been changed meanwhile is late and counts for nothing. */
export function withMatches(state: State, { where, ids, fault }: MatchesAction): State {
  if (where !== state.ui.filter) return state;
  if (fault === null) return { ...state, matches: { ids: new Set(ids), where, fault } };
  // Under the prompt the fault is shown where it is typed; after Enter it must not go unseen.
  const notice: Notice | null = state.ui.prompt?.kind === "filter" ? state.ui.notice : { tone: "error", text: fault.text, at: state.now };
  return { ...state, matches: { ...state.matches, fault }, ui: { ...state.ui, notice } };
}

/** Whether what is shown is what the text as it now is finds: what is done to all of it waits for that. */
export function isAnswered(state: State): boolean {
  return state.matches.where === state.ui.filter;
}

export function isFound(state: State, vmId: string): boolean {
  return state.ui.filter === "" || state.matches.ids === null || state.matches.ids.has(vmId);
}
