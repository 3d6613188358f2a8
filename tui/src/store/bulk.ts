// One verb on several VMs, from its plan to its summary:
//
//   judging ──all answered──► planned ──Enter──► running ──every item ended──► over
//
// It knows what each VM was asked and what became of it, and nothing of how that travels.
import type { VmVerb } from "./model.js";
import { page } from "./select.js";
import type { State } from "./state.js";

/** What can be asked of several VMs: every verb but the console, edits of the definition, and undoing. */
export type BulkVerb = Exclude<VmVerb, "CONSOLE"> | "PROTECT" | "UNPROTECT" | "LABEL" | "BALLOON" | "MEMORY_SIZE" | "VCPUS" | "PAGE_OUT" | "CONTROL" | "UNDO";

/** What the server says of one VM before anything is done. */
export type Judgement = { can: true; effect: string } | { can: false; reason: string };

/**
 * Where one VM is. `waiting` is not asked yet; `dropped` was never asked, because the whole was cancelled; `unknown`
 * was asked and its end could not be learnt.
 */
export type BulkStep = "waiting" | "asked" | "running" | "succeeded" | "failed" | "cancelled" | "dropped" | "unknown";

export interface BulkItem {
  vmId: string;
  label: string;
  judgement: Judgement | null;
  step: BulkStep;
  operationId: string | null;
  progressRatio: number | null;
  cancellable: boolean;
  /** Why it failed or is not known; null otherwise. */
  reason: string | null;
}

export interface Bulk {
  verb: BulkVerb;
  phase: "judging" | "planned" | "running" | "over";
  items: readonly BulkItem[];
  isCancelled: boolean;
}

export type BulkAction =
  | { type: "bulkPlan"; verb: BulkVerb; vms: readonly { id: string; label: string }[] }
  | { type: "bulkJudged"; vmId: string; judgement: Judgement }
  | { type: "bulkStart" }
  | { type: "bulkItem"; vmId: string; change: Partial<Pick<BulkItem, "step" | "operationId" | "progressRatio" | "cancellable" | "reason">> }
  | { type: "bulkCancel" }
  | { type: "bulkLeave" }
  | { type: "bulkShow" };

export const BULK_ACTIONS: ReadonlySet<string> = new Set<BulkAction["type"]>([
  "bulkPlan", "bulkJudged", "bulkStart", "bulkItem", "bulkCancel", "bulkLeave", "bulkShow",
]);

const ENDED: ReadonlySet<BulkStep> = new Set<BulkStep>(["succeeded", "failed", "cancelled", "dropped", "unknown"]);

export function reduceBulk(state: State, action: BulkAction): State {
  const { bulk } = state.ui;
  switch (action.type) {
    case "bulkPlan":
      return shown(withBulk(state, { verb: action.verb, phase: "judging", items: action.vms.map(({ id, label }) => fresh(id, label)), isCancelled: false }));
    case "bulkJudged":
      return bulk === null ? state : withBulk(state, judged(bulk, action.vmId, action.judgement));
    case "bulkStart":
      return bulk?.phase === "planned" ? { ...withBulk(state, settled({ ...bulk, phase: "running" })) } : state;
    case "bulkItem":
      return bulk?.phase === "running" ? withBulk(state, settled({ ...bulk, items: bulk.items.map((item) => (item.vmId === action.vmId && !ENDED.has(item.step) ? { ...item, ...action.change } : item)) })) : state;
    case "bulkCancel":
      return bulk?.phase === "running" ? withBulk(state, settled(cancelled(bulk))) : state;
    case "bulkLeave":
      return left(state);
    case "bulkShow":
      return bulk === null ? state : shown(state);
  }
}

function withBulk(state: State, bulk: Bulk | null): State {
  return { ...state, ui: { ...state.ui, bulk } };
}

function fresh(vmId: string, label: string): BulkItem {
  return { vmId, label, judgement: null, step: "waiting", operationId: null, progressRatio: null, cancellable: false, reason: null };
}

