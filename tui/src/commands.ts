// What a key does: from a binding or a key inside a prompt to actions on the state and wishes to the outside. It does
// no I/O itself: the dashboard hands it the outside as a port.
import { availability, bindingFor, findBindings, labelOf, verbOf } from "./keys.js";
import type { Binding, Command } from "./keys.js";
import type { MutationVerb } from "./feed/verbs.js";
import type { Store } from "./feed/feed.js";
import { selectedOperation, selectedVm } from "./store/select.js";
import { paintable } from "./store/sanitize.js";
import type { ConsoleView, Page, Prompt } from "./store/state.js";
import { VM_TABS } from "./store/state.js";
import { presentView, tableCommand } from "./table-commands.js";
import type { SettingsKeeper } from "./table-commands.js";

/** Lines of one page up or down: most of the smallest screen's table. */
const PAGE_LINES = 10;

export interface Outside extends SettingsKeeper {
  ask(verb: MutationVerb, vmId: string): void;
  cancel(operationId: string): void;
  openConsole(vmId: string, view: ConsoleView): void;
  redraw(): void;
  quit(): void;
}

export function pressKey(store: Store, outside: Outside, key: string): void {
  const { prompt } = store.state.ui;
  store.dispatch({ type: "clearNotice" });
  if (prompt !== null) {
    inPrompt(store, outside, prompt, key);
    return;
  }
  const binding = bindingFor(store.state, key);
  if (binding !== null) perform(store, outside, binding, key);
}

/** Pasted text goes into a line being typed and nowhere else. */
export function paste(store: Store, text: string): void {
  const { prompt } = store.state.ui;
  if (prompt === null || prompt.kind === "confirm") store.dispatch({ type: "notice", tone: "info", text: "Pasted text is not taken as keys." });
  else store.dispatch({ type: "promptText", text: prompt.text + paintable(text).trim() });
}

function perform(store: Store, outside: Outside, binding: Binding, key: string): void {
  const { state } = store;
  const able = availability(state, binding);
  if (!able.allowed) {
    store.dispatch({ type: "notice", tone: "error", text: `${labelOf(state, binding)}: ${able.reason}` });
    return;
  }
  const vm = selectedVm(state);
  const verb = verbOf(state, binding);
  if (verb !== null && vm !== null) {
    if (verb === "CONSOLE") outside.openConsole(vm.id, binding.command === "consoleFull" ? "full" : "split");
    else if (verb === "DELETE") store.dispatch({ type: "prompt", prompt: { kind: "delete", text: "", vmId: vm.id } });
    else if (verb === "FORCE_OFF" || verb === "RESET") store.dispatch({ type: "prompt", prompt: { kind: "confirm", verb, vmId: vm.id, key: binding.keys[0] ?? key } });
    else outside.ask(verb, vm.id);
    return;
  }
  if (binding.command === "cancelOperation") {
    const operation = selectedOperation(state);
    if (operation !== null) outside.cancel(operation.id);
  } else look(store, outside, binding.command);
}

/** Commands that only change what is looked at. */
function look(store: Store, outside: Outside, command: Command): void {
  const opens: Partial<Record<Command, Page>> = { hosts: "hosts", compare: "compare", log: "log", operations: "operations", events: "events", help: "help" };
  const moves: Partial<Record<Command, number>> = { up: -1, down: 1, pageUp: -PAGE_LINES, pageDown: PAGE_LINES };
  const opened = opens[command];
  const by = moves[command];
  const tab = /^tab(\d)$/.exec(command)?.[1];
  const { dispatch } = store;
  const ofTable = tableCommand(store, outside, command);
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
  else if (command === "cpuScale") dispatch({ type: "cpuScale" });
  else if (command === "sortNext") dispatch({ type: "sortStep", step: 1 });
  else if (command === "sortPrevious") dispatch({ type: "sortStep", step: -1 });
  else if (command === "sortReverse") dispatch({ type: "sortReverse" });
  else if (command === "nextTheme") nextTheme(store);
  else if (command === "filter") dispatch({ type: "prompt", prompt: { kind: "filter", text: store.state.ui.filter } });
  else if (command === "find") dispatch({ type: "prompt", prompt: { kind: "command", text: "", index: 0 } });
  else if (command === "redraw") outside.redraw();
  else if (command === "quit") outside.quit();
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
    dispatch({ type: "prompt", prompt: null });
    if (key === "y" || key === prompt.key) outside.ask(prompt.verb, prompt.vmId);
    return;
  }
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
  const found = findBindings(store.state, prompt.text).length;
  if (found > 0) store.dispatch({ type: "promptIndex", index: (prompt.index + step + found) % found });
}

function finish(store: Store, outside: Outside, prompt: Exclude<Prompt, { kind: "confirm" }>): void {
  const { state } = store;
  store.dispatch({ type: "prompt", prompt: null });
  if (prompt.kind === "delete") {
    if (prompt.text === prompt.vmId) outside.ask("DELETE", prompt.vmId);
    else store.dispatch({ type: "notice", tone: "error", text: `What was typed is not ${paintable(prompt.vmId)}; nothing was deleted.` });
  } else if (prompt.kind === "viewName") {
    if (prompt.text.trim() !== "") outside.keepView(presentView(state, prompt.text.trim()));
  } else if (prompt.kind === "command") {
    const binding = findBindings(state, prompt.text)[prompt.index];
    if (binding !== undefined) perform(store, outside, binding, binding.keys[0] ?? "");
  }
}
