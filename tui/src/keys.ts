// The one key table: every binding with its name, its help and when it is available. The bottom line, the `:` finder,
// the help page and docs/keys.md are all printed from it, and key presses are looked up in nothing else.
import { refusalForAlerts } from "./alert-commands.js";
import { refusalForBulk, refusalForMarks } from "./bulk-commands.js";
import { refusalForEdit } from "./edit-commands.js";
import { refusalForMaking } from "./making-commands.js";
import { refusalForMemory } from "./memory-commands.js";
import { bulkVerbFor } from "./store/bulk.js";
import { actsOnMarks, targets } from "./store/marks.js";
import type { Vm, VmVerb } from "./store/model.js";
import { SERVER_AWAY } from "./store/notices.js";
import { THE_PAST } from "./store/past.js";
import { host, page, selectedOperation, selectedVm } from "./store/select.js";
import { PAGES } from "./store/state.js";
import type { Page, State } from "./store/state.js";
import { refusalForRows } from "./row-commands.js";
import { refusalForWhy } from "./why-commands.js";

export type Command =
  | "start" | "stop" | "pause" | "powerCut" | "reset" | "console" | "consoleFull" | "delete"
  | "protect" | "labels" | "undo" | "undoDecision" | "newVm" | "editDefinition" | "editSave" | "editAgain"
  | "memory" | "balloonTarget" | "memorySize" | "vcpuCount" | "pageOut" | "memoryControl" | "controllerSettings"
  | "why" | "whyAgain" | "whyGraphs" | "whyQuery" | "neighbour"
  | "rowEnter" | "readOn" | "readBack"
  | "alerts" | "alertEnter" | "ruleNew" | "ruleEdit" | "ruleToggle" | "ruleDelete"
  | "formNext" | "formPrevious" | "formMake" | "formLeave"
  | "mark" | "markRange" | "markShown" | "bulk" | "carryOut" | "cancelBulk"
  | "enter" | "back" | "up" | "down" | "pageUp" | "pageDown" | "first" | "last" | "nextTab"
  | "tab1" | "tab2" | "tab3" | "tab4" | "tab5" | "tab6" | "tab7" | "tab8"
  | "filter" | "find" | "userCommands" | "sortNext" | "sortPrevious" | "sortReverse"
  | "hosts" | "compare" | "nextFigure" | "previousFigure" | "cpuScale" | "log"
  | "pastBack" | "pastForth" | "pastFarBack" | "pastFarForth" | "zoomOut" | "zoomIn" | "present" | "markInstant"
  | "operations" | "events" | "cancelOperation" | "columns" | "views" | "toggleColumn" | "columnLeft" | "columnRight" | "wearView" | "keepChoices" | "copy" | "copyScreen" | "nextTheme" | "help" | "redraw" | "quit";

export interface Binding {
  command: Command;
  /** Names as input.ts gives them: a printed character, or up, enter, C-c, … The first is the one shown. */
  keys: readonly string[];
  /** One or two words, for the bottom line and the finder. */
  label: string;
  /** One sentence for the help page. */
  help: string;
  group: "Drive the VM" | "Memory and CPU" | "Several VMs" | "Alerts" | "Forms and edits" | "Time" | "Look" | "Move";
  pages: readonly Page[];
  /** The verb whose availability the server decides. */
  verb?: VmVerb;
  /** On the bottom line of its pages, or of these alone. */
  onBottomLine?: true | readonly Page[];
}

/** In a form every letter is typed. */
export const EVERYWHERE: readonly Page[] = PAGES.filter((page) => page !== "form");
const but = (...without: Page[]): readonly Page[] => EVERYWHERE.filter((page) => !without.includes(page));
const WITH_VM: readonly Page[] = ["overview", "vm"];
/** Where a VM's memory and vCPUs are changed; the bottom line of the first two is full already. */
const WITH_MEMORY: readonly Page[] = ["overview", "vm", "memory"];
/** Where a target is set: on the page of causes as well, where the line comes filled in with what is advised. */
const WITH_TARGETS: readonly Page[] = [...WITH_MEMORY, "why"];
const MEMORY_PAGE: readonly Page[] = ["memory"];
const LISTS: readonly Page[] = EVERYWHERE;
const TIMED: readonly Page[] = but("plan", "log", "help", "edit");

