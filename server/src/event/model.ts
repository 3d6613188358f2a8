// Events as readers see them: one order over all hosts, given by the cursor. Pure.
import type { VmState } from "../vm/model.js";

export const EVENT_KINDS = [
  "VM_DEFINED", "VM_DELETED", "VM_STATE_CHANGED", "VM_CHANGED", "VM_ADOPTED", "VM_RESET", "GUEST_PANICKED",
  "OPERATION_STARTED", "OPERATION_FINISHED",
  "DAEMON_STARTED", "HOST_CONNECTED", "HOST_DISCONNECTED", "SERVER_STARTED",
  "TOKEN_CREATED", "TOKEN_REVOKED", "WARNING",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** An event before the log has given it its cursor. */
export interface NewEvent {
  readonly time: Date;
  readonly kind: EventKind;
  readonly vmId: string | null;
  readonly hostId: string | null;
  readonly operationId: string | null;
  readonly previousState: VmState | null;
  readonly state: VmState | null;
  readonly actor: string | null;
  readonly message: string;
  /** Place in the host's journal; null for events of the server itself. */
  readonly journalSequence: bigint | null;
}

export interface Event extends NewEvent {
  readonly cursor: bigint;
}

export interface EventGap {
  readonly trimmedBefore: bigint;
}
export interface EventsLive {
  readonly live: bigint;
}
export type EventStreamItem = Event | EventGap | EventsLive;

export interface EventPage {
  readonly events: readonly Event[];
  readonly newestCursor: bigint;
  readonly trimmedBefore: bigint | null;
}
