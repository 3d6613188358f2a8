// What a VM's state changes in the event log must be, whatever died meanwhile: each once, and in the order in which they
// happened. It asks nothing and knows no stack.
import { expect } from "vitest";

/** The fields of an event to ask for. */
export const ORDERED_FIELDS = "kind vmId time previousState state";

export interface OrderedEvent {
  readonly kind: string;
  readonly vmId: string | null;
  readonly time: string;
  readonly previousState: string | null;
  readonly state: string | null;
}

/** `events` are those of a stretch of the log, as it gives them. */
export function expectChangesInOrder(events: readonly OrderedEvent[], vmId: string): void {
  const changes = events.filter((event) => event.kind === "VM_STATE_CHANGED" && event.vmId === vmId);
  expect(changes.length, `state changes of ${vmId}`).toBeGreaterThan(1);
  const times = changes.map(({ time }) => Date.parse(time));
  expect(times, "times do not run backwards").toEqual(times.toSorted((a, b) => a - b));
  // A change that is lost, told twice or out of its place begins in another state than the one before it ended in.
  expect(changes.slice(1).map(({ previousState }) => previousState), "every change goes on from the one before").toEqual(changes.slice(0, -1).map(({ state }) => state));
}
