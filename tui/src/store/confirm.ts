// What the server says of a destructive verb before the person is asked: a refusal ends the question, the effect
// completes it. It knows only the prompt that waits for it.
import type { Judgement } from "./bulk.js";
import type { VmVerb } from "./model.js";
import type { State } from "./state.js";

export interface ConfirmAction { type: "judged"; verb: VmVerb; vmId: string; judgement: Judgement }

/** Verbs that cannot be taken back: judged by the server first, then confirmed by the person. */
export type DestructiveVerb = "FORCE_OFF" | "RESET" | "DELETE";

export function isDestructive(verb: VmVerb): verb is DestructiveVerb {
  return verb === "FORCE_OFF" || verb === "RESET" || verb === "DELETE";
}

export function reduceConfirm(state: State, { verb, vmId, judgement }: ConfirmAction): State {
  const { prompt } = state.ui;
  // Left meanwhile: nobody waits for the answer.
  if (prompt === null || !isAbout(prompt, verb, vmId)) return state;
  if (judgement.can) return { ...state, ui: { ...state.ui, prompt: { ...prompt, judgement } } };
  const label = state.vms.get(vmId)?.label ?? vmId;
  return { ...state, ui: { ...state.ui, prompt: null, notice: { tone: "error", text: `${label}: ${judgement.reason}`, at: state.now } } };
}

type Question = Extract<State["ui"]["prompt"], { judgement: Judgement | null }>;

function isAbout(prompt: NonNullable<State["ui"]["prompt"]>, verb: VmVerb, vmId: string): prompt is Question {
  if (prompt.kind === "delete") return verb === "DELETE" && prompt.vmId === vmId;
  return prompt.kind === "confirm" && prompt.verb === verb && prompt.vmId === vmId;
}
