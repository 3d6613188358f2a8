// Keys that make a VM in a form and edit a definition in the person's editor. Whether they can be done now, and what they
// do. It draws nothing and asks nobody: the outside carries it out.
import type { EditingPort } from "./feed/editing.js";
import type { Store } from "./feed/feed.js";
import type { Command } from "./keys.js";
import { roleRefusal } from "./store/rights.js";
import type { State } from "./store/state.js";
import { page } from "./store/select.js";
import { vmForm } from "./store/vm-form.js";
import { meantVm } from "./store/why.js";

const REFUSALS: Partial<Record<Command, (state: State) => string | null>> = {
  newVm: (state) => roleRefusal(state, "ADMIN") ?? (state.hosts.length === 0 ? "No host is known yet." : null),
  editDefinition: (state) => roleRefusal(state, "ADMIN") ?? (meantVm(state) === null ? "No VM is selected." : state.ui.editing === null ? null : "A definition is being edited: the edit page asks."),
  editSave: ({ ui: { editing } }) => (editing?.question.kind === "save" ? null : "There is nothing to save."),
  editAgain: ({ ui: { editing } }) => (editing === null ? "Nothing is being edited." : null),
};

/** Why a command of this file cannot be done now; null when it can, undefined for any other command. */
export function refusalForMaking(state: State, command: Command): string | null | undefined {
  return REFUSALS[command]?.(state);
}

const PERFORMS: Partial<Record<Command, (store: Store, editing: EditingPort) => void>> = {
  newVm: ({ dispatch }) => dispatch({ type: "formOpen", form: vmForm() }),
  editDefinition: ({ state }, editing) => {
    const vm = meantVm(state);
    if (vm !== null) editing.open(vm.id);
  },
  editSave: (_, editing) => editing.answer("yes"),
  editAgain: ({ state }, editing) => editing.answer(state.ui.editing?.question.kind === "save" ? "edit" : "yes"),
};

/** Does a command of this file; false when it is none. */
export function performMaking(store: Store, editing: EditingPort, command: Command): boolean {
  // Going back from the question is a no.
  const isNo = command === "back" && page(store.state) === "edit";
  const perform = isNo ? () => editing.answer("no") : PERFORMS[command];
  perform?.(store, editing);
  return perform !== undefined;
}
