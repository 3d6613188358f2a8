// How what somebody did came out, by event and operation.
import { describe, expect, it } from "vitest";
import type { Event, EventKind } from "../event/log.js";
import type { Operation, OperationState } from "../operation/store.js";
import { auditEntry, type AuditOutcome } from "./entry.js";

function event(kind: EventKind, operationId: string | null): Event {
  return { cursor: 1n, time: new Date(0), kind, vmId: "web", hostId: "h1", hostSequence: null, operationId, previousState: null, state: null, actor: "ci", message: "" };
}
function operation(state: OperationState): Operation {
  return {
    id: "o", kind: "START_VM", vmId: "web", hostId: "h1", state, acceptedAt: new Date(0), progressRatio: null, etaSeconds: null, cancellable: false, previousTarget: null, reversible: true,
    error: state === "FAILED" ? "QEMU died." : null, actorId: "t", requestedBy: "ci", idempotencyKey: null, fingerprint: "", startedAt: new Date(0), endedAt: null,
  };
}

describe("auditEntry", () => {
  it.each<[EventKind, OperationState | "gone" | null, AuditOutcome | null]>([
    ["OPERATION_STARTED", "RUNNING", "RUNNING"],
    ["OPERATION_STARTED", "SUCCEEDED", "SUCCEEDED"],
    ["OPERATION_STARTED", "FAILED", "FAILED"],
    ["OPERATION_STARTED", "CANCELLED", "CANCELLED"],
    ["OPERATION_STARTED", "gone", null],
    ["OPERATION_CANCEL_REQUESTED", "RUNNING", "RUNNING"],
    ["OPERATION_CANCEL_REQUESTED", "CANCELLED", "SUCCEEDED"],
    ["OPERATION_CANCEL_REQUESTED", "SUCCEEDED", "FAILED"],
    ["OPERATION_CANCEL_REQUESTED", "FAILED", "FAILED"],
    ["TOKEN_CREATED", null, "SUCCEEDED"],
    ["TOKEN_REVOKED", null, "SUCCEEDED"],
    ["CONSOLE_TAKEN", null, "SUCCEEDED"],
    ["ACCESS_REFUSED", null, "REFUSED"],
    ["LOGIN_FAILED", null, "REFUSED"],
  ])("%s of an operation that is %s came out %s", (kind, state, outcome) => {
    const of = state === null || state === "gone" ? null : operation(state);
    expect(auditEntry(event(kind, state === null ? null : "o"), of).outcome).toBe(outcome);
  });

  it("says why an operation failed, and nothing of why it was not cancelled in time", () => {
    expect(auditEntry(event("OPERATION_STARTED", "o"), operation("FAILED")).reason).toBe("QEMU died.");
    expect(auditEntry(event("OPERATION_CANCEL_REQUESTED", "o"), operation("FAILED")).reason).toBeNull();
  });
});
