// What a key does: from a binding or a key inside a prompt to actions on the state and wishes to the outside. It does
// no I/O itself: the dashboard hands it the outside as a port.
import { performBulk, planForMarks } from "./bulk-commands.js";
import { finishLabels, performEdit } from "./edit-commands.js";
import { performAlerts } from "./alert-commands.js";
import type { DoingPort } from "./feed/doing.js";
import type { EditingPort } from "./feed/editing.js";
import { pasteInForm, pressInForm } from "./form-commands.js";
import { availability, bindingFor, labelOf, verbOf } from "./keys.js";
import type { Binding, Command } from "./keys.js";
import { entryAvailability, find } from "./finder.js";
import type { Entry } from "./finder.js";
import { asOf } from "./store/as-of.js";
import type { Store } from "./feed/feed.js";
import { isDestructive } from "./store/confirm.js";
import type { DestructiveVerb } from "./store/confirm.js";
import { performMemory, pressInTarget } from "./memory-commands.js";
import { performMaking } from "./making-commands.js";
import { THE_PAST, spanSeconds } from "./store/past.js";
import { spanWords } from "./views/format.js";
import { page, selectedOperation, selectedVm } from "./store/select.js";
import { paintable } from "./store/sanitize.js";
import type { ConsoleView, Page, Prompt } from "./store/state.js";
import { needsVm } from "./user-commands.js";
import type { UserCommand } from "./user-commands.js";
import { performRows } from "./row-commands.js";
import { performWhy } from "./why-commands.js";
import { VM_TABS } from "./store/state.js";
import { presentView, tableCommand } from "./table-commands.js";
import type { Keeper } from "./keeper.js";

/** Lines of one page up or down: most of the smallest screen's table. */
const PAGE_LINES = 10;

export interface Outside {
  readonly doing: DoingPort;
  readonly editing: EditingPort;
  readonly keeper: Keeper;
  /** Hands the terminal to a command of the person's own until it ends. */
  runUserCommand(command: UserCommand, vmId: string | null): void;
  openConsole(vmId: string, view: ConsoleView): void;
  redraw(): void;
  quit(): void;
}

export function pressKey(store: Store, outside: Outside, key: string): void {
  const { prompt, form } = store.state.ui;
  store.dispatch({ type: "clearNotice" });
  if (prompt !== null) {
    inPrompt(store, outside, prompt, key);
    return;
  }
  if (page(store.state) === "form" && form !== null) {
    if (key === "C-c") outside.quit();
    else if (key === "C-l") outside.redraw();
    else pressInForm(store, form, key);
    return;
  }
  const binding = bindingFor(store.state, key);
  const own = store.state.userCommands.find((command) => command.key === key);
  if (binding !== null) perform(store, outside, binding, key);
  else if (own !== undefined) performUser(store, outside, own);
  // A summary stays until a key.
  else if (page(store.state) === "plan" && store.state.ui.bulk?.phase === "over") store.dispatch({ type: "bulkLeave" });
}

/** Pasted text goes into a line being typed and nowhere else. */
export function paste(store: Store, text: string): void {
  const { prompt, form } = store.state.ui;
  if (prompt === null && form !== null && page(store.state) === "form") pasteInForm(store, form, text);
  else if (prompt === null || !("text" in prompt)) store.dispatch({ type: "notice", tone: "info", text: "Pasted text is not taken as keys." });
  else store.dispatch({ type: "promptText", text: prompt.text + paintable(text).trim() });
}

function perform(store: Store, outside: Outside, binding: Binding, key: string): void {
  const state = asOf(store.state);
  const able = availability(state, binding);
  if (!able.allowed) {
    // What a VM refuses in one state it may allow in the next.
    const vmId = binding.verb === undefined || state.past.at !== null ? undefined : selectedVm(state)?.id;
    store.dispatch({ type: "notice", tone: "error", text: `${labelOf(state, binding)}: ${able.reason}`, vmId });
    return;
  }
  if (planForMarks(store, outside.doing, binding)) return;
  const vm = selectedVm(state);
  const verb = verbOf(state, binding);
  if (verb !== null && vm !== null) {
    if (verb === "CONSOLE") outside.openConsole(vm.id, binding.command === "consoleFull" ? "full" : "split");
    else if (isDestructive(verb)) {
      store.dispatch({ type: "prompt", prompt: questionFor(verb, vm.id, binding.keys[0] ?? key) });
      outside.doing.judge(verb, vm.id);
    } else outside.doing.ask(verb, vm.id);
    return;
  }
  if (binding.command === "cancelOperation") {
    const operation = selectedOperation(state);
    if (operation !== null) outside.doing.cancel(operation.id);
  } else if (!performFor(store, outside, binding.command)) look(store, outside, binding.command);
}

/** Commands that a file of their own carries out; false where none does. */
function performFor(store: Store, outside: Outside, command: Command): boolean {
  const { doing, editing } = outside;
  // What is chosen is what is seen.
  const seen = { state: asOf(store.state), dispatch: store.dispatch };
  return performBulk(store, doing, command) || performEdit(store, doing, command) || performMemory(seen, command) || performMaking(seen, editing, command) || performWhy(seen, command) || performRows(seen, command) || performAlerts(seen, doing, command);
}

