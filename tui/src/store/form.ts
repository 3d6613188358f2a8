// A form of a few fields: typing, choosing, moving between them, and what the server says of the values as they are.
// Pure; what is made of the values lies in vm-form.ts, rule-form.ts and controller-form.ts, and who asks the server in the feed.
import { page } from "./select.js";
import type { State } from "./state.js";

interface FieldBase { name: string; label: string; hint: string }
export interface TextField extends FieldBase { kind: "text"; value: string }
export interface ChoiceField extends FieldBase { kind: "choice"; options: readonly string[]; value: string }
export interface FlagsField extends FieldBase { kind: "flags"; options: readonly string[]; value: readonly string[]; /** The flag under the cursor. */ at: number }
export type FormField = TextField | ChoiceField | FlagsField;

export type FormJudgement =
  /** `beside`: lines of what would be, where the form shows them. */
  | { can: true; effect: string; beside?: readonly string[] }
  /** `field` is the name of a field of the form; null: of none, or of one it does not have. */
  | { can: false; reason: string; field: string | null };

export interface Form {
  kind: "vm" | "rule" | "controller";
  title: string;
  /** What is edited, by id; null: something new. */
  editedId: string | null;
  fields: readonly FormField[];
  index: number;
  /** Characters before the cursor in the chosen text. */
  caret: number;
  /** What would come of the values as they are; null until the server has said. */
  judgement: FormJudgement | null;
  /** Names of the fields that the person has changed. */
  edited: ReadonlySet<string>;
  /** How often a value was changed: one that was changed and changed back is judged anew. */
  changes: number;
  /** Whether the person has asked for it once: from then on nothing is untouched. */
  isTried: boolean;
  /** "wanted": asked for before the server has judged; it is made as soon as it may be. */
  phase: "filling" | "wanted" | "making";
}

export type FormAction =
  | { type: "formOpen"; form: Form }
  | { type: "formStep"; by: 1 | -1 }
  | { type: "formChoose"; index: number }
  | { type: "formCaret"; to: number }
  | { type: "formTurn"; by: 1 | -1 }
  | { type: "formToggle" }
  | { type: "formText"; text: string; caret: number }
  | { type: "formWant" }
  | { type: "formJudged"; key: string; judgement: FormJudgement }
  | { type: "formMaking" }
  /** It was tried and refused. */
  | { type: "formRefused"; judgement: FormJudgement }
  | { type: "formMade" };

export const FORM_ACTIONS: ReadonlySet<string> = new Set<FormAction["type"]>([
  "formOpen", "formStep", "formChoose", "formCaret", "formTurn", "formToggle", "formText", "formWant", "formJudged", "formMaking", "formRefused", "formMade",
]);

/** Longest text of a field, in characters: a filter or a dozen labels. */
export const FIELD_MAX_LENGTH = 400;

export function newForm(form: Pick<Form, "kind" | "title" | "editedId" | "fields">): Form {
  return { ...form, index: 0, caret: endOf(form.fields[0]), judgement: null, edited: new Set(), changes: 0, isTried: false, phase: "filling" };
}

/** Whether a refusal is of something the person did: an empty form is not wrong, it is not filled in yet. */
export function isAccused({ judgement, isTried, edited }: Form): boolean {
  return judgement?.can === false && (isTried || judgement.field === null || edited.has(judgement.field));
}

/** The values as they are, for telling late answers from fresh ones. */
export function keyOf({ kind, editedId, changes, fields }: Form): string {
  return JSON.stringify([kind, editedId, changes, fields.map(({ value }) => value)]);
}

export function fieldOf(form: Form, name: string): string {
  const value = form.fields.find((field) => field.name === name)?.value ?? "";
  return typeof value === "string" ? value : value.join(" ");
}

export function flagsOf(form: Form, name: string): readonly string[] {
  const field = form.fields.find((one) => one.name === name);
  return field?.kind === "flags" ? field.value : [];
}

