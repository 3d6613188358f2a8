// The connection as two states, and how long to wait between attempts. Pure: it has no clock, socket or timer.
//
//     waiting ──(acknowledged)──▶ connected
//        ▲ └──(attempt failed)──┐    │
//        └──────────────────────┴────┘ (closed, failed)

export type ConnectionStatus =
  | { readonly state: "connected"; readonly sinceMs: number }
  | {
      readonly state: "waiting";
      readonly sinceMs: number;
      /** Failed attempts since the last connection. */
      readonly attempts: number;
      /** Why there is no connection; null before the first attempt has ended. */
      readonly reason: string | null;
    };

/** First wait: short, so that a restarted server is met again without being noticed. */
export const FIRST_BACKOFF_MS = 100;
/** Longest wait: a server that was away for hours is met again within this. */
export const LONGEST_BACKOFF_MS = 5_000;
/** Doublings after which the wait stays; also keeps 2 ** attempts finite. */
const MAX_DOUBLINGS = 10;

/** The wait before the next attempt. `jitter` (0..1) spreads many clients over the upper half of the wait. */
export function backoffMs(failedAttempts: number, jitter: number): number {
  const doubled = FIRST_BACKOFF_MS * 2 ** Math.min(failedAttempts, MAX_DOUBLINGS);
  const ceiling = Math.min(doubled, LONGEST_BACKOFF_MS);
  return Math.round(ceiling / 2 + (ceiling / 2) * jitter);
}

export function connected(nowMs: number): ConnectionStatus {
  return { state: "connected", sinceMs: nowMs };
}

/** The status after a connection was lost or an attempt failed. */
export function lost(previous: ConnectionStatus, reason: string, nowMs: number): ConnectionStatus {
  if (previous.state === "connected") return { state: "waiting", sinceMs: nowMs, attempts: 0, reason };
  return { ...previous, attempts: previous.attempts + 1, reason };
}
