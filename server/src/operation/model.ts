// Operations: verbs that were accepted, until they end. Pure.
export const OPERATION_KINDS = [
  "PUT_VM", "DELETE_VM", "START_VM", "STOP_VM", "FORCE_OFF_VM", "RESET_VM", "PAUSE_VM", "RESUME_VM",
] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

export const OPERATION_STATES = ["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly vmId: string;
  readonly hostId: string;
  readonly state: OperationState;
  readonly progressRatio: number | null;
  readonly etaSeconds: number | null;
  readonly error: string | null;
  readonly requestedBy: string;
  readonly idempotencyKey: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** The daemon undoes a start and stops waiting for a stop; nothing else can be cancelled. */
export function isCancellable(operation: Operation): boolean {
  return operation.state === "RUNNING" && (operation.kind === "START_VM" || operation.kind === "STOP_VM");
}