function questionFor(verb: DestructiveVerb, vmId: string, key: string): Prompt {
  return verb === "DELETE" ? { kind: "delete", text: "", vmId, judgement: null } : { kind: "confirm", verb, vmId, key, judgement: null };
}

function markInstant({ state, dispatch }: Store): void {
  dispatch({ type: "markInstant" });
  if (state.past.mark === null) dispatch({ type: "notice", tone: "info", text: "Marked this instant; M at another one compares the two." });
}

/** Steps of the keys that go through time. */
const SCRUBS: Partial<Record<Command, number>> = { pastBack: -1, pastForth: 1, pastFarBack: -10, pastFarForth: 10 };

/** Commands that only change what is looked at. */
function look(store: Store, outside: Outside, command: Command): void {
  const opens: Partial<Record<Command, Page>> = { alerts: "alerts", hosts: "hosts", memory: "memory", compare: "compare", log: "log", operations: "operations", events: "events", help: "help" };
  const moves: Partial<Record<Command, number>> = { up: -1, down: 1, pageUp: -PAGE_LINES, pageDown: PAGE_LINES };
  const opened = opens[command];
  const by = moves[command];
  const tab = /^tab(\d)$/.exec(command)?.[1];
  const { dispatch } = store;
  const ofTable = tableCommand(store, outside.keeper, command);
  if (ofTable !== undefined) ofTable();
  else if (opened !== undefined) dispatch({ type: "open", page: opened });
  else if (by !== undefined) dispatch({ type: "move", by });
  else if (tab !== undefined) dispatch({ type: "tab", tab: VM_TABS[Number(tab) - 1] ?? "graphs" });
  else if (command === "first" || command === "last") dispatch({ type: "moveTo", edge: command });
  else if (command === "enter") dispatch({ type: "enter" });
  else if (command === "back") dispatch({ type: "back" });
  else if (command === "nextTab") dispatch({ type: "nextTab" });
  else if (command === "nextFigure") dispatch({ type: "compareStep", step: 1 });
  else if (command === "previousFigure") dispatch({ type: "compareStep", step: -1 });
  else if (SCRUBS[command] !== undefined) dispatch({ type: "scrub", steps: SCRUBS[command] });
  else if (command === "zoomOut") zoom(store, 1);
  else if (command === "zoomIn") zoom(store, -1);
  else if (command === "present") dispatch({ type: "present" });
  else if (command === "markInstant") markInstant(store);
  else if (command === "cpuScale") dispatch({ type: "cpuScale" });
  else if (command === "sortNext") dispatch({ type: "sortStep", step: 1 });
  else if (command === "sortPrevious") dispatch({ type: "sortStep", step: -1 });
  else if (command === "sortReverse") dispatch({ type: "sortReverse" });
  else if (command === "nextTheme") nextTheme(store);
  else if (command === "filter") dispatch({ type: "prompt", prompt: { kind: "filter", text: store.state.ui.filter } });
  else if (command === "find") dispatch({ type: "prompt", prompt: { kind: "command", text: "", index: 0, scope: "all" } });
  else if (command === "userCommands") dispatch({ type: "prompt", prompt: { kind: "command", text: "", index: 0, scope: "user" } });
  else if (command === "redraw") outside.redraw();
  else if (command === "quit") outside.quit();
}

/** Pages that show the span themselves: on their graphs. */
const WITH_GRAPHS: readonly Page[] = ["overview", "vm", "hosts", "compare"];

/** Where nothing on the screen changes with it, the new span is said. */
function zoom(store: Store, by: 1 | -1): void {
  store.dispatch({ type: "zoom", by });
  const { past } = store.state;
  if (past.at === null && !WITH_GRAPHS.includes(page(store.state))) store.dispatch({ type: "notice", tone: "info", text: `Graphs span ${spanWords(spanSeconds(past))}.` });
}

function nextTheme(store: Store): void {
  store.dispatch({ type: "nextTheme" });
  store.dispatch({ type: "notice", tone: "info", text: `Theme: ${paintable(store.state.ui.theme)}.` });
}

