// What the person is asked while a definition is being edited: shall it be opened again, or be put. Pure; the course of
// the edit is edit/session.ts.
import type { Page, State } from "./state.js";

/** Texts are paintable. */
export type EditQuestion =
  | { kind: "again"; reasons: readonly string[] }
  | { kind: "newer"; reasons: readonly string[] }
  | { kind: "save"; changes: readonly string[]; effect: string };

export interface Editing { vmId: string; question: EditQuestion }

export type EditingAction = { type: "editAsk"; editing: Editing } | { type: "editOver" };
export const EDITING_ACTIONS: ReadonlySet<string> = new Set<EditingAction["type"]>(["editAsk", "editOver"]);

export function reduceEditing(state: State, action: EditingAction): State {
  const without = state.ui.pages.filter((one) => one !== "edit");
  const pages: Page[] = action.type === "editAsk" ? [...without, "edit"] : without;
  return { ...state, ui: { ...state.ui, pages, editing: action.type === "editAsk" ? action.editing : null, scroll: { ...state.ui.scroll, edit: 0 } } };
}
