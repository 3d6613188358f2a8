// Follows the event log from a cursor: first what is stored, then live, with nothing lost or doubled in between. It
// holds no queue: a slow reader goes on from its cursor in the database, so it costs no memory however slow it is.
import type { Event, EventKind, EventLog } from "./log.js";
import { EVENT_PAGE_MAX_ROWS } from "./log.js";

export type EventStreamItem =
  | { readonly kind: "event"; readonly event: Event }
  /** History before this cursor has been trimmed: what lies between was lost to this reader. */
  | { readonly kind: "gap"; readonly trimmedBefore: bigint }
  /** All that was stored has been replayed; what follows is live. Sent once. */
  | { readonly kind: "live"; readonly cursor: bigint };

export interface FollowOptions {
  /** The last cursor seen; null: only what is new. */
  readonly after: bigint | null;
  readonly vmId?: string | null;
  /** Kinds to leave out. */
  readonly without?: readonly EventKind[];
  readonly signal?: AbortSignal;
}

/** A batch this small is handed over as it was published; a reader further behind reads pages. */
const HELD_MAX_EVENTS = 256;

/** Never ends by itself: it ends on `return()` and when the signal aborts. Throws DatabaseUnavailable. */
export async function* followEvents(log: EventLog, options: FollowOptions): AsyncGenerator<EventStreamItem, void, undefined> {
  const wake = new Wake(options.signal);
  const held = new HeldEvents();
  // Listening starts before the first read, so an event stored in between is held or read, and the cursor tells which.
  const listening = log.onAppended((events) => {
    held.add(events);
    wake.ring();
  });
  try {
    const { newestCursor } = await log.ends();
    let cursor = options.after ?? newestCursor;
    if (cursor > newestCursor) {
      // The cursor is from another life of this database, e.g. before a restored backup.
      cursor = newestCursor;
      yield { kind: "gap", trimmedBefore: newestCursor + 1n };
    }
    cursor = yield* replay(log, cursor, held, options);
    yield { kind: "live", cursor };
    while (options.signal?.aborted !== true) {
      if (held.overflowed) {
        cursor = yield* replay(log, cursor, held, options);
        // It may have overflowed again while the last page was being read out: taking it now would hide that.
        continue;
      }
      // Cursors have no holes: a missing one was stored, and told to nobody, when the database's answer was lost.
      if (held.startsAfter(cursor + 1n)) cursor = yield* replay(log, cursor, held, options);
      for (const event of held.take()) {
        if (event.cursor <= cursor) continue;
        cursor = event.cursor;
        if (isWanted(event, options)) yield { kind: "event", event };
      }
      if (held.isEmpty) await wake.wait();
    }
  } finally {
    listening[Symbol.dispose]();
  }
}

function isWanted(event: Event, { vmId, without }: FollowOptions): boolean {
  return (vmId == null || event.vmId === vmId) && without?.includes(event.kind) !== true;
}

/** Yields what is stored after a cursor, page by page, and returns the cursor up to which that is everything. */
async function* replay(log: EventLog, after: bigint, held: HeldEvents, options: FollowOptions): AsyncGenerator<EventStreamItem, bigint, undefined> {
  let cursor = after;
  while (options.signal?.aborted !== true) {
    held.take();
    const page = await log.page({ after: cursor, limit: EVENT_PAGE_MAX_ROWS, vmId: options.vmId ?? null, without: options.without ?? [] });
    if (page.trimmedBefore !== null) yield { kind: "gap", trimmedBefore: page.trimmedBefore };
    for (const event of page.events) yield { kind: "event", event };
    if (page.events.length < EVENT_PAGE_MAX_ROWS) return page.newestCursor > cursor ? page.newestCursor : cursor;
    cursor = page.events.at(-1)?.cursor ?? cursor;
  }
  return cursor;
}

/** Live events that the reader has not taken yet; a reader too far behind finds it overflowed and reads pages instead. */
class HeldEvents {
  #events: Event[] = [];
  #overflowed = false;

  add(events: readonly Event[]): void {
    if (this.#overflowed) return;
    if (this.#events.length + events.length > HELD_MAX_EVENTS) {
      this.#overflowed = true;
      this.#events = [];
    } else this.#events.push(...events);
  }

  /** Hands the events over and starts afresh. */
  take(): Event[] {
    const events = this.#events;
    this.#events = [];
    this.#overflowed = false;
    return events;
  }

  startsAfter(cursor: bigint): boolean {
    return (this.#events[0]?.cursor ?? cursor) > cursor;
  }

  get overflowed(): boolean {
    return this.#overflowed;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0 && !this.#overflowed;
  }
}

/** Lets one loop sleep until something rings or the signal aborts; a ring before the sleep is not lost. */
class Wake {
  #rung = false;
  #resolve: (() => void) | undefined;

  constructor(signal: AbortSignal | undefined) {
    signal?.addEventListener("abort", () => this.ring(), { once: true });
  }

  ring(): void {
    this.#rung = true;
    this.#resolve?.();
  }

  async wait(): Promise<void> {
    if (!this.#rung) await new Promise<void>((resolve) => { this.#resolve = resolve; });
    this.#rung = false;
    this.#resolve = undefined;
  }
}