export const BINDINGS: readonly Binding[] = [
  { command: "start", keys: ["s"], label: "start", help: "Power the VM on.", group: "Drive the VM", pages: WITH_VM, verb: "START", onBottomLine: true },
  { command: "stop", keys: ["S"], label: "stop", help: "Ask the guest to power down (ACPI).", group: "Drive the VM", pages: WITH_VM, verb: "STOP", onBottomLine: true },
  { command: "pause", keys: ["p"], label: "pause", help: "Pause the VM, or let a paused one run on.", group: "Drive the VM", pages: WITH_VM, verb: "PAUSE", onBottomLine: true },
  { command: "powerCut", keys: ["P"], label: "power cut", help: "Cut the power at once; asks first (P again or y).", group: "Drive the VM", pages: WITH_VM, verb: "FORCE_OFF" },
  { command: "reset", keys: ["r"], label: "reset", help: "Press the reset button; asks first (r again or y).", group: "Drive the VM", pages: WITH_VM, verb: "RESET" },
  { command: "console", keys: ["c"], label: "console", help: "Serial console below; Ctrl-] leaves it, F12 makes it large.", group: "Drive the VM", pages: WITH_VM, verb: "CONSOLE", onBottomLine: true },
  { command: "consoleFull", keys: ["C"], label: "console, full screen", help: "Open the serial console on the full screen.", group: "Drive the VM", pages: WITH_VM, verb: "CONSOLE" },
  { command: "delete", keys: ["d"], label: "delete", help: "Delete the definition, its id typed first; the disks stay.", group: "Drive the VM", pages: WITH_VM, verb: "DELETE" },
  { command: "protect", keys: ["K"], label: "protection", help: "Protect against deletion and power cut, or no longer.", group: "Drive the VM", pages: WITH_VM },
  { command: "labels", keys: ["L"], label: "labels", help: "Set labels by key=value, take them away by -key.", group: "Drive the VM", pages: WITH_VM },
  { command: "newVm", keys: ["n"], label: "new VM", help: "Make a VM in a form.", group: "Drive the VM", pages: WITH_VM },
  { command: "editDefinition", keys: ["E"], label: "edit", help: "Edit the definition in $EDITOR; shows what changes first.", group: "Drive the VM", pages: ["overview", "vm", "why"] },
  { command: "undo", keys: ["u"], label: "undo", help: "Undo what was done last, if it can be; asks first.", group: "Drive the VM", pages: EVERYWHERE },
  { command: "cancelOperation", keys: ["x"], label: "cancel", help: "Cancel the chosen operation.", group: "Drive the VM", pages: ["operations"], onBottomLine: true },
  { command: "balloonTarget", keys: ["b"], label: "balloon", help: "What the balloon leaves the guest; its effect shows first.", group: "Memory and CPU", pages: WITH_TARGETS, onBottomLine: MEMORY_PAGE },
  { command: "memorySize", keys: ["B"], label: "memory size", help: "Plug memory in or out while it runs (feature hotplug).", group: "Memory and CPU", pages: WITH_TARGETS },
  { command: "vcpuCount", keys: ["#"], label: "vCPUs", help: "Add or take vCPUs while it runs.", group: "Memory and CPU", pages: WITH_TARGETS },
  { command: "pageOut", keys: ["z"], label: "page out", help: "Page memory out to swap, compressed where that is on.", group: "Memory and CPU", pages: WITH_MEMORY, onBottomLine: MEMORY_PAGE },
  { command: "memoryControl", keys: ["A"], label: "control", help: "What the memory controller may do to it: off, recommend, on.", group: "Memory and CPU", pages: WITH_MEMORY, onBottomLine: MEMORY_PAGE },
  { command: "controllerSettings", keys: ["t"], label: "thresholds", help: "The memory controller of the host: on or off, thresholds, tax; shows what the host would be first.", group: "Memory and CPU", pages: MEMORY_PAGE },
  { command: "undoDecision", keys: ["U"], label: "undo its decision", help: "Take back what the memory controller last decided; asks first.", group: "Memory and CPU", pages: ["vm", "memory"] },
  { command: "mark", keys: [" "], label: "mark", help: "Mark the VM, or take its mark away; verbs then go to all that are marked.", group: "Several VMs", pages: ["overview"], onBottomLine: true },
  { command: "markRange", keys: ["V"], label: "mark range", help: "Mark every row from the last one marked to this one.", group: "Several VMs", pages: ["overview"] },
  { command: "markShown", keys: ["*"], label: "mark all shown", help: "Mark every row that the filter shows; again: none of them.", group: "Several VMs", pages: ["overview"] },
  { command: "bulk", keys: ["J"], label: "plan or progress", help: "What is planned, being done or done with the marked VMs.", group: "Several VMs", pages: ["overview", "vm", "operations", "events", "help"] },
  { command: "carryOut", keys: ["enter"], label: "carry out", help: "Do what the plan says; a summary is closed.", group: "Several VMs", pages: ["plan"], onBottomLine: true },
  { command: "cancelBulk", keys: ["x"], label: "cancel", help: "Drop what was not asked yet, cancel what can be cancelled.", group: "Several VMs", pages: ["plan"], onBottomLine: true },
  { command: "alertEnter", keys: ["enter"], label: "open", help: "To the VM of an alert; a rule is edited.", group: "Alerts", pages: ["alerts"], onBottomLine: true },
  { command: "ruleNew", keys: ["n"], label: "new rule", help: "Make an alert rule in a form.", group: "Alerts", pages: ["alerts"], onBottomLine: true },
  { command: "ruleEdit", keys: ["E"], label: "edit rule", help: "Change the chosen rule, or that of the chosen alert.", group: "Alerts", pages: ["alerts"], onBottomLine: true },
  { command: "ruleToggle", keys: [" "], label: "on or off", help: "Look at the rule, or no longer; what it fired is over.", group: "Alerts", pages: ["alerts"], onBottomLine: true },
  { command: "ruleDelete", keys: ["d"], label: "delete rule", help: "Delete the rule; asks first.", group: "Alerts", pages: ["alerts"], onBottomLine: true },
  { command: "formMake", keys: ["enter"], label: "make it", help: "Make what is filled in; a refusal leads to its field.", group: "Forms and edits", pages: ["form"], onBottomLine: true },
  { command: "formNext", keys: ["tab", "down"], label: "next field", help: "The next field; arrows and space choose in it.", group: "Forms and edits", pages: ["form"], onBottomLine: true },
  { command: "formPrevious", keys: ["S-tab", "up"], label: "previous field", help: "The field before.", group: "Forms and edits", pages: ["form"], onBottomLine: true },
  { command: "formLeave", keys: ["escape"], label: "leave", help: "Leave the form; opened again, it is filled in as it was.", group: "Forms and edits", pages: ["form"], onBottomLine: true },
  { command: "editSave", keys: ["y"], label: "make the change", help: "Put the definition as it was edited.", group: "Forms and edits", pages: ["edit"], onBottomLine: true },
  { command: "editAgain", keys: ["E"], label: "open again", help: "Open the text in the editor again.", group: "Forms and edits", pages: ["edit"], onBottomLine: true },
  { command: "rowEnter", keys: ["enter"], label: "its VM", help: "To the VM of the chosen line; Esc comes back.", group: "Look", pages: ["events", "operations"], onBottomLine: true },
  { command: "readOn", keys: ["right"], label: "read on", help: "On through the chosen line, where it is longer than its place.", group: "Look", pages: ["events", "operations", "vm", "plan"] },
  { command: "readBack", keys: ["left"], label: "read back", help: "Back through the chosen line.", group: "Look", pages: ["events", "operations", "vm", "plan"] },
  { command: "why", keys: ["w"], label: "why", help: "Why is this VM slow, or was it then? Causes, ranked by evidence.", group: "Look", pages: ["overview", "vm", "alerts"], onBottomLine: true },
  { command: "whyGraphs", keys: ["enter"], label: "graphs", help: "The VM's graphs; Esc comes back.", group: "Look", pages: ["why"], onBottomLine: true },
  { command: "neighbour", keys: ["t"], label: "to the neighbour", help: "To the VM that the chosen cause names.", group: "Look", pages: ["why"], onBottomLine: true },
  { command: "whyQuery", keys: ["g"], label: "as GraphQL", help: "The same question as GraphQL, or the answer again.", group: "Look", pages: ["why"], onBottomLine: true },
  { command: "whyAgain", keys: ["r"], label: "ask again", help: "Ask again now; by itself it asks every ten seconds.", group: "Look", pages: ["why"], onBottomLine: true },
  { command: "alerts", keys: ["a"], label: "alerts", help: "What fires now, and the rules that make it fire.", group: "Look", pages: EVERYWHERE },
  { command: "pastBack", keys: ["["], label: "back in time", help: "The whole screen a step earlier; steps grow with the zoom.", group: "Time", pages: TIMED },
  { command: "pastForth", keys: ["]"], label: "forth in time", help: "A step later; beyond the newest sample is now.", group: "Time", pages: TIMED },
  { command: "pastFarBack", keys: ["{"], label: "far back in time", help: "Ten steps earlier.", group: "Time", pages: TIMED },
  { command: "pastFarForth", keys: ["}"], label: "far forth in time", help: "Ten steps later.", group: "Time", pages: TIMED },
  { command: "zoomOut", keys: ["-"], label: "longer span", help: "Graphs span more, up to 30 days.", group: "Time", pages: TIMED },
  { command: "zoomIn", keys: ["+"], label: "shorter span", help: "Graphs span less, down to a minute.", group: "Time", pages: TIMED },
  { command: "present", keys: ["0"], label: "now", help: "Back to now; pressed now, graphs span five minutes again.", group: "Time", pages: EVERYWHERE },
  { command: "markInstant", keys: ["M"], label: "mark this instant", help: "Mark the instant shown; pressed at another, compare the two.", group: "Time", pages: TIMED },
  { command: "enter", keys: ["enter"], label: "open", help: "Open the chosen VM's page.", group: "Look", pages: ["overview", "memory"], onBottomLine: MEMORY_PAGE },
  { command: "back", keys: ["escape", "backspace"], label: "back", help: "Go back; on the overview, take marks away, then the filter.", group: "Look", pages: EVERYWHERE },
  { command: "hosts", keys: ["h"], label: "hosts", help: "Hosts: what they can do, pressure, memory, cores, disk space.", group: "Look", pages: EVERYWHERE },
  { command: "operations", keys: ["o"], label: "operations", help: "Operations, the newest first.", group: "Look", pages: EVERYWHERE },
  { command: "events", keys: ["e"], label: "events", help: "Events, the newest first.", group: "Look", pages: EVERYWHERE, onBottomLine: true },
  { command: "log", keys: ["l"], label: "log", help: "What this dashboard said and did, the newest first.", group: "Look", pages: EVERYWHERE },
  { command: "memory", keys: ["m"], label: "memory", help: "Where memory is, per host and VM; what saves it, and why.", group: "Look", pages: EVERYWHERE },
  { command: "compare", keys: ["="], label: "compare", help: "The marked VMs, or the chosen one, in one graph.", group: "Look", pages: EVERYWHERE },
  { command: "nextFigure", keys: ["tab", ">"], label: "next figure", help: "Compare by the next figure.", group: "Look", pages: ["compare"], onBottomLine: true },
  { command: "previousFigure", keys: ["<"], label: "previous figure", help: "Compare by the figure before.", group: "Look", pages: ["compare"] },
  { command: "cpuScale", keys: ["%"], label: "CPU scale", help: "CPU: a core is 100 %, or the whole VM is.", group: "Look", pages: ["overview", "vm", "compare"] },
  { command: "filter", keys: ["/"], label: "filter", help: "Show only VMs that a filter finds: part of a name, or state:running cpu>50 label=web.", group: "Look", pages: ["overview"], onBottomLine: true },
  { command: "find", keys: [":"], label: "do", help: "Find any action, sorting or VM by some letters of its name.", group: "Look", pages: EVERYWHERE, onBottomLine: true },
  { command: "userCommands", keys: ["!"], label: "your commands", help: "Commands of your own, from the configuration.", group: "Look", pages: EVERYWHERE },
  { command: "sortNext", keys: [">"], label: "sort by next", help: "Sort by the next column.", group: "Look", pages: ["overview", "memory"] },
  { command: "sortPrevious", keys: ["<"], label: "sort by previous", help: "Sort by the previous column.", group: "Look", pages: ["overview", "memory"] },
  { command: "sortReverse", keys: ["i"], label: "invert order", help: "Turn the order round.", group: "Look", pages: ["overview", "memory"] },
  { command: "tab1", keys: ["1"], label: "graphs", help: "Graphs of CPU, memory, disk and network.", group: "Look", pages: ["vm"] },
  { command: "tab2", keys: ["2"], label: "cpu", help: "Each vCPU: time and steal.", group: "Look", pages: ["vm"] },
  { command: "tab3", keys: ["3"], label: "memory", help: "Memory: each figure with its source and age.", group: "Look", pages: ["vm"] },
  { command: "tab4", keys: ["4"], label: "disks", help: "Each disk: rates, latency, room.", group: "Look", pages: ["vm"] },
  { command: "tab5", keys: ["5"], label: "net", help: "Each network card.", group: "Look", pages: ["vm"] },
  { command: "tab6", keys: ["6"], label: "last console lines", help: "The console's last lines, to read only.", group: "Look", pages: ["vm"] },
  { command: "tab7", keys: ["7"], label: "VM events", help: "The VM's own events and operations.", group: "Look", pages: ["vm"] },
  { command: "tab8", keys: ["8"], label: "definition", help: "The definition, defaults filled in.", group: "Look", pages: ["vm"] },
  { command: "nextTab", keys: ["tab"], label: "next tab", help: "The next of the VM page's tabs.", group: "Look", pages: ["vm"] },
  { command: "columns", keys: ["O"], label: "columns", help: "Choose the table's columns and their order.", group: "Look", pages: EVERYWHERE },
  { command: "views", keys: ["v"], label: "views", help: "Saved views of the table: filter, columns, order.", group: "Look", pages: EVERYWHERE },
  { command: "toggleColumn", keys: [" ", "enter"], label: "on or off", help: "Show the column, or leave it out.", group: "Look", pages: ["columns"], onBottomLine: true },
  { command: "columnLeft", keys: ["left"], label: "earlier", help: "The column stands earlier.", group: "Look", pages: ["columns"], onBottomLine: true },
  { command: "columnRight", keys: ["right"], label: "later", help: "The column stands later.", group: "Look", pages: ["columns"], onBottomLine: true },
  { command: "wearView", keys: ["enter", " "], label: "wear", help: "Show the table as this view has it.", group: "Look", pages: ["views"], onBottomLine: true },
  { command: "keepChoices", keys: ["C-s"], label: "keep", help: "Write columns, order, theme and CPU scale to config.yaml; on the views page, the table as a view.", group: "Look", pages: ["overview", "columns", "views"] },
  { command: "copy", keys: ["y"], label: "copy id", help: "Copy the id of what is chosen (marked VMs: all) to your terminal's clipboard.", group: "Look", pages: but("edit") },
  { command: "copyScreen", keys: ["Y"], label: "copy screen", help: "Copy the text of the screen to your terminal's clipboard.", group: "Look", pages: EVERYWHERE },
  { command: "nextTheme", keys: ["T"], label: "next theme", help: "The next theme: dark, light, contrast, mono, your own.", group: "Look", pages: EVERYWHERE },
  { command: "help", keys: ["?"], label: "help", help: "This page.", group: "Look", pages: EVERYWHERE, onBottomLine: true },
  { command: "up", keys: ["up", "k"], label: "up", help: "One line up.", group: "Move", pages: LISTS },
  { command: "down", keys: ["down", "j"], label: "down", help: "One line down.", group: "Move", pages: LISTS },
  { command: "pageUp", keys: ["pageup", "C-b"], label: "page up", help: "Ten lines up.", group: "Move", pages: LISTS },
  { command: "pageDown", keys: ["pagedown", "C-f"], label: "page down", help: "Ten lines down.", group: "Move", pages: LISTS },
  { command: "first", keys: ["home", "g"], label: "first", help: "The first line.", group: "Move", pages: but("why") },
  { command: "last", keys: ["end", "G"], label: "last", help: "The last line.", group: "Move", pages: LISTS },
  { command: "redraw", keys: ["C-l"], label: "redraw", help: "Paint the screen anew.", group: "Move", pages: EVERYWHERE },
  { command: "quit", keys: ["q", "C-c"], label: "quit", help: "Close the dashboard; VMs and services run on.", group: "Move", pages: EVERYWHERE },
];

