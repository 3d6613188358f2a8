// The event log: the one writer of events, and their readers. Knows nothing of GraphQL or of the daemon.
//
// Cursors grow by one in the order of commits, because they are given out under the lock of event_log's only row. An
// event moves its host's journal sequence, accepts or ends its operation, and leaves what its VM then was to the past,
// in the same statement: after any crash the daemon is asked for what follows the stored sequence, and nothing is stored
// twice or left half done.
import { setTimeout as delay } from "node:timers/promises";
import type { Db } from "../db/client.js";
import type { Event, EventKind, OperationState, VmState } from "../db/generated/client.js";
import type { PastMoment } from "../past/model.js";
import type { VmDefinition } from "../vm/model.js";
import { endMessages } from "../operation/words.js";

export type { Event, EventKind };

/** Events are kept this long, */
export const EVENT_RETENTION_DAYS = 90;
/** and at most this many of them: about 100 MB of database. */
export const EVENT_RETENTION_ROWS = 250_000;
/** Longest page, and the most events that are written in one statement. */
export const EVENT_PAGE_MAX_ROWS = 1_000;
const DAY_MS = 86_400_000;
/** Events wait so long for others: a verb's start, its first consequence and often its end go into one commit. */
const GATHER_MS = 3;

/** An event before it has a cursor. What is left out is null. */
export interface NewEvent {
  readonly kind: EventKind;
  readonly time: Date;
  readonly message: string;
  readonly hostId?: string | null;
  /** Place in that host's journal (with `hostId`); null for events of the server itself. */
  readonly hostSequence?: bigint | null;
  readonly vmId?: string | null;
  readonly operationId?: string | null;
  readonly previousState?: VmState | null;
  readonly state?: VmState | null;
  /** Name of the token that caused it. For a daemon's event with an operation it may be left out: it is looked up. */
  readonly actor?: string | null;
  /** Set on OPERATION_FINISHED: how the operation `operationId` ended. */
  readonly outcome?: OperationOutcome | null;
  /** The VM after the change: what the past is told from. A VM_DEFINED or VM_DELETED makes a version of it. */
  readonly vm?: RecordedVm | null;
}

/** What is kept of a VM with the events that changed it. */
export interface RecordedVm extends Omit<PastMoment, "crashCause"> {
  readonly definition: VmDefinition;
  readonly generation: bigint;
  readonly crash: { readonly cause: string } | null;
}

export interface OperationOutcome {
  readonly state: Exclude<OperationState, "RUNNING">;
  /** Why it failed; null otherwise. */
  readonly error: string | null;
}

export interface EventPage {
  /** Oldest first. */
  readonly events: Event[];
  /** Cursor of the newest stored event; 0 when none was ever stored. */
  readonly newestCursor: bigint;
  /** Set where history between `after` and this cursor has been trimmed. */
  readonly trimmedBefore: bigint | null;
}

export interface EventQuery {
  /** Events that follow this cursor; null: the newest `limit` events. */
  readonly after: bigint | null;
  /** 1 to 1,000. */
  readonly limit: number;
  readonly vmId?: string | null;
  /** Kinds to leave out. */
  readonly without?: readonly EventKind[];
  /** Without `after`: the newest of those that happened at or before this instant. */
  readonly until?: Date | null;
}

interface Waiting {
  readonly events: readonly NewEvent[];
  readonly resolve: (stored: Event[]) => void;
  readonly reject: (error: unknown) => void;
}

export class EventLog {
  readonly #db: Db;
  readonly #listeners = new Set<(events: readonly Event[]) => void>();
  #waiting: Waiting[] = [];
  #writing = false;
  #beforeWrite: (operationIds: ReadonlySet<string>) => Promise<void> = () => Promise.resolve();

  constructor(db: Db) {
    this.#db = db;
  }