export function reduceForm(state: State, action: FormAction): State {
  if (action.type === "formOpen") return opened(state, action.form);
  const { form } = state.ui;
  if (form === null) return state;
  if (action.type === "formMade") return { ...state, ui: { ...state.ui, form: null, pages: state.ui.pages.filter((one) => one !== "form") } };
  const next = after(form, action);
  return next === form ? state : { ...state, ui: { ...state.ui, form: next } };
}

/** What was left half filled in, not what was only looked at, is there again when the same form is opened. */
function opened(state: State, form: Form): State {
  const before = state.ui.form;
  const kept = before !== null && before.kind === form.kind && before.editedId === form.editedId && before.edited.size > 0 ? before : form;
  const pages = page(state) === "form" ? state.ui.pages : [...state.ui.pages.filter((one) => one !== "form"), "form" as const];
  return { ...state, ui: { ...state.ui, pages, form: kept } };
}

function after(form: Form, action: Exclude<FormAction, { type: "formOpen" | "formMade" }>): Form {
  switch (action.type) {
    case "formStep": return chosen(form, (form.index + action.by + form.fields.length) % form.fields.length);
    case "formChoose": return chosen(form, Math.max(0, Math.min(form.fields.length - 1, action.index)));
    case "formCaret": return { ...form, caret: Math.max(0, Math.min(endOf(form.fields[form.index]), action.to)) };
    case "formTurn": return turned(form, action.by);
    case "formToggle": return toggled(form);
    case "formText": return typed(form, action.text, action.caret);
    case "formWant": return form.phase === "making" ? form : { ...form, isTried: true, phase: "wanted" };
    case "formJudged": return action.key === keyOf(form) ? judged(form, action.judgement) : form;
    case "formRefused": return judged(form, action.judgement);
    case "formMaking": return { ...form, phase: "making" };
  }
}

function chosen(form: Form, index: number): Form {
  return { ...form, index, caret: endOf(form.fields[index]) };
}

/** Of the wheel: it stops at the ends. */
export function moveForm(state: State, by: number): State {
  const { form } = state.ui;
  return form === null ? state : reduceForm(state, { type: "formChoose", index: form.index + by });
}

/** A refusal ends the wish, and leads to the field it is about. */
function judged(form: Form, judgement: FormJudgement): Form {
  if (judgement.can || form.phase === "filling") return { ...form, judgement };
  const index = form.fields.findIndex(({ name }) => name === judgement.field);
  return { ...(index === -1 ? form : chosen(form, index)), judgement, phase: "filling" };
}

/** Another value: what the server said was about the one before. */
function changed(form: Form, field: FormField): Form {
  return { ...form, fields: form.fields.map((one, index) => (index === form.index ? field : one)), judgement: null, edited: new Set(form.edited).add(field.name), changes: form.changes + 1, phase: "filling" };
}

function typed(form: Form, text: string, caret: number): Form {
  const field = form.fields[form.index];
  if (field?.kind !== "text" || form.phase === "making") return form;
  // Half a character is none.
  const value = text.slice(0, FIELD_MAX_LENGTH).replace(/[\ud800-\udbff]$/, "");
  const next = value === field.value ? form : changed(form, { ...field, value });
  return { ...next, caret: Math.max(0, Math.min(caret, value.length)) };
}

function turned(form: Form, by: 1 | -1): Form {
  const field = form.fields[form.index];
  if (field?.kind === "flags") {
    const at = (field.at + by + field.options.length) % field.options.length;
    return { ...form, fields: form.fields.map((one) => (one === field ? { ...field, at } : one)) };
  }
  if (field?.kind !== "choice" || form.phase === "making") return form;
  const value = field.options[(field.options.indexOf(field.value) + by + field.options.length) % field.options.length] ?? field.value;
  return changed(form, { ...field, value });
}

function toggled(form: Form): Form {
  const field = form.fields[form.index];
  if (field?.kind === "choice") return turned(form, 1);
  if (field?.kind !== "flags" || form.phase === "making") return form;
  const flag = field.options[field.at] ?? "";
  const value = field.options.filter((option) => (option === flag ? !field.value.includes(flag) : field.value.includes(option)));
  return changed(form, { ...field, value });
}

function endOf(field: FormField | undefined): number {
  return field?.kind === "text" ? field.value.length : 0;
}
