// Keys that edit or undo: protection, labels, the undo key. Whether they can be done now, and what they do. It draws
// nothing and asks nobody: the outside carries it out.
import type { Command } from "./keys.js";
import type { DoingPort } from "./feed/doing.js";
import type { Store } from "./feed/feed.js";
import { parseLabels } from "./store/labels.js";
import { targets } from "./store/marks.js";
import { newestBalloon } from "./store/memory.js";
import { SERVER_AWAY } from "./store/notices.js";
import { roleRefusal } from "./store/rights.js";
import { selectedVm } from "./store/select.js";
import type { State } from "./store/state.js";
import { targetsRefusal } from "./bulk-commands.js";

const REFUSALS: Partial<Record<Command, (state: State) => string | null>> = {
  protect: targetsRefusal,
  labels: targetsRefusal,
  undo: ({ connection, ui }) => {
    if (connection.phase === "lost") return SERVER_AWAY;
    return ui.bulk?.phase === "running" ? "Something is being done to several VMs: J shows it." : null;
  },
  undoDecision: (state) => roleRefusal(state, "OPERATOR") ?? (state.connection.phase === "lost" ? SERVER_AWAY : selectedVm(state) === null ? "No VM is selected." : null),
};

/** Why a command of this file cannot be done now; null when it can, undefined for any other command. */
export function refusalForEdit(state: State, command: Command): string | null | undefined {
  return REFUSALS[command]?.(state);
}

const PERFORMS: Partial<Record<Command, (store: Store, doing: DoingPort) => void>> = {
  protect: ({ state }, doing) => doing.protect(targets(state)),
  labels: ({ state, dispatch }) => dispatch({ type: "prompt", prompt: { kind: "labels", text: "", vmIds: targets(state).map((vm) => vm.id) } }),
  undo: (_, doing) => void doing.offerUndo(),
  undoDecision: ({ state }, doing) => {
    const vm = selectedVm(state);
    if (vm !== null) void doing.offerDecisionUndo(vm.id, newestBalloon(state, vm.id)?.time ?? null);
  },
};

/** Does a command of this file; false when it is none. */
export function performEdit(store: Store, doing: DoingPort, command: Command): boolean {
  const perform = PERFORMS[command];
  perform?.(store, doing);
  return perform !== undefined;
}

/** Enter on the line of labels: it stays until it can be read. */
export function finishLabels(store: Store, doing: DoingPort, text: string, vmIds: readonly string[]): void {
  const parsed = parseLabels(text);
  if (!parsed.fits) return;
  store.dispatch({ type: "prompt", prompt: null });
  doing.label(vmIds.flatMap((id) => store.state.vms.get(id) ?? []), parsed.edit);
}
