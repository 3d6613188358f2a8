// What the person's keys do to the state: pages, selection, order, prompts. It knows nothing of the server.
import type { ViewAction } from "./actions.js";
import { reduceBulk } from "./bulk.js";
import { comparedInstants } from "./instants.js";
import { naturalDirection } from "./columns.js";
import { FILTER_MAX_LENGTH, filtered } from "./filter.js";
import { moveAlerts } from "./alerts.js";
import { moveForm } from "./form.js";
import { memoryRowAt, memorySortStep, turned } from "./memory.js";
import { logRows } from "./log.js";
import { reduceMarks } from "./marks.js";
import { nextNotice, refuser, withNoticesSeen } from "./notices.js";
import { movePlan, readPlan } from "./plan-rows.js";
import { readOn } from "./reading.js";
import { listedRows, moveRow } from "./rows.js";
import { page, visibleVms } from "./select.js";
import { COMPARED_FIGURES, SORT_COLUMNS, VM_TABS } from "./state.js";
import { moveWhy } from "./why.js";
import { columnLines, moveChoice, reduceTable, viewLines } from "./table-choice.js";
import type { Prompt, State, Ui } from "./state.js";

/** Longest line that can be typed into a prompt, in characters: a VM's name holds 64. */
const PROMPT_MAX_LENGTH = 64;
/** Longest line of labels: a dozen of common ones. */
const LABELS_MAX_LENGTH = 400;
const LONGEST_PROMPTS: Partial<Record<Prompt["kind"], number>> = { filter: FILTER_MAX_LENGTH, labels: LABELS_MAX_LENGTH };
/** Actions of the palette remembered as used lately. */
const RECENT_KEPT = 6;
/** Pages kept to go back through. */
const PAGES_DEPTH = 8;

export function reduceView(state: State, action: ViewAction): State {
  switch (action.type) {
    case "move":
      return move(state, action.by);
    case "sized":
      return sized(state, action);
    case "moveTo":
      return move(state, action.edge === "first" ? -Infinity : Infinity);
    case "enter":
      return enter(state);
    case "back":
      return back(state);
    case "open":
      return page(state) === action.page ? back(state) : opened(state, action.page);
    case "goTo":
      return state.vms.has(action.vmId) ? opened(withUi(state, { selectedVmId: action.vmId, tab: "graphs", pages: ["overview"] }), "vm") : state;
    case "choose":
      return visibleVms(state).some(({ id }) => id === action.vmId) ? withUi(state, { selectedVmId: action.vmId }) : state;
    case "tab":
      return withUi(state, { tab: action.tab });
    case "nextTab":
      return withUi(state, { tab: VM_TABS[(VM_TABS.indexOf(state.ui.tab) + 1) % VM_TABS.length] ?? "graphs" });
    case "readOn":
      return page(state) === "plan" ? readPlan(state, action.by) : readOn(state, action.by);
    case "cpuScale":
      return withUi(state, { cpuScale: state.ui.cpuScale === "core" ? "vm" : "core" });
    case "compareStep":
      return withUi(state, { compared: COMPARED_FIGURES[(COMPARED_FIGURES.indexOf(state.ui.compared) + action.step + COMPARED_FIGURES.length) % COMPARED_FIGURES.length] ?? "cpu" });
    case "sortBy":
      return withUi(state, { sort: { column: action.column, direction: naturalDirection(action.column) } });
    case "sortStep":
      return page(state) === "memory" ? withUi(state, { memoryOrder: memorySortStep(state.ui.memoryOrder, action.step) }) : sortStep(state, action.step);
    case "sortReverse":
      return sortReverse(state);
    case "nextTheme":
      return withUi(state, { theme: nextOf(state.settings.themes, state.ui.theme) });
    case "toggleColumn":
    case "shiftColumn":
    case "wearView":
    case "pointAt":
    case "settings":
    case "settingsFaults":
      return reduceTable(state, action);
    case "prompt":
      return withUi(state, { prompt: action.prompt });
    case "promptText":
      return promptText(state, action.text);
    case "promptIndex":
      return state.ui.prompt?.kind === "command" ? withUi(state, { prompt: { ...state.ui.prompt, index: action.index } }) : state;
    case "found":
      return withUi(state, { recent: [action.id, ...state.ui.recent.filter((id) => id !== action.id)].slice(0, RECENT_KEPT) });
    case "userCommands":
      return { ...state, userCommands: action.commands };
    case "filter":
      return filtered(state, action.text);
    case "notice":
      return withUi(state, { notice: nextNotice(state, { tone: action.tone, text: action.text, at: state.now, of: refuser(state, action.vmId) }) });
    case "clearNotice":
      return withNoticesSeen(state);
    case "console":
      return withUi(state, { console: action.console });
  }
}

function withUi(state: State, change: Partial<Ui>): State {
  return { ...state, ui: { ...state.ui, ...change } };
}

function sized(state: State, { bodyRows, columns, helpLines = state.ui.helpLines }: Extract<ViewAction, { type: "sized" }>): State {
  const { ui } = state;
  return bodyRows === ui.bodyRows && columns === ui.columns && helpLines === ui.helpLines ? state : withUi(state, { bodyRows, columns, helpLines });
}

