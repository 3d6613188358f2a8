// Events: recording the server's own, reading pages, and the feed. Order and cursors are the event log's.
import { ATTEMPT_KINDS } from "../audit/entry.js";
import type { DatabaseHealth } from "../db/health.js";
import { asExpected } from "../errors.js";
import type { EventKind, EventLog, EventPage, NewEvent } from "./log.js";
import { EVENT_PAGE_MAX_ROWS } from "./log.js";
import { followEvents, type EventStreamItem } from "./stream.js";
import type { Log } from "../log.js";
import { interruptible } from "../streams.js";
import { hasRole, type Viewer } from "../token/model.js";

/** Events of the server itself that wait for the database; the daemons keep theirs in their own journals. */
const MAX_WAITING_EVENTS = 1_000;
const DEFAULT_PAGE_EVENTS = 100;

export interface EventsArgs {
  readonly after: bigint | null;
  readonly first: number | null;
  readonly last: number | null;
  readonly vmId: string | null;
  readonly until?: Date | null;
}

export class EventService implements Disposable {
  #waiting: NewEvent[] = [];
  #flushing: Promise<void> | undefined;
  readonly #watch: Disposable;

  constructor(
    private readonly log: EventLog,
    health: DatabaseHealth,
    private readonly diary: Log,
  ) {
    this.#watch = health.onChange(({ connected }) => {
      if (connected) void this.flush();
    });
  }

  /** Stores an event of the server itself, later if the database is away; the oldest are lost beyond a bound. */
  record(event: Omit<NewEvent, "time"> & { readonly time?: Date }): void {
    this.#waiting.push({ ...event, time: event.time ?? new Date() });
    if (this.#waiting.length > MAX_WAITING_EVENTS) this.#waiting.shift();
    void this.flush();
  }

  /** Resolves when everything recorded so far is stored, or the database has turned out to be away. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#flushing = this.#store(batch);
    await this.#flushing;
  }

  async #store(batch: NewEvent[]): Promise<void> {
    try {
      await this.log.append(batch);
    } catch (error) {
      if (asExpected(error)?.kind === "DatabaseUnavailable") this.#waiting = [...batch, ...this.#waiting].slice(-MAX_WAITING_EVENTS);
      else this.diary.error("events could not be stored", error, { count: batch.length });
    } finally {
      this.#flushing = undefined;
    }
  }

  async page(viewer: Viewer, args: EventsArgs): Promise<EventPage> {
    const asked = args.after === null ? args.last : args.first;
    return this.log.page({
      after: args.after, limit: asked ?? (args.after === null ? DEFAULT_PAGE_EVENTS : EVENT_PAGE_MAX_ROWS), vmId: args.vmId, until: args.until ?? null, without: hiddenFrom(viewer),
    });
  }

  /** Events after a cursor, then live; never ends by itself. */
  follow(viewer: Viewer, after: bigint | null, vmId: string | null): AsyncGenerator<EventStreamItem, void, undefined> {
    const stop = new AbortController();
    return interruptible(followEvents(this.log, { after, vmId, without: hiddenFrom(viewer), signal: stop.signal }), () => stop.abort());
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }
}

/** Who knocks in vain, and with whose token, is for administrators. */
function hiddenFrom(viewer: Viewer): readonly EventKind[] {
  return hasRole(viewer, "ADMIN") ? [] : ATTEMPT_KINDS;
}
