// What operations are called in sentences for people: one table for events and errors. Pure; the front ends make the
// same words from the schema's names, and a contract test holds the two together.
import type { OperationKind, OperationState } from "../db/generated/client.js";

/** Stands after "asked to": asked to force off web. */
export const OPERATION_WORDS: Readonly<Record<OperationKind, string>> = {
  PUT_VM: "define", DELETE_VM: "delete", START_VM: "start", STOP_VM: "stop", FORCE_OFF_VM: "force off",
  RESET_VM: "reset", PAUSE_VM: "pause", RESUME_VM: "resume",
  SET_VM_BALLOON: "set balloon", RESIZE_VM_MEMORY: "resize memory", PAGE_OUT_VM: "page out", SET_VM_VCPUS: "set vcpus",
  SET_VM_LABELS: "set labels", PROTECT_VM: "protect", UNPROTECT_VM: "unprotect", SET_VM_CPU_POLICY: "set cpu policy", SET_VM_MEMORY_POLICY: "set memory policy",
};

/** Those that end in a part of the VM. */
const OF_A_PART: readonly OperationKind[] = ["SET_VM_BALLOON", "RESIZE_VM_MEMORY", "SET_VM_VCPUS", "SET_VM_LABELS", "SET_VM_CPU_POLICY", "SET_VM_MEMORY_POLICY"];

/** "force off web", "set balloon of web". */
export function deedWords(kind: OperationKind, vmId: string): string {
  return `${OPERATION_WORDS[kind]} ${OF_A_PART.includes(kind) ? "of " : ""}${vmId}`;
}

const OUTCOME_WORDS: Readonly<Record<Exclude<OperationState, "RUNNING">, string>> = {
  SUCCEEDED: "succeeded", FAILED: "failed", CANCELLED: "was cancelled",
};

/**
 * What to say of an operation's end, by its kind. The end says which operation ended ("force off succeeded: …"), or it
 * would read like the change it caused.
 */
export function endMessages(outcome: Exclude<OperationState, "RUNNING">, message: string): Readonly<Record<OperationKind, string>> {
  const end = `${OUTCOME_WORDS[outcome]}: ${message}`;
  const sentences = Object.entries(OPERATION_WORDS).map(([kind, words]) => [kind, `${words} ${end}`] as const);
  return Object.fromEntries(sentences) as Record<OperationKind, string>;
}