/** The key table with the person's own keys in it. */
export function bindingsOf({ settings }: State): readonly Binding[] {
  if (settings.keys.size === 0) return BINDINGS;
  const before = remapped.get(settings);
  if (before !== undefined) return before;
  const bindings = BINDINGS.map((binding) => ({ ...binding, keys: settings.keys.get(binding.command) ?? binding.keys }));
  remapped.set(settings, bindings);
  return bindings;
}
const remapped = new WeakMap<State["settings"], readonly Binding[]>();

export function bindingFor(state: State, key: string, where: Page = page(state)): Binding | null {
  return bindingsOf(state).find((binding) => binding.keys.includes(key) && binding.pages.includes(where)) ?? null;
}

export type Availability = { allowed: true } | { allowed: false; reason: string };
const ALLOWED: Availability = { allowed: true };

function denied(reason: string): Availability {
  return { allowed: false, reason };
}

/** The verb a binding stands for now: `p` resumes what is paused. */
export function verbOf(state: State, binding: Binding): VmVerb | null {
  if (binding.command === "pause" && actsOnMarks(state)) return bulkVerbFor("PAUSE", targets(state));
  if (binding.command === "pause" && selectedVm(state)?.state === "PAUSED") return "RESUME";
  return binding.verb ?? null;
}

