// Keys while a form is open: typing and moving, sending it, leaving it. It draws nothing and asks nobody: the feed has the
// values judged and made.
import type { Store } from "./feed/feed.js";
import { bindingFor } from "./keys.js";
import type { Command } from "./keys.js";
import type { Form } from "./store/form.js";
import { paintable } from "./store/sanitize.js";
import { clustersOf, paintedText } from "./width.js";

const PERFORMS: Partial<Record<Command, (store: Store) => void>> = {
  formNext: ({ dispatch }) => dispatch({ type: "formStep", by: 1 }),
  formPrevious: ({ dispatch }) => dispatch({ type: "formStep", by: -1 }),
  formMake: ({ dispatch }) => dispatch({ type: "formWant" }),
  formLeave: ({ dispatch }) => dispatch({ type: "back" }),
};

/** A key of the form's own, else one for the field under the cursor. */
export function pressInForm(store: Store, form: Form, key: string): void {
  const field = form.fields[form.index];
  const binding = bindingFor(store.state, key, "form");
  if (binding !== null) PERFORMS[binding.command]?.(store);
  else if (field?.kind === "text") edit(store.dispatch, form, field.value, key);
  else if (key === "left" || key === "right") store.dispatch({ type: "formTurn", by: key === "left" ? -1 : 1 });
  else if (key === " ") store.dispatch({ type: "formToggle" });
}

/** Pasted text lands where the cursor is. */
export function pasteInForm({ dispatch }: Store, form: Form, text: string): void {
  const field = form.fields[form.index];
  if (field?.kind === "text") dispatch({ type: "formText", ...inserted(field.value, form.caret, paintable(text).trim()) });
}

function edit(dispatch: Store["dispatch"], { caret }: Form, value: string, key: string): void {
  // What is seen as one character goes as one.
  const before = caret - (clustersOf(value.slice(0, caret)).at(-1)?.text.length ?? 0);
  const after = caret + (clustersOf(value.slice(caret))[0]?.text.length ?? 0);
  if (key === "left" || key === "right") dispatch({ type: "formCaret", to: key === "left" ? before : after });
  else if (key === "home" || key === "C-a") dispatch({ type: "formCaret", to: 0 });
  else if (key === "end" || key === "C-e") dispatch({ type: "formCaret", to: value.length });
  else if (key === "C-u") dispatch({ type: "formText", text: "", caret: 0 });
  else if (key === "backspace") dispatch({ type: "formText", text: value.slice(0, before) + value.slice(caret), caret: before });
  else if (key === "delete") dispatch({ type: "formText", text: value.slice(0, caret) + value.slice(after), caret });
  else if (clustersOf(key).length === 1 && paintable(key) === key) dispatch({ type: "formText", ...inserted(value, caret, key) });
}

/** Texts of a field are as they are painted, so that their characters are those that are seen. */
function inserted(value: string, caret: number, typed: string): { text: string; caret: number } {
  const text = paintedText(typed);
  return { text: value.slice(0, caret) + text + value.slice(caret), caret: caret + text.length };
}
