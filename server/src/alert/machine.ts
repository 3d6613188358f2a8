// When a rule fires on a VM and when it stops: a pure state machine over ticks.
//
//   quiet ──passes──▶ pending ──passes for long enough──▶ firing ⇄ easing ──fails for long enough──▶ quiet
//                        └──fails, unknown, a gap──▶ quiet
//
// It does not flap: what fires must fail for a while before it is over, and (by the slack that the caller gives the
// filter meanwhile) be clear of its threshold, not beside it.

/** A tick says whether the VM passes the rule's filter; unknown: its host cannot be reached. */
export type Observation = "passes" | "fails" | "unknown";

/** Null: quiet. Times are milliseconds of one clock. */
export type AlertPhase =
  | { readonly phase: "pending"; readonly since: number; readonly seenAt: number }
  | { readonly phase: "firing" }
  | { readonly phase: "easing"; readonly since: number };

export interface AlertStep {
  readonly next: AlertPhase | null;
  readonly edge: "raised" | "cleared" | null;
}

/** A figure is clear of a threshold when it is this share of it away; nearer, it is the noise of one load. */
export const CLEAR_SLACK = 0.1;
/** Between two looks that are further apart than this anything may have happened; a host ticks every second. */
export const MAX_UNSEEN_MS = 10_000;
/** What fires is over after failing as long as it took to be raised, but within these bounds: no flicker, no long tail. */
export const MIN_CLEAR_MS = 10_000;
export const MAX_CLEAR_MS = 60_000;

export function clearAfterMs(forMs: number): number {
  return Math.min(Math.max(forMs, MIN_CLEAR_MS), MAX_CLEAR_MS);
}

export function step(previous: AlertPhase | null, observation: Observation, now: number, forMs: number): AlertStep {
  switch (previous?.phase) {
    case undefined:
    case "pending": {
      if (observation !== "passes") return { next: null, edge: null };
      const isUnbroken = previous !== null && now - previous.seenAt <= MAX_UNSEEN_MS;
      const since = isUnbroken ? previous.since : now;
      return now - since >= forMs ? { next: { phase: "firing" }, edge: "raised" } : { next: { phase: "pending", since, seenAt: now }, edge: null };
    }
    case "firing":
    case "easing": {
      // What is not known clears nothing, nor does the time in which it was not.
      if (observation !== "fails") return { next: { phase: "firing" }, edge: null };
      const since = previous.phase === "easing" ? previous.since : now;
      return now - since >= clearAfterMs(forMs) ? { next: null, edge: "cleared" } : { next: { phase: "easing", since }, edge: null };
    }
  }
}
