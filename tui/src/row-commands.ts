// Keys of the pages that list what happened: to the VM of the chosen row, and on through a row that is longer than its
// place. Whether they can be done now, and what they do. It draws nothing and asks nobody.
import type { Store } from "./feed/feed.js";
import type { Command } from "./keys.js";
import { chosenRow } from "./store/rows.js";
import { page } from "./store/select.js";
import type { State } from "./store/state.js";

function vmOfRow(state: State): string | null {
  const row = chosenRow(state);
  return row === null ? null : row.kind === "event" ? row.event.vmId : row.operation.vmId;
}

function refusalToRead(state: State): string | null {
  if (page(state) === "plan") return state.ui.bulk === null ? "Nothing is planned." : null;
  return chosenRow(state) === null ? "There is no event or operation here to read." : null;
}

const REFUSALS: Partial<Record<Command, (state: State) => string | null>> = {
  rowEnter: (state) => {
    const vmId = vmOfRow(state);
    if (vmId === null) return chosenRow(state) === null ? "Nothing is listed yet." : "This event is of no VM.";
    return state.vms.has(vmId) ? null : `${vmId} is gone.`;
  },
  readOn: refusalToRead,
  readBack: refusalToRead,
};

/** Why a command of this file cannot be done now; null when it can, undefined for any other command. */
export function refusalForRows(state: State, command: Command): string | null | undefined {
  return REFUSALS[command]?.(state);
}

const PERFORMS: Partial<Record<Command, (store: Store) => void>> = {
  rowEnter: ({ state, dispatch }) => {
    const vmId = vmOfRow(state);
    if (vmId !== null) dispatch({ type: "lookAt", vmId });
  },
  readOn: ({ dispatch }) => dispatch({ type: "readOn", by: 1 }),
  readBack: ({ dispatch }) => dispatch({ type: "readOn", by: -1 }),
};

/** Does a command of this file; false when it is none. */
export function performRows(store: Store, command: Command): boolean {
  const perform = PERFORMS[command];
  perform?.(store);
  return perform !== undefined;
}
