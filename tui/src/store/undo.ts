// What this dashboard has done, for the undo key: the operations that the server accepted, those of one bulk together,
// the newest first. Whether one can be undone is the server's word, asked for when the key is pressed.
import type { State } from "./state.js";

/** Deeds remembered: more than anybody remembers having done. */
export const DONE_KEPT = 20;

export interface DoneOperation { id: string; vmId: string; label: string }
/** One key's worth of operations. */
export interface Done { group: string; operations: readonly DoneOperation[]; /** Whose memory settings were set, which is no operation; absent: nobody's. */ host?: { id: string; label: string } }

export type UndoAction =
  | { type: "did"; group: string; operation: DoneOperation }
  /** It was undone: the next undo goes further back. */
  | { type: "undone"; operationId: string }
  | { type: "didHost"; hostId: string; label: string }
  | { type: "undoneHost"; hostId: string };

export const UNDO_ACTIONS: ReadonlySet<string> = new Set<UndoAction["type"]>(["did", "undone", "didHost", "undoneHost"]);

export function reduceUndo(state: State, action: UndoAction): State {
  return { ...state, ui: { ...state.ui, done: after(state.ui.done, action) } };
}

function after(done: readonly Done[], action: UndoAction): readonly Done[] {
  switch (action.type) {
    case "did": return added(done, action);
    case "undone": return without(done, action.operationId);
    case "didHost": return [{ group: `host ${action.hostId}`, operations: [], host: { id: action.hostId, label: action.label } }, ...done].slice(0, DONE_KEPT);
    case "undoneHost": {
      const newest = done.findIndex(({ host }) => host?.id === action.hostId);
      return done.filter((_, index) => index !== newest);
    }
  }
}

function added(done: readonly Done[], { group, operation }: Extract<UndoAction, { type: "did" }>): Done[] {
  const same = done.find((one) => one.group === group);
  const operations = [...(same?.operations ?? []).filter(({ id }) => id !== operation.id), operation];
  return [{ group, operations }, ...done.filter((one) => one !== same)].slice(0, DONE_KEPT);
}

function without(done: readonly Done[], operationId: string): Done[] {
  return done.flatMap((one) => {
    if (one.host !== undefined) return [one];
    const operations = one.operations.filter(({ id }) => id !== operationId);
    return operations.length === 0 ? [] : [{ ...one, operations }];
  });
}
