// Keys that make a VM or set a host's memory controller in a form, and edit a definition in the person's editor. Whether they can be done now, and what they
// do. It draws nothing and asks nobody: the outside carries it out.
import type { EditingPort } from "./feed/editing.js";
import type { Store } from "./feed/feed.js";
import type { Command } from "./keys.js";
import { controllerForm } from "./store/controller-form.js";
import { roleRefusal } from "./store/rights.js";
import type { State } from "./store/state.js";
import { host, page } from "./store/select.js";
import type { HostMemorySettings } from "./store/memory.js";
import { vmForm } from "./store/vm-form.js";
import { meantVm } from "./store/why.js";

const REFUSALS: Partial<Record<Command, (state: State) => string | null>> = {
  newVm: (state) => roleRefusal(state, "ADMIN") ?? (state.hosts.length === 0 ? "No host is known yet." : null),
  controllerSettings: (state) => roleRefusal(state, "ADMIN") ?? (host(state) === null ? "No host is known yet." : settingsOf(state) === null ? "The host's settings are not known: its daemon was not asked yet, or cannot be." : null),
  editDefinition: (state) => roleRefusal(state, "ADMIN") ?? (meantVm(state) === null ? "No VM is selected." : state.ui.editing === null ? null : "A definition is being edited: the edit page asks."),
  editSave: ({ ui: { editing } }) => (editing?.question.kind === "save" ? null : "There is nothing to save."),
  editAgain: ({ ui: { editing } }) => (editing === null ? "Nothing is being edited." : null),
};

/** Of the host that the page of memory shows; null while they are not known. */
function settingsOf(state: State): HostMemorySettings | null {
  const known = state.memory.host;
  return known !== null && known.hostId === host(state)?.id ? known.settings : null;
}

/** Why a command of this file cannot be done now; null when it can, undefined for any other command. */
export function refusalForMaking(state: State, command: Command): string | null | undefined {
  return REFUSALS[command]?.(state);
}

const PERFORMS: Partial<Record<Command, (store: Store, editing: EditingPort) => void>> = {
  newVm: ({ dispatch }) => dispatch({ type: "formOpen", form: vmForm() }),
  controllerSettings: ({ state, dispatch }) => {
    const [one, settings] = [host(state), settingsOf(state)];
    if (one !== null && settings !== null) dispatch({ type: "formOpen", form: controllerForm(one, settings) });
  },
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