function inPrompt(store: Store, outside: Outside, prompt: Prompt, key: string): void {
  const { dispatch } = store;
  if (key === "C-c") {
    outside.quit();
    return;
  }
  if (prompt.kind === "confirm") {
    const isYes = key === "y" || key === prompt.key;
    // A yes before the server has judged is too early to mean anything.
    if (isYes && prompt.judgement === null) return;
    dispatch({ type: "prompt", prompt: null });
    if (isYes) outside.doing.ask(prompt.verb, prompt.vmId);
    return;
  }
  if (prompt.kind === "run") {
    dispatch({ type: "prompt", prompt: null });
    if (key === "y" || key === prompt.key) outside.runUserCommand(prompt.command, prompt.vmId);
    return;
  }
  if (prompt.kind === "undo") {
    dispatch({ type: "prompt", prompt: null });
    if (key === "y" || key === "u") void outside.doing.undo(prompt.operationId, prompt.undoneVmId);
    return;
  }
  if (prompt.kind === "undoHost") {
    dispatch({ type: "prompt", prompt: null });
    if (key === "y" || key === "u") void outside.doing.undoHost(prompt.hostId);
    return;
  }
  if (prompt.kind === "undoDecision") {
    dispatch({ type: "prompt", prompt: null });
    if (key === "y" || key === "U") void outside.doing.undoDecision(prompt.undoneVmId, prompt.at);
    return;
  }
  if (prompt.kind === "deleteRule" || prompt.kind === "startNew") {
    dispatch({ type: "prompt", prompt: null });
    if (prompt.kind === "startNew" && (key === "y" || key === "s")) outside.doing.ask("START", prompt.madeVmId);
    if (prompt.kind === "deleteRule" && (key === "y" || key === "d")) void outside.doing.rules.delete(prompt.ruleId, prompt.name);
    return;
  }
  if (prompt.kind === "target" && pressInTarget(store, outside.doing, prompt, key)) return;
  if (key === "escape") {
    dispatch({ type: "prompt", prompt: null });
    if (prompt.kind === "filter") dispatch({ type: "filter", text: "" });
  } else if (key === "enter") finish(store, outside, prompt);
  else if (key === "backspace") dispatch({ type: "promptText", text: prompt.text.slice(0, -1) });
  else if (key === "C-u") dispatch({ type: "promptText", text: "" });
  else if (key === "up" || key === "down" || key === "tab" || key === "left" || key === "right") choose(store, prompt, key);
  else if (key.length === 1 && paintable(key) === key) dispatch({ type: "promptText", text: prompt.text + key });
}

/** Arrows walk the table while a filter is typed, and the found actions in the finder. */
function choose(store: Store, prompt: Prompt, key: string): void {
  const step = key === "up" || key === "left" ? -1 : 1;
  if (prompt.kind === "filter" && (key === "up" || key === "down")) store.dispatch({ type: "move", by: step });
  if (prompt.kind !== "command") return;
  const found = find(asOf(store.state), prompt.text, prompt.scope).length;
  if (found > 0) store.dispatch({ type: "promptIndex", index: (prompt.index + step + found) % found });
}

function finish(store: Store, outside: Outside, prompt: Extract<Prompt, { text: string }>): void {
  const state = asOf(store.state);
  // A text that is no filter stays to be mended: its fault is on the line below.
  if (prompt.kind === "filter" && state.matches.fault !== null) return;
  if (prompt.kind === "delete" && prompt.judgement === null) return;
  if (prompt.kind === "labels") {
    finishLabels(store, outside.doing, prompt.text, prompt.vmIds);
    return;
  }
  store.dispatch({ type: "prompt", prompt: null });
  if (prompt.kind === "typed") {
    if (prompt.text === prompt.expected) outside.doing.carryOut();
    else store.dispatch({ type: "notice", tone: "error", text: `What was typed is not "${prompt.expected}"; nothing was done.` });
  } else if (prompt.kind === "delete") {
    if (prompt.text === prompt.vmId) outside.doing.ask("DELETE", prompt.vmId);
    else store.dispatch({ type: "notice", tone: "error", text: `What was typed is not ${paintable(prompt.vmId)}; nothing was deleted.` });
  } else if (prompt.kind === "viewName") {
    if (prompt.text.trim() !== "") outside.keeper.keepView(presentView(state, prompt.text.trim()));
  } else if (prompt.kind === "command") {
    const entry = find(state, prompt.text, prompt.scope)[prompt.index]?.entry;
    if (entry !== undefined) performEntry(store, outside, entry);
  }
}

/** What the palette found: as if its key had been pressed, or why not. */
function performEntry(store: Store, outside: Outside, entry: Entry): void {
  const { doing } = entry;
  const able = entryAvailability(asOf(store.state), entry);
  if (!able.allowed) {
    store.dispatch({ type: "notice", tone: "error", text: `${entry.label}: ${able.reason}` });
    return;
  }
  store.dispatch({ type: "found", id: entry.id });
  // Its page says whom it is done to; Esc comes back.
  if (entry.reaches !== null) store.dispatch({ type: "lookAt", vmId: entry.reaches });
  if (doing.kind === "binding") perform(store, outside, doing.binding, doing.binding.keys[0] ?? "");
  else if (doing.kind === "sort") store.dispatch({ type: "sortBy", column: doing.column });
  else if (doing.kind === "go") store.dispatch({ type: "goTo", vmId: doing.vmId });
  else performUser(store, outside, doing.command);
}

function performUser(store: Store, outside: Outside, command: UserCommand): void {
  const vm = selectedVm(asOf(store.state));
  if (store.state.past.at !== null) store.dispatch({ type: "notice", tone: "error", text: `${command.name}: ${THE_PAST}` });
  else if (needsVm(command) && vm === null) store.dispatch({ type: "notice", tone: "error", text: `${command.name}: No VM is selected.` });
  else if (command.confirm === true) store.dispatch({ type: "prompt", prompt: { kind: "run", command, vmId: vm?.id ?? null, key: command.key ?? "y" } });
  else outside.runUserCommand(command, vm?.id ?? null);
}