/** Whether a binding can be done now and, if not, one sentence why. The server's word decides; the rest is what we know before asking. */
export function availability(state: State, binding: Binding): Availability {
  if (state.past.at !== null && actsNow(binding)) return denied(THE_PAST);
  const verb = verbOf(state, binding);
  if (verb !== null) {
    const vm = selectedVm(state);
    if (vm === null) return denied("No VM is selected.");
    if (state.connection.phase === "lost") return denied(SERVER_AWAY);
    if (actsOnMarks(state) && verb !== "CONSOLE") {
      const refusal = refusalForMarks(state, verb);
      return refusal === null ? ALLOWED : denied(withProtectionKey(state, verb, targets(state), refusal));
    }
    const known = vm.verbs[verb];
    if (known === undefined) return denied("The server has not said whether this can be done.");
    return known.allowed ? ALLOWED : denied(withProtectionKey(state, verb, [vm], known.reason ?? "The server does not allow it now."));
  }
  for (const refusal of [refusalForMemory, refusalForBulk, refusalForEdit, refusalForMaking, refusalForWhy, refusalForRows, refusalForAlerts]) {
    const reason = refusal(state, binding.command);
    if (reason !== undefined) return reason === null ? ALLOWED : denied(reason);
  }
  if (binding.command === "cancelOperation") {
    const operation = selectedOperation(state);
    if (operation === null) return denied("There is no operation to cancel.");
    return operation.cancellable ? ALLOWED : denied("This operation cannot be cancelled.");
  }
  if (binding.command === "enter" && selectedVm(state) === null) return denied(host(state) === null ? "Nothing is known yet." : "No VM is selected.");
  return ALLOWED;
}