  /**
   * Stores events in this order and resolves to those that were new, with their cursors. Journal entries that are
   * stored already are left out silently. Calls made while a write is under way go together in the next one. Listeners
   * are told before the promise resolves. Throws DatabaseUnavailable, and on an unknown `hostId` (observe it first).
   */
  append(events: readonly NewEvent[]): Promise<Event[]> {
    if (events.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, resolve, reject });
      void this.#drain();
    });
  }

  /** Calls the listener with every stored batch, in the order of cursors, until the handle is disposed. */
  onAppended(listener: (events: readonly Event[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** What must be stored before events that name these operations; when it throws, those events are not stored either. */
  beforeWrite(store: (operationIds: ReadonlySet<string>) => Promise<void>): void {
    this.#beforeWrite = store;
  }

  /** A page of events, oldest first. */
  async page(query: EventQuery): Promise<EventPage> {
    const limit = Math.min(Math.max(query.limit, 1), EVENT_PAGE_MAX_ROWS);
    const wanted = {
      ...(query.vmId == null ? {} : { vmId: query.vmId }),
      ...(query.without === undefined || query.without.length === 0 ? {} : { kind: { notIn: [...query.without] } }),
    };
    // The ends are read first: an event stored in between is then in the page and above the newest cursor, never lost.
    const ends = await this.ends();
    const events = query.after === null
      ? (await this.#newest(wanted, query.until ?? null, limit)).reverse()
      : await this.#db.event.findMany({ where: { ...wanted, cursor: { gt: query.after } }, orderBy: { cursor: "asc" }, take: limit });
    const last = events.at(-1)?.cursor ?? 0n;
    return {
      events,
      newestCursor: last > ends.newestCursor ? last : ends.newestCursor,
      trimmedBefore: query.after !== null && query.after + 1n < ends.trimmedBefore ? ends.trimmedBefore : null,
    };
  }

  /** Newest first, as they were told. Up to an instant it is their time that counts: an event may be told late. */
  async #newest(ofVm: { vmId?: string }, until: Date | null, limit: number): Promise<Event[]> {
    if (until === null) return this.#db.event.findMany({ where: ofVm, orderBy: { cursor: "desc" }, take: limit });
    const then = await this.#db.event.findMany({ where: { ...ofVm, time: { lte: until } }, orderBy: [{ time: "desc" }, { cursor: "desc" }], take: limit });
    return then.sort((a, b) => (a.cursor < b.cursor ? 1 : -1));
  }

  /** Cursor of the newest event, and the cursor before which events have been trimmed. */
  async ends(): Promise<{ newestCursor: bigint; trimmedBefore: bigint }> {
    return this.#db.eventLog.findUniqueOrThrow({ where: { id: 1 }, select: { newestCursor: true, trimmedBefore: true } });
  }

  /** Deletes what is older, or further back, than is kept; returns how many events went. */
  async trim(now = new Date(), keepRows = EVENT_RETENTION_ROWS): Promise<number> {
    const oldest = new Date(now.getTime() - EVENT_RETENTION_DAYS * DAY_MS);
    const { newestCursor } = await this.ends();
    const firstYoung = await this.#db.event.findFirst({ where: { time: { gte: oldest } }, orderBy: { cursor: "asc" }, select: { cursor: true } });
    const byCount = newestCursor - BigInt(keepRows) + 1n;
    const byAge = firstYoung?.cursor ?? newestCursor + 1n;
    const before = byCount > byAge ? byCount : byAge;
    if (before <= 1n) return 0;
    return this.#db.$executeRaw`
      WITH moved AS (UPDATE event_log SET trimmed_before = greatest(trimmed_before, ${before}) WHERE id = 1)
      DELETE FROM events WHERE cursor < ${before}`;
  }

  async #drain(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    // First the readers of what has just happened: a write keeps this thread busy for about as long as they wait in all.
    await delay(GATHER_MS);
    try {
      for (let batch = this.#take(); batch.length > 0; batch = this.#take()) await this.#writeTogether(batch);
    } finally {
      this.#writing = false;
    }
  }

  #take(): Waiting[] {
    let rows = 0;
    let calls = 0;
    while (calls < this.#waiting.length && (calls === 0 || rows < EVENT_PAGE_MAX_ROWS)) {
      rows += this.#waiting[calls]?.events.length ?? 0;
      calls += 1;
    }
    return this.#waiting.splice(0, calls);
  }

  async #writeTogether(batch: readonly Waiting[]): Promise<void> {
    try {
      const tagged = await this.#write(batch.flatMap((call) => call.events));
      this.#publish(tagged.map(({ event }) => event));
      let start = 0;
      for (const call of batch) {
        const end = start + call.events.length;
        call.resolve(tagged.filter(({ place }) => place > start && place <= end).map(({ event }) => event));
        start = end;
      }
    } catch (error) {
      // One caller's mistake must not fail the others: each is tried alone.
      if (batch.length === 1) batch[0]?.reject(error);
      else for (const call of batch) await this.#writeTogether([call]);
    }
  }

  #publish(events: readonly Event[]): void {
    if (events.length === 0) return;
    for (const listener of [...this.#listeners]) listener(events);
  }

  /** Stores events; `place` is the 1-based place of each stored event in the input. */
  async #write(events: readonly NewEvent[]): Promise<{ event: Event; place: number }[]> {
    await this.#beforeWrite(new Set(events.flatMap(({ operationId }) => operationId ?? [])));
    const input = JSON.stringify(events.map(toRow));
    const rows = await this.#db.$queryRaw<EventRow[]>`
      WITH log AS (
        SELECT newest_cursor FROM event_log WHERE id = 1 FOR UPDATE
      ), input AS (
        SELECT row.*, ordinality AS place
        FROM ROWS FROM (jsonb_to_recordset(${input}::jsonb) AS (
          time timestamptz, kind event_kind, vm_id text, host_id text, host_sequence bigint, operation_id text,
          previous_state vm_state, state vm_state, actor text, message text, messages jsonb, outcome operation_state, error text, vm jsonb
        )) WITH ORDINALITY AS row
      ), fresh AS (
        SELECT input.*, row_number() OVER (ORDER BY place) AS number
        FROM input LEFT JOIN hosts ON hosts.id = input.host_id
        WHERE host_sequence IS NULL OR host_sequence > coalesce(hosts.journal_sequence, 0)
      ), advanced AS (
        UPDATE hosts SET journal_sequence = newest.sequence
        FROM (SELECT host_id, max(host_sequence) AS sequence FROM fresh WHERE host_sequence IS NOT NULL GROUP BY host_id) AS newest
        WHERE hosts.id = newest.host_id
      ), finished AS (
        UPDATE operations SET state = fresh.outcome, error = fresh.error, ended_at = fresh.time, cancellable = false,
          eta_seconds = NULL, accepted_at = coalesce(accepted_at, fresh.time),
          progress_ratio = CASE WHEN fresh.outcome = 'SUCCEEDED' THEN 1 ELSE progress_ratio END
        FROM fresh WHERE fresh.outcome IS NOT NULL AND operations.id = fresh.operation_id AND operations.state = 'RUNNING'
      ), accepted AS (
        UPDATE operations SET accepted_at = fresh.time FROM fresh
        WHERE operations.id = fresh.operation_id AND operations.accepted_at IS NULL
          AND NOT EXISTS (SELECT FROM fresh AS last WHERE last.operation_id = fresh.operation_id AND last.outcome IS NOT NULL)
      ), counted AS (
        UPDATE event_log SET newest_cursor = log.newest_cursor + (SELECT count(*) FROM fresh) FROM log WHERE event_log.id = 1
      ), stored AS (
        INSERT INTO events (cursor, time, kind, vm_id, host_id, host_sequence, operation_id, previous_state, state, actor, message)
        SELECT log.newest_cursor + fresh.number, fresh.time, fresh.kind, fresh.vm_id, fresh.host_id, fresh.host_sequence,
               fresh.operation_id, fresh.previous_state, fresh.state,
               coalesce(fresh.actor, operations.requested_by),
               coalesce(fresh.messages ->> operations.kind::text, fresh.message)
        FROM log, fresh LEFT JOIN operations ON operations.id = fresh.operation_id
        RETURNING *
      ), versions AS (
        INSERT INTO vm_versions (vm_id, host_id, generation, time, definition, operation_id, actor)
        SELECT fresh.vm_id, fresh.host_id, coalesce((fresh.vm->>'generation')::bigint, 0), fresh.time,
               CASE WHEN fresh.kind = 'VM_DEFINED' THEN fresh.vm->'definition' END, fresh.operation_id, coalesce(fresh.actor, operations.requested_by)
        FROM fresh LEFT JOIN operations ON operations.id = fresh.operation_id
        WHERE fresh.host_id IS NOT NULL AND (fresh.kind = 'VM_DELETED' OR (fresh.kind = 'VM_DEFINED' AND fresh.vm IS NOT NULL))
        ORDER BY fresh.place
      ), moments AS (
        INSERT INTO vm_moments (vm_id, time, state, state_since, started_at, accelerator, network_in_use, pid, restart_required, crash_cause)
        SELECT fresh.vm_id, fresh.time, moment.*
        FROM fresh CROSS JOIN LATERAL jsonb_to_record(fresh.vm) AS moment (
          state vm_state, "stateSince" timestamptz, "startedAt" timestamptz, accelerator text, "networkInUse" text, pid integer,
          "restartRequired" boolean, "crashCause" text)
        WHERE fresh.vm IS NOT NULL AND fresh.kind IN ('VM_DEFINED', 'VM_STATE_CHANGED', 'VM_CHANGED', 'VM_ADOPTED')
        ORDER BY fresh.place
      )
      SELECT stored.cursor, stored.time, stored.kind::text, stored.vm_id AS "vmId", stored.host_id AS "hostId",
             stored.host_sequence AS "hostSequence", stored.operation_id AS "operationId",
             stored.previous_state::text AS "previousState", stored.state::text, stored.actor, stored.message,
             fresh.place::int AS place
      FROM stored CROSS JOIN log JOIN fresh ON stored.cursor = log.newest_cursor + fresh.number
      ORDER BY stored.cursor`;
    return rows.map(({ place, ...event }) => ({ event, place }));
  }
}

type EventRow = Event & { place: number };

/** `messages` is for the end of an operation whose kind only the statement knows: the sentence by kind. */
function toRow(event: NewEvent): Record<string, unknown> {
  return {
    time: event.time.toISOString(), kind: event.kind, vm_id: event.vmId ?? null, host_id: event.hostId ?? null,
    host_sequence: event.hostSequence?.toString() ?? null, operation_id: event.operationId ?? null,
    previous_state: event.previousState ?? null, state: event.state ?? null, actor: event.actor ?? null,
    message: event.message, messages: event.outcome == null ? null : endMessages(event.outcome.state, event.message), outcome: event.outcome?.state ?? null, error: event.outcome?.error ?? null,
    ...(event.vm == null ? {} : { vm: toRecord(event.vm) }),
  };
}

function toRecord({ crash, generation, ...vm }: RecordedVm): Record<string, unknown> {
  return { ...vm, generation: generation.toString(), crashCause: crash?.cause ?? null };
}
