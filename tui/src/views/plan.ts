// The page of one verb on several VMs: what each will do and what cannot, then how far each is, then what came of it.
// One row a VM, in the order in which they are asked.
import { protectionKey } from "../keys.js";
import { countsOf, doable, phraseFor, summaryOf, verbWords } from "../store/bulk.js";
import type { Bulk, BulkItem, BulkStep } from "../store/bulk.js";
import type { State } from "../store/state.js";
import { style } from "./frame.js";
import type { Rect, Role } from "./frame.js";
import { cut } from "./format.js";
import { scrolled } from "./lists.js";
import { BOLD, DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import type { Theme } from "./theme.js";

/** Cells of the VM's name, and of the word that says how far it is. */
const NAME_WIDTH = 20;
const STEP_WIDTH = 11;
/** The title above and the sentence below, with the rule between. */
const FRAME_ROWS = 3;

const STEP_WORDS: Readonly<Record<BulkStep, string>> = {
  waiting: "waiting", asked: "asked", running: "under way", succeeded: "done", failed: "failed", cancelled: "cancelled", dropped: "not asked", unknown: "not known",
};

export function planPage(p: Painter, rect: Rect): void {
  const { bulk } = p.state.ui;
  if (bulk === null) {
    rule(p, rect, "plan");
    p.frame.put(rect.x + 2, rect.y + 1, cut("Nothing is planned. Mark VMs with space on the overview, then press a verb.", rect.width - 4, p.theme.ellipsis), DIM);
    return;
  }
  rule(p, rect, titleOf(bulk), remarkOf(bulk));
  const height = rect.height - FRAME_ROWS;
  const first = scrolled(p.state, "plan", height, bulk.items.length);
  bulk.items.slice(first, first + height).forEach((item, row) => itemRow(p, rect, rect.y + 1 + row, bulk, item));
  const below = bulk.items.length - first - height;
  rule(p, { ...rect, y: rect.y + rect.height - 2, height: 1 }, "", below > 0 ? `${p.theme.down} ${below} more` : "");
  p.frame.put(rect.x + 1, rect.y + rect.height - 1, cut(sentenceOf(bulk), rect.width - 2, p.theme.ellipsis), bulk.phase === "over" ? BOLD : TEXT);
}

function vmCount(count: number): string {
  return `${count} ${count === 1 ? "VM" : "VMs"}`;
}

function titleOf(bulk: Bulk): string {
  const phase = bulk.phase === "running" ? (bulk.isCancelled ? "cancelling" : "under way") : bulk.phase === "over" ? "summary" : "plan";
  return `${phase}: ${verbWords(bulk.verb)} ${vmCount(bulk.items.length)}`;
}

function remarkOf(bulk: Bulk): string {
  const { can, cannot, unjudged, done, failed, dropped } = countsOf(bulk);
  if (bulk.phase === "judging") return `asking, ${unjudged} to answer`;
  if (bulk.phase === "planned") return cannot === 0 ? "all can" : `${can} can, ${cannot} cannot`;
  return `${done + failed + dropped} of ${can} ended`;
}

/** What Enter and Esc mean now, or the whole in one line. */
function sentenceOf(bulk: Bulk): string {
  const can = doable(bulk).length;
  const phrase = phraseFor(bulk);
  switch (bulk.phase) {
    case "judging": return "Asking the server of each what would happen. Nothing is done yet.";
    case "planned":
      if (can === 0) return "None of them can do this. Esc leaves; nothing was done.";
      return `Enter ${phrase === null ? "carries it out" : `asks for "${phrase}"`} for ${vmCount(can)}; Esc leaves, and nothing is done.`;
    case "running": return `${bulk.isCancelled ? "What is under way ends first." : "x cancels; Esc leaves it running, J comes back."} ${summaryOf(bulk)}.`;
    case "over": return `${verbWords(bulk.verb)}: ${summaryOf(bulk)}.`;
  }
}

function itemRow(p: Painter, rect: Rect, y: number, bulk: Bulk, item: BulkItem): void {
  const { theme } = p;
  const [sign, role] = signOf(theme, bulk, item);
  const isPlan = bulk.phase === "judging" || bulk.phase === "planned";
  const step = isPlan || item.judgement?.can !== true ? null : stepText(item);
  const start = parts(p, rect.x + 1, y, [
    [`${sign} `, style(role)], [cut(item.label, NAME_WIDTH, theme.ellipsis).padEnd(NAME_WIDTH + 1), TEXT],
    step === null ? null : [step.padEnd(STEP_WIDTH + 1), style(role)],
  ], rect.width - 1);
  const text = isPlan || item.judgement?.can !== true ? judgementText(p.state, bulk, item) : (item.reason ?? "");
  const isBad = item.judgement?.can === false || item.step === "failed" || item.step === "unknown";
  p.frame.put(start, y, cut(text, rect.x + rect.width - start - 1, theme.ellipsis), isBad ? style(role) : item.judgement === null ? DIM : TEXT);
}

function judgementText(state: State, { verb }: Bulk, { judgement, vmId }: BulkItem): string {
  if (judgement === null) return "asking";
  if (judgement.can) return judgement.effect;
  const vm = state.vms.get(vmId);
  const key = vm === undefined ? null : protectionKey(state, verb, [vm]);
  // The mend first: the server's sentence is cut at the edge.
  return `cannot: ${key === null ? "" : `protected (${key} takes that off): `}${judgement.reason}`;
}

function stepText({ step, progressRatio }: BulkItem): string {
  return step === "running" && progressRatio !== null && progressRatio > 0 ? `${STEP_WORDS[step]} ${Math.round(progressRatio * 100)}%` : STEP_WORDS[step];
}

/** A sign says the same as its colour, in the plan as in the progress. */
function signOf(theme: Theme, bulk: Bulk, item: BulkItem): readonly [string, Role] {
  if (item.judgement === null) return [theme.unknown, "dim"];
  if (!item.judgement.can) return [theme.attention, "attention"];
  if (bulk.phase === "planned" || bulk.phase === "judging") return [theme.mark, "mark"];
  switch (item.step) {
    case "waiting": return [theme.states.DEFINED, "dim"];
    case "asked": case "running": return [theme.states.STARTING, "between"];
    case "succeeded": return [theme.done, "running"];
    case "failed": return [theme.states.CRASHED, "crashed"];
    case "unknown": return [theme.attention, "attention"];
    case "cancelled": case "dropped": return [theme.states.STOPPED, "dim"];
  }
}
