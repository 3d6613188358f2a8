// Why a VM is slow: the VM and window that are asked about, what the server found, and the cause that is chosen. Pure;
// the rules that find causes are the server's.
import { chosenLine } from "./alerts.js";
import { isZoomed, spanSeconds } from "./past.js";
import { page, selectedVm, serverNow } from "./select.js";
import type { Page, State } from "./state.js";
import type { Vm } from "./model.js";

export interface WhyEvidence { text: string; source: string }

export interface Finding {
  kind: string;
  title: string;
  evidence: readonly WhyEvidence[];
  advice: string | null;
  adviceCommand: string | null;
  neighbour: { id: string; label: string } | null;
}

export interface Diagnosis {
  from: number;
  to: number;
  verdict: "SLOW" | "FINE" | "UNKNOWN";
  summary: string;
  slowFrom: number | null;
  slowTo: number | null;
  confidence: string | null;
  causes: readonly Finding[];
  ruledOut: readonly Finding[];
  notKnown: readonly Finding[];
}

export interface Why {
  vmId: string;
  /** Counts what the person asked for again. */
  asked: number;
  /** What was found last; it stays while it is asked again. */
  found: Diagnosis | null;
  /** Why there is no answer; null while there is one or it is awaited. */
  fault: string | null;
  /** The chosen finding: a cause, or past the causes one of what was ruled out or cannot be told. */
  index: number;
  /** The same question as GraphQL while that is shown instead; null: the causes are. */
  query: string | null;
}

export type WhyAction =
  | { type: "whyOpen"; vmId: string }
  /** The graphs of a VM over this page, so that Esc comes back to it. */
  | { type: "lookAt"; vmId: string }
  | { type: "whyAgain" }
  | { type: "whyQuery"; query: string | null }
  | { type: "whyFound"; vmId: string; diagnosis: Diagnosis }
  | { type: "whyFault"; vmId: string; reason: string };

export const WHY_ACTIONS: ReadonlySet<string> = new Set<WhyAction["type"]>(["whyOpen", "lookAt", "whyAgain", "whyQuery", "whyFound", "whyFault"]);

export function reduceWhy(state: State, action: WhyAction): State {
  const { why } = state.ui;
  if (action.type === "whyOpen") {
    const pages = upTo(state.ui.pages, "why");
    const opened: Why = { vmId: action.vmId, asked: 0, found: null, fault: null, index: 0, query: null };
    return { ...state, ui: { ...state.ui, pages, why: opened } };
  }
  if (action.type === "lookAt") return state.vms.has(action.vmId) ? { ...state, ui: { ...state.ui, selectedVmId: action.vmId, tab: "graphs", pages: [...state.ui.pages, "vm"] } } : state;
  // Of another VM: somebody has gone on meanwhile.
  if (why === null || ("vmId" in action && action.vmId !== why.vmId)) return state;
  return { ...state, ui: { ...state.ui, why: after(why, action) } };
}

/** The pages with this one on top: where it is open already, those above it close. */
function upTo(pages: readonly Page[], wanted: Page): Page[] {
  const at = pages.indexOf(wanted);
  return at === -1 ? [...pages, wanted] : pages.slice(0, at + 1);
}

function after(why: Why, action: Exclude<WhyAction, { type: "whyOpen" | "lookAt" }>): Why {
  switch (action.type) {
    case "whyAgain": return { ...why, asked: why.asked + 1 };
    case "whyQuery": return { ...why, query: action.query };
    case "whyFound": return { ...why, found: action.diagnosis, fault: null, index: indexIn(why, action.diagnosis) };
    case "whyFault": return { ...why, fault: action.reason };
  }
}

/** The chosen cause keeps the cursor when the ranking changes under it. */
function indexIn(why: Why, diagnosis: Diagnosis): number {
  const kind = why.found?.causes[why.index]?.kind;
  const same = kind === undefined ? -1 : diagnosis.causes.findIndex((cause) => cause.kind === kind);
  return same === -1 ? Math.min(why.index, lastFinding(diagnosis)) : same;
}

/** The last finding; where nothing follows the causes, one past them. */
function lastFinding({ causes, ruledOut, notKnown }: Diagnosis): number {
  return Math.max(causes.length + ruledOut.length + notKnown.length - 1, causes.length);
}

/** Up and down over the causes and what follows them. */
export function moveWhy(state: State, by: number): State {
  const { why } = state.ui;
  if (why === null) return state;
  const index = Math.max(0, Math.min(why.found === null ? 0 : lastFinding(why.found), why.index + by));
  return index === why.index ? state : { ...state, ui: { ...state.ui, why: { ...why, index } } };
}

/** The VM that a key is meant for: that of the page of causes or of the chosen alert, else the chosen one. */
export function meantVm(state: State): Vm | null {
  if (page(state) === "why" && state.ui.why !== null) return state.vms.get(state.ui.why.vmId) ?? null;
  if (page(state) !== "alerts") return selectedVm(state);
  const line = chosenLine(state);
  return line?.kind === "alert" ? (state.vms.get(line.alert.vmId) ?? null) : null;
}

export function chosenCause(state: State): Finding | null {
  const { why } = state.ui;
  return why?.found?.causes[why.index] ?? null;
}

/** What is asked for when nothing else is said, in milliseconds: as long as the server looks back by itself. */
const DEFAULT_WINDOW_MS = 600_000;
/** The server looks through no more than a day at once. */
const LONGEST_WINDOW_MS = 86_400_000;

/** What is asked about: up to the instant that is shown (null: now), and as long as the graphs span where that was chosen. */
export interface WhyWindow { at: number | null; spanMs: number }

export function whyWindow({ past }: State): WhyWindow {
  return { at: past.at, spanMs: isZoomed(past) ? Math.min(spanSeconds(past) * 1000, LONGEST_WINDOW_MS) : DEFAULT_WINDOW_MS };
}

/** The window as instants. */
export function windowOfWhy(state: State, { found }: Pick<Why, "found">): { from: number; to: number } {
  if (found !== null) return { from: found.from, to: found.to };
  const { at, spanMs } = whyWindow(state);
  const to = at ?? serverNow(state);
  return { from: to - spanMs, to };
}
