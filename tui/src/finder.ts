// What the `:` palette finds: every action of the key table, the sortings, the VMs by name and the person's own
// commands, by fuzzy search. Pure: it says what is found and why not to be done, and does nothing.
import fuzzysort from "fuzzysort";
import { availability, bindingsOf, keyName, labelOf } from "./keys.js";
import type { Availability, Binding, Command } from "./keys.js";
import type { Vm } from "./store/model.js";
import { chosenRow } from "./store/rows.js";
import { page, selectedVm } from "./store/select.js";
import { SORT_COLUMNS } from "./store/state.js";
import type { Page, SortColumn, State } from "./store/state.js";
import { needsVm } from "./user-commands.js";
import type { UserCommand } from "./user-commands.js";

/** Entries found at most: more than any screen shows. */
const FOUND_MAX = 120;
/** What counts beside the match itself, whose score is 0 to 1: used lately, of this page, matched in the help only. */
const RECENT_BONUS = 0.3;
const HERE_BONUS = 0.15;
const HELP_WEIGHT = 0.5;
/** Worse matches are noise: letters far apart. */
const LEAST_SCORE = 0.25;

export type Doing =
  | { kind: "binding"; binding: Binding }
  | { kind: "sort"; column: SortColumn }
  | { kind: "go"; vmId: string }
  | { kind: "user"; command: UserCommand };

export interface Entry {
  /** Remembered among those used lately. */
  id: string;
  label: string;
  /** Empty where it has none. */
  key: string;
  help: string;
  isHere: boolean;
  /** The VM whose page it is done on, from a page that does not have it; null: it is done here. */
  reaches: string | null;
  doing: Doing;
}

export interface Found {
  entry: Entry;
  /** Places of the typed letters in the label. */
  matched: readonly number[];
}

export type FinderScope = "all" | "user";

/** The best first; without a text those used lately, then those of this page, then the others. */
export function find(state: State, text: string, scope: FinderScope): Found[] {
  const wanted = text.trim();
  const entries = scope === "user" ? userEntries(state) : [...actionEntries(state), ...userEntries(state), ...sortEntries(state), ...(wanted === "" ? [] : vmEntries(state))];
  const lately = new Map(state.ui.recent.map((id, index) => [id, RECENT_BONUS * (1 - index / (state.ui.recent.length + 1))]));
  const bonus = (entry: Entry): number => (lately.get(entry.id) ?? 0) + (entry.isHere ? HERE_BONUS : 0);
  if (wanted === "") return byRank(entries.map((entry) => ({ entry, matched: [], rank: bonus(entry) })));
  const results = fuzzysort.go(wanted, entries, { keys: [(entry: Entry) => entry.label, (entry: Entry) => entry.help] });
  return byRank(results.flatMap((result) => {
    const [label, help] = result;
    const score = Math.max(label?.score ?? 0, HELP_WEIGHT * (help?.score ?? 0));
    return score < LEAST_SCORE ? [] : [{ entry: result.obj, matched: label !== undefined && label.score > 0 ? [...label.indexes] : [], rank: score + bonus(result.obj) }];
  }));
}

/** Equals keep the order of the key table. */
function byRank(found: readonly (Found & { rank: number })[]): Found[] {
  return [...found].sort((a, b) => b.rank - a.rank).slice(0, FOUND_MAX);
}

function actionEntries(state: State): Entry[] {
  const here = page(state);
  const vm = vmMeant(state);
  const onItsPage = vm === null ? state : onPageOf(state, vm.id);
  return bindingsOf(state).filter((binding) => binding.group !== "Move" || binding.command === "quit" || binding.command === "redraw")
    .filter((binding) => binding.command !== "find")
    .map((binding) => {
      const isHere = binding.pages.includes(here);
      const reached = isHere || !isOfVm(binding) ? null : vm;
      return {
        id: binding.command, label: labelOf(reached === null ? state : onItsPage, binding), key: binding.keys.map(keyName)[0] ?? "",
        help: reached === null ? binding.help : `${reached.label}: ${binding.help}`, isHere, reaches: reached?.id ?? null, doing: { kind: "binding", binding },
      };
    });
}

/** Commands for a VM that are no verbs of the server's. */
const OF_VM: ReadonlySet<Command> = new Set<Command>(["protect", "labels", "editDefinition", "balloonTarget", "memorySize", "vcpuCount", "pageOut", "memoryControl", "why"]);

function isOfVm({ verb, command, pages }: Binding): boolean {
  return pages.includes("vm") && (verb !== undefined || OF_VM.has(command));
}

/** Whom a verb is meant for on a page that has no verbs: the VM of the chosen line, else the one that is selected. */
function vmMeant(state: State): Vm | null {
  const row = chosenRow(state);
  const vmId = row === null ? null : row.kind === "event" ? row.event.vmId : row.operation.vmId;
  return row === null ? selectedVm(state) : (state.vms.get(vmId ?? "") ?? null);
}

/** The state as it would be on that VM's page. */
function onPageOf(state: State, vmId: string): State {
  return { ...state, ui: { ...state.ui, selectedVmId: vmId, pages: ["overview", "vm"] } };
}

function sortEntries(state: State): Entry[] {
  const isHere = page(state) === "overview";
  return SORT_COLUMNS.map((column) => ({ id: `sort ${column}`, label: `sort ${column}`, key: "", help: `Sort the table by ${column}.`, isHere, reaches: null, doing: { kind: "sort", column } }));
}

function vmEntries(state: State): Entry[] {
  return [...state.vms.values()].map(({ id, label }) => ({ id: `go ${id}`, label: `go ${label}`, key: "", help: "Open this VM's page.", isHere: false, reaches: null, doing: { kind: "go", vmId: id } }));
}

function userEntries(state: State): Entry[] {
  return state.userCommands.map((command) => ({
    id: `user ${command.name}`, label: command.name, key: command.key === undefined ? "" : keyName(command.key), help: `Runs ${command.run.join(" ")}`, isHere: true, reaches: null, doing: { kind: "user", command },
  }));
}

const PAGE_NAMES: Partial<Record<Page, string>> = { vm: "a VM's page", plan: "the plan" };

/** Whether an entry can be done now and, if not, why. */
export function entryAvailability(state: State, { doing, isHere, reaches }: Entry): Availability {
  switch (doing.kind) {
    case "binding":
      if (isHere) return availability(state, doing.binding);
      if (reaches !== null) return availability(onPageOf(state, reaches), doing.binding);
      return { allowed: false, reason: `Only on ${doing.binding.pages.map((one) => PAGE_NAMES[one] ?? one).join(", ")}.` };
    case "sort":
      return isHere ? { allowed: true } : { allowed: false, reason: "Only on overview." };
    case "go":
      return { allowed: true };
    case "user":
      return needsVm(doing.command) && selectedVm(state) === null ? { allowed: false, reason: "No VM is selected." } : { allowed: true };
  }
}