function judged(bulk: Bulk, vmId: string, judgement: Judgement): Bulk {
  if (bulk.phase !== "judging") return bulk;
  const items = bulk.items.map((item) => (item.vmId === vmId ? { ...item, judgement } : item));
  return { ...bulk, items, phase: items.every((item) => item.judgement !== null) ? "planned" : "judging" };
}

/** Over as soon as everything that can be done has ended. */
function settled(bulk: Bulk): Bulk {
  return doable(bulk).every((item) => ENDED.has(item.step)) ? { ...bulk, phase: "over" } : bulk;
}

function cancelled(bulk: Bulk): Bulk {
  const items = bulk.items.map((item) => (item.step === "waiting" && item.judgement?.can === true ? { ...item, step: "dropped" as const } : item));
  return { ...bulk, items, isCancelled: true };
}

function shown(state: State): State {
  if (page(state) === "plan") return state;
  return { ...state, ui: { ...state.ui, pages: [...state.ui.pages.filter((one) => one !== "plan"), "plan"], scroll: { ...state.ui.scroll, plan: 0 }, readFrom: 0 } };
}

/** The page closes; a plan or a summary is then done with, what runs goes on. */
function left(state: State): State {
  const pages = state.ui.pages.filter((one) => one !== "plan");
  const bulk = state.ui.bulk?.phase === "running" ? state.ui.bulk : null;
  return { ...state, ui: { ...state.ui, pages: pages.length === 0 ? ["overview"] : pages, bulk } };
}

/** What the server said can be done. */
export function doable(bulk: Bulk): readonly BulkItem[] {
  return bulk.items.filter((item) => item.judgement?.can === true);
}

export interface BulkCounts { can: number; cannot: number; unjudged: number; done: number; underWay: number; waiting: number; failed: number; dropped: number }

export function countsOf(bulk: Bulk): BulkCounts {
  const counts: BulkCounts = { can: 0, cannot: 0, unjudged: 0, done: 0, underWay: 0, waiting: 0, failed: 0, dropped: 0 };
  for (const { judgement, step } of bulk.items) {
    if (judgement === null) counts.unjudged++;
    else if (!judgement.can) counts.cannot++;
    else {
      counts.can++;
      if (step === "succeeded") counts.done++;
      else if (step === "failed" || step === "unknown") counts.failed++;
      else if (step === "cancelled" || step === "dropped") counts.dropped++;
      else if (step === "waiting") counts.waiting++;
      else counts.underWay++;
    }
  }
  return counts;
}

/** The whole in one line: "2 done, 1 failed, 1 not done". */
export function summaryOf(bulk: Bulk): string {
  const { done, failed, dropped, cannot, underWay, waiting } = countsOf(bulk);
  const said: readonly (readonly [number, string])[] = [
    [done, "done"], [underWay, "under way"], [waiting, "waiting"], [failed, "failed"], [dropped, "cancelled"], [cannot, "could not"],
  ];
  const text = said.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(", ");
  return text === "" ? "nothing to do" : text;
}

/** The verb in the words of its key. */
export function verbWords(verb: BulkVerb): string {
  return verb === "FORCE_OFF" ? "power cut" : verb.toLowerCase().replaceAll("_", " ");
}

/** No undo brings back what these take: a whole VM, or what its guest has not saved. */
const FOR_GOOD: ReadonlySet<BulkVerb> = new Set<BulkVerb>(["DELETE", "FORCE_OFF", "RESET"]);

/** What must be typed before that is done to several VMs. */
export function phraseFor(bulk: Bulk): string | null {
  const { can } = countsOf(bulk);
  return FOR_GOOD.has(bulk.verb) && can > 0 ? `${verbWords(bulk.verb)} ${can}` : null;
}

/** Which of two opposite verbs a key means for several VMs: `p` resumes only when there is nothing left to pause. */
export function bulkVerbFor<Verb extends BulkVerb>(verb: Verb, vms: readonly { state: string }[]): Verb | "PAUSE" | "RESUME" {
  if (verb !== "PAUSE" && verb !== "RESUME") return verb;
  const paused = vms.some((vm) => vm.state === "PAUSED");
  return paused && !vms.some((vm) => vm.state === "RUNNING") ? "RESUME" : "PAUSE";
}