function opened(state: State, next: Ui["pages"][number]): State {
  const scroll = { ...state.ui.scroll, [next]: 0 };
  const chosenRows = { ...state.ui.chosenRows, [next]: undefined };
  const [first, ...others] = [...state.ui.pages, next];
  // The overview stays the last to come back to, however many pages were opened.
  return withUi(state, { choice: 0, pages: [first, ...others.slice(1 - PAGES_DEPTH)], scroll, chosenRows, readFrom: 0 });
}

/** One step out: a page closes; on the overview Esc takes the marks away, then the filter. */
function back(state: State): State {
  if (page(state) === "plan") return reduceBulk(state, { type: "bulkLeave" });
  if (state.ui.pages.length > 1) return withUi(state, { pages: state.ui.pages.slice(0, -1) });
  if (state.ui.marks.size > 0) return reduceMarks(state, { type: "markNone" });
  return filtered(state, "");
}

/** From the table to the VM's graphs, from the memory page to its memory. */
function enter(state: State): State {
  const from = page(state);
  if (state.ui.selectedVmId === null || (from !== "overview" && from !== "memory")) return state;
  return opened(withUi(state, { tab: from === "memory" ? "memory" : "graphs" }), "vm");
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

function move(state: State, by: number): State {
  const current = page(state);
  if (current === "overview") {
    const rows = visibleVms(state);
    const index = rows.findIndex((vm) => vm.id === state.ui.selectedVmId);
    const next = rows[clamp(Math.max(index, 0) + by, 0, rows.length - 1)];
    return next === undefined ? state : withUi(state, { selectedVmId: next.id });
  }
  if (current === "memory") {
    const next = memoryRowAt(state, by);
    return next === null ? state : withUi(state, { selectedVmId: next.id });
  }
  if (current === "why") return moveWhy(state, by);
  if (current === "alerts") return moveAlerts(state, by);
  if (current === "plan") return movePlan(state, by);
  if (current === "form") return moveForm(state, by);
  // With several hosts the arrows choose one; whole pages still scroll its lines.
  if (current === "hosts" && state.hosts.length > 1 && (Math.abs(by) === 1 || !Number.isFinite(by))) {
    const index = Math.max(0, state.hosts.findIndex((one) => one.id === state.ui.selectedHostId));
    const next = state.hosts[clamp(index + by, 0, state.hosts.length - 1)];
    return next === undefined ? state : withUi(state, { selectedHostId: next.id });
  }
  if (current === "columns" || current === "views") return moveChoice(state, by, (current === "columns" ? columnLines(state) : viewLines(state)).length);
  const rows = listedRows(state);
  if (rows !== null) return moveRow(state, rows, by);
  const key = current === "vm" ? `vm.${state.ui.tab}` : current;
  const most = scrollLimit(state, key);
  return withUi(state, { scroll: { ...state.ui.scroll, [key]: clamp((state.ui.scroll[key] ?? 0) + by, 0, most) } });
}

/** Lines that can be scrolled past on a page, so that its last one still stands at the bottom; views cut to the exact row. */
function scrollLimit(state: State, key: string): number {
  return Math.max(0, lineCount(state, key) - state.ui.bodyRows + PAGE_HEAD_ROWS_MAX);
}
/** The most rows that heads and remarks of a page take. */
const PAGE_HEAD_ROWS_MAX = 5;

function lineCount(state: State, key: string): number {
  switch (key) {
    case "hosts": return HOST_LINES_MAX;
    case "vm.cpu":
    case "vm.memory":
    case "vm.disks": return PARTS_MAX;
    case "instants": return comparedInstants(state).length;
    case "log": return state.log.reduce((rows, line) => rows + logRows(line, state.ui.columns).length, 0);
    case "vm.definition": return state.definition?.lines.length ?? 0;
    case "help": return state.ui.helpLines;
    default: return OTHER_LINES_MAX;
  }
}
/** A host is told in no more lines than this; views cut to the exact row. */
const HOST_LINES_MAX = 200;
/** vCPUs, figures or disks of one VM that can be scrolled through. */
const PARTS_MAX = 512;
/** The help page has no more lines than this: a test counts them. */
export const HELP_LINES_MAX = 121;
/** Lines of what nobody counts, the text of an edit. */
const OTHER_LINES_MAX = 112;

function sortStep(state: State, step: 1 | -1): State {
  const index = SORT_COLUMNS.indexOf(state.ui.sort.column) + step;
  const column = SORT_COLUMNS[(index + SORT_COLUMNS.length) % SORT_COLUMNS.length] ?? "name";
  return withUi(state, { sort: { column, direction: naturalDirection(column) } });
}

function sortReverse(state: State): State {
  const { sort, memoryOrder } = state.ui;
  if (page(state) === "memory") return withUi(state, { memoryOrder: { ...memoryOrder, direction: turned(memoryOrder.direction) } });
  return withUi(state, { sort: { ...sort, direction: turned(sort.direction) } });
}

function nextOf(names: readonly string[], name: string): string {
  return names[(names.indexOf(name) + 1) % names.length] ?? name;
}

function promptText(state: State, text: string): State {
  const { prompt } = state.ui;
  if (prompt === null || !("text" in prompt)) return state;
  const kept = text.slice(0, LONGEST_PROMPTS[prompt.kind] ?? PROMPT_MAX_LENGTH);
  if (prompt.kind === "filter") return filtered(withUi(state, { prompt: { ...prompt, text: kept } }), kept);
  if (prompt.kind === "command") return withUi(state, { prompt: { ...prompt, text: kept, index: 0 } });
  return withUi(state, { prompt: { ...prompt, text: kept } });
}
