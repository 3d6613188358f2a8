// Families of operations. Pure.
import type { OperationKind } from "../db/generated/client.js";

/** Those that put a definition, called by what they changed of it. */
export const PUT_KINDS = ["PUT_VM", "SET_VM_LABELS", "PROTECT_VM", "UNPROTECT_VM", "SET_VM_CPU_POLICY", "SET_VM_MEMORY_POLICY"] as const satisfies readonly OperationKind[];
export type PutKind = (typeof PUT_KINDS)[number];

export function isPut(kind: OperationKind): kind is PutKind {
  return (PUT_KINDS as readonly OperationKind[]).includes(kind);
}