/** What a protected VM refuses. */
const GUARDED: ReadonlySet<string> = new Set<VmVerb>(["FORCE_OFF", "DELETE"]);

/** The key that takes the protection off, where that stands in a verb's way; null where it does not. */
export function protectionKey(state: State, verb: string, vms: readonly Pick<Vm, "protected">[]): string | null {
  if (!GUARDED.has(verb) || !vms.some((vm) => vm.protected)) return null;
  const [key] = bindingsOf(state).find(({ command }) => command === "protect")?.keys ?? [];
  return key === undefined ? null : keyName(key);
}

function withProtectionKey(state: State, verb: VmVerb, vms: readonly Vm[], reason: string): string {
  const key = protectionKey(state, verb, vms);
  return key === null ? reason : `${reason} (here ${key} takes the protection off)`;
}

const CHANGING: ReadonlySet<Binding["group"]> = new Set(["Drive the VM", "Memory and CPU", "Several VMs", "Forms and edits"]);

/** Whether a binding changes something, which only now can be. */
function actsNow({ group, command }: Binding): boolean {
  return CHANGING.has(group) || command === "userCommands";
}

/** What a binding is called now: `p` reads resume on a paused VM. */
export function labelOf(state: State, binding: Binding): string {
  if (binding.command === "carryOut" && state.ui.bulk?.phase === "over") return "close";
  return verbOf(state, binding) === "RESUME" ? "resume" : binding.label;
}

const KEY_NAMES: Readonly<Record<string, string>> = {
  " ": "Space", up: "↑", down: "↓", left: "←", right: "→", enter: "Enter", escape: "Esc", backspace: "Backspace", tab: "Tab", "S-tab": "Shift-Tab", pageup: "PgUp", pagedown: "PgDn", home: "Home", end: "End",
};

/** A key as people write it. */
export function keyName(key: string): string {
  return KEY_NAMES[key] ?? key.replace(/^C-(.)$/, (_, letter: string) => `Ctrl-${letter}`);
}
