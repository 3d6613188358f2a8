// What this dashboard has done, for the undo key: the operations that the server accepted, those of one bulk together,
// the newest first. Whether one can be undone is the server's word, asked for when the key is pressed.
import type { State } from "./state.js";

/** Deeds remembered: more than anybody remembers having done. */
export const DONE_KEPT = 20;

export interface DoneOperation { id: string; vmId: string; label: string }
/** One key's worth of operations. */
export interface Done { group: string; operations: readonly DoneOperation[] }

export type UndoAction =
  | { type: "did"; group: string; operation: DoneOperation }
  /** It was undone: the next undo goes further back. */
  | { type: "undone"; operationId: string };

export const UNDO_ACTIONS: ReadonlySet<string> = new Set<UndoAction["type"]>(["did", "undone"]);

export function reduceUndo(state: State, action: UndoAction): State {
  return { ...state, ui: { ...state.ui, done: action.type === "did" ? added(state.ui.done, action) : without(state.ui.done, action.operationId) } };
}

function added(done: readonly Done[], { group, operation }: Extract<UndoAction, { type: "did" }>): Done[] {
  const same = done.find((one) => one.group === group);
  const operations = [...(same?.operations ?? []).filter(({ id }) => id !== operation.id), operation];
  return [{ group, operations }, ...done.filter((one) => one !== same)].slice(0, DONE_KEPT);
}

function without(done: readonly Done[], operationId: string): Done[] {
  return done.flatMap((one) => {
    const operations = one.operations.filter(({ id }) => id !== operationId);
    return operations.length === 0 ? [] : [{ ...one, operations }];
  });
}
