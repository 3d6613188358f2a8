// The page of one verb on several VMs: what each will do and what cannot, then how far each is, then what came of it.
// One row a VM, in the order in which they are asked, and below them the chosen one told whole.
import { protectionKey } from "../keys.js";
import { countsOf, doable, phraseFor, summaryOf, verbWords } from "../store/bulk.js";
import type { Bulk, BulkItem, BulkStep } from "../store/bulk.js";
import { PLAN_MARGIN_CELLS, chosenIndex, planDetailRows, planLines, withoutName } from "../store/plan-rows.js";
import type { State } from "../store/state.js";
import { padCells } from "../width.js";
import { style } from "./frame.js";
import type { Rect, Role } from "./frame.js";
import { cut } from "./format.js";
import { cutName, nameCells, nameNeeds } from "./names.js";
import { BOLD, DIM, TEXT, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import type { Theme } from "./theme.js";
import { firstRow } from "./vm-table.js";

/** Least cells of the VM's name, and those of the word that says how far it is. */
const NAME_LEAST_WIDTH = 20;
const STEP_WIDTH = 11;
/** The title above, the rule and title of the chosen row, and the sentence with its rule below. */
const FRAME_ROWS = 4;

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
  const details = planDetailRows(rect.height);
  const height = rect.height - FRAME_ROWS - details;
  const chosen = chosenIndex(p.state, bulk);
  const first = firstRow(chosen, height, bulk.items.length);
  const name = nameCells(nameNeeds(bulk.items.map(({ label }) => label)), rect.width, NAME_LEAST_WIDTH);
  bulk.items.slice(first, first + height).forEach((item, row) => {
    const line: Rect = { ...rect, y: rect.y + 1 + row, height: 1 };
    itemRow(p, line, bulk, item, name);
    p.frame.clickable(line, { kind: "line", index: first + row, chosen });
    if (first + row === chosen) p.frame.invert(rect.x + 1, line.y, rect.width - 2);
  });
  const item = bulk.items[chosen];
  if (item !== undefined) detail(p, { ...rect, y: rect.y + 1 + height, height: 1 + details }, item, bulk.items.length - first - height);
  rule(p, { ...rect, y: rect.y + rect.height - 2, height: 1 }, "");
  p.frame.put(rect.x + 1, rect.y + rect.height - 1, cut(sentenceOf(bulk), rect.width - 2, p.theme.ellipsis), bulk.phase === "over" ? BOLD : TEXT);
}

/** The chosen row whole; a row of the list holds the start of it. */
function detail(p: Painter, rect: Rect, item: BulkItem, below: number): void {
  const { frame, theme, state } = p;
  const rows = rect.height - 1;
  const lines = planLines(item, rect.width - PLAN_MARGIN_CELLS);
  const first = Math.max(0, Math.min(state.ui.readFrom, lines.length - rows));
  const rest = lines.length - first - rows;
  const remarks = [first > 0 ? "← back" : "", rest > 0 ? `${rest} more lines, → reads on` : "", below > 0 ? `${theme.down} ${below} more VMs` : ""];
  rule(p, { ...rect, height: 1 }, item.label === item.vmId ? item.label : `${item.label} (${item.vmId})`, remarks.filter((text) => text !== "").join("  "));
  const isBad = item.judgement?.can === false || item.step === "failed" || item.step === "unknown";
  lines.slice(first, first + rows).forEach((line, row) => frame.put(rect.x + 1, rect.y + 1 + row, line, isBad ? style("attention") : TEXT, rect.width - PLAN_MARGIN_CELLS));
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

function itemRow(p: Painter, { x, y, width }: Rect, bulk: Bulk, item: BulkItem, name: number): void {
  const { theme } = p;
  const [sign, role] = signOf(theme, bulk, item);
  const isPlan = bulk.phase === "judging" || bulk.phase === "planned";
  const step = isPlan || item.judgement?.can !== true ? null : stepText(item);
  const start = parts(p, x + 1, y, [
    [`${sign} `, style(role)], [padCells(cutName(item.label, name, theme.ellipsis), name + 1), TEXT],
    step === null ? null : [step.padEnd(STEP_WIDTH + 1), style(role)],
  ], width - 1);
  const text = isPlan || item.judgement?.can !== true ? judgementText(p.state, bulk, item) : withoutName(item.reason ?? "", item);
  const isBad = item.judgement?.can === false || item.step === "failed" || item.step === "unknown";
  p.frame.put(start, y, cut(text, x + width - start - 1, theme.ellipsis), isBad ? style(role) : item.judgement === null ? DIM : TEXT);
}

function judgementText(state: State, { verb }: Bulk, item: BulkItem): string {
  const { judgement, vmId } = item;
  if (judgement === null) return "asking";
  if (judgement.can) return judgement.effect;
  const vm = state.vms.get(vmId);
  const key = vm === undefined ? null : protectionKey(state, verb, [vm]);
  // The mend first: a long sentence is cut at the edge, and whole below the list.
  return `cannot: ${key === null ? "" : `protected (${key} takes that off): `}${withoutName(judgement.reason, item)}`;
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
