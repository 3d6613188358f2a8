// What an entry of the audit is: an event by which somebody did or tried something, and how that came out. Pure.
import type { Event, EventKind } from "../event/log.js";
import type { Operation } from "../operation/store.js";

export const AUDIT_OUTCOMES = ["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "REFUSED"] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

export interface AuditEntry {
  readonly event: Event;
  /** Null when the event is of none, or the operation is no longer kept. */
  readonly operation: Operation | null;
  /** Null: no longer kept. */
  readonly outcome: AuditOutcome | null;
  /** Why it failed; null otherwise. */
  readonly reason: string | null;
}

/** The events of an operation that are acts of somebody; its others are consequences. */
export const ACTS_ON_OPERATIONS = ["OPERATION_STARTED", "OPERATION_CANCEL_REQUESTED"] as const satisfies readonly EventKind[];
/** Attempts that were not allowed: an act whether or not it is known whose. Only administrators are shown them. */
export const ATTEMPT_KINDS = ["ACCESS_REFUSED", "LOGIN_FAILED"] as const satisfies readonly EventKind[];

export function auditEntry(event: Event, operation: Operation | null): AuditEntry {
  const outcome = outcomeOf(event.kind, event.operationId === null ? undefined : operation);
  return { event, operation, outcome, reason: event.kind === "OPERATION_STARTED" ? operation?.error ?? null : null };
}

/** `operation` is undefined for an event of none, null for one that is no longer kept. */
function outcomeOf(kind: EventKind, operation: Operation | null | undefined): AuditOutcome | null {
  if ((ATTEMPT_KINDS as readonly EventKind[]).includes(kind)) return "REFUSED";
  if (operation === undefined) return "SUCCEEDED";
  if (operation === null || operation.state === "RUNNING") return operation?.state ?? null;
  if (kind !== "OPERATION_CANCEL_REQUESTED") return operation.state;
  // A cancellation did what was asked when the operation ended by it.
  return operation.state === "CANCELLED" ? "SUCCEEDED" : "FAILED";
}
