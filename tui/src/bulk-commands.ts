// Keys on marks and on one verb for several VMs: whether they can be done now, and what they do. It draws nothing and
// asks nobody: the outside carries it out.
import type { Binding, Command } from "./keys.js";
import type { DoingPort } from "./feed/doing.js";
import type { Store } from "./feed/feed.js";
import { bulkVerbFor, doable, phraseFor } from "./store/bulk.js";
import { actsOnMarks, targets } from "./store/marks.js";
import type { VmVerb } from "./store/model.js";
import { SERVER_AWAY } from "./store/notices.js";
import { selectedVm } from "./store/select.js";
import type { State } from "./store/state.js";

/** Why a verb cannot be asked of the marked VMs; null when at least one of them may, or nothing is marked. */
export function refusalForMarks(state: State, verb: VmVerb): string | null {
  if (!actsOnMarks(state) || verb === "CONSOLE") return null;
  if (state.ui.bulk?.phase === "running") return "Something is being done to several VMs: J shows it.";
  const marked = targets(state);
  const meant = bulkVerbFor(verb, marked);
  if (marked.some((vm) => vm.verbs[meant]?.allowed === true)) return null;
  const first = marked.map((vm) => vm.verbs[meant]?.reason ?? null).find((reason) => reason !== null);
  return marked.length === 1 ? (first ?? "The server does not allow it now.") : `None of the ${marked.length} marked VMs can do this: ${first ?? "the server does not allow it now."}`;
}

/** Why each command of marks and plans cannot be done now; null when it can. */
const REFUSALS: Partial<Record<Command, (state: State) => string | null>> = {
  mark: withoutRow,
  markRange: withoutRow,
  markShown: withoutRow,
  bulk: ({ ui }) => (ui.bulk === null ? "Nothing was planned: mark VMs with space, then press a verb." : null),
  carryOut: ({ ui: { bulk } }) => {
    if (bulk === null) return "Nothing is planned.";
    if (bulk.phase === "running") return "It is being carried out.";
    if (bulk.phase === "judging") return "The server has not said of every VM yet what would happen.";
    return bulk.phase === "planned" && doable(bulk).length === 0 ? "None of these VMs can do it." : null;
  },
  cancelBulk: ({ ui: { bulk } }) => (bulk?.phase !== "running" ? "Nothing is under way here." : bulk.isCancelled ? "It is being cancelled already." : null),
};

function withoutRow(state: State): string | null {
  return selectedVm(state) === null ? "There is no row to mark." : null;
}

/** Why nothing can be changed on those that a key is meant for. */
export function targetsRefusal(state: State): string | null {
  if (state.connection.phase === "lost") return SERVER_AWAY;
  if (actsOnMarks(state) && state.ui.bulk?.phase === "running") return "Something is being done to several VMs: J shows it.";
  return targets(state).length === 0 ? "No VM is selected." : null;
}

/** Undefined for a command that is none of marks and plans. */
export function refusalForBulk(state: State, command: Command): string | null | undefined {
  return REFUSALS[command]?.(state);
}

const PERFORMS: Partial<Record<Command, (store: Store, doing: DoingPort) => void>> = {
  mark: ({ dispatch }) => dispatch({ type: "markToggle" }),
  markRange: ({ dispatch }) => dispatch({ type: "markRange" }),
  markShown: ({ dispatch }) => dispatch({ type: "markShown" }),
  bulk: ({ dispatch }) => dispatch({ type: "bulkShow" }),
  carryOut,
  cancelBulk: (_, doing) => doing.cancelBulk(),
};

/** Does a command of marks and plans; false when it is none. */
export function performBulk(store: Store, doing: DoingPort, command: Command): boolean {
  const perform = PERFORMS[command];
  perform?.(store, doing);
  return perform !== undefined;
}

/** Plans a verb for the marked VMs; false when nothing is marked or the verb is for one only. */
export function planForMarks(store: Store, doing: DoingPort, binding: Binding): boolean {
  const { verb } = binding;
  if (verb === undefined || verb === "CONSOLE" || !actsOnMarks(store.state)) return false;
  const marked = targets(store.state);
  doing.plan(bulkVerbFor(verb, marked), marked);
  return true;
}

/** What cannot be undone is typed first; a summary has been read. */
function carryOut(store: Store, doing: DoingPort): void {
  const { bulk } = store.state.ui;
  if (bulk === null) return;
  const phrase = phraseFor(bulk);
  if (bulk.phase === "over") store.dispatch({ type: "bulkLeave" });
  else if (phrase === null) doing.carryOut();
  else store.dispatch({ type: "prompt", prompt: { kind: "typed", text: "", expected: phrase } });
}
