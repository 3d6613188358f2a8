// Reads the audit out of the stored events: there is no second record that could tell another story. Knows no roles.
import type { Db } from "../db/client.js";
import type { Event } from "../event/log.js";
import { InvalidCursor } from "../operation/store.js";
import { ACTS_ON_OPERATIONS, ATTEMPT_KINDS } from "./entry.js";

const PAGE_MAX_ROWS = 500;

export interface AuditQuery {
  /** 1 to 500. */
  readonly first: number;
  /** `auditCursor` of the last one seen; null: from the newest. */
  readonly after: string | null;
  /** Exact name of a token; null: all. */
  readonly actor: string | null;
  readonly vmId: string | null;
}

export interface AuditedEvents {
  readonly events: Event[];
  readonly hasNextPage: boolean;
}

/** Newest first. Throws InvalidCursor. */
export async function listAuditedEvents(db: Db, query: AuditQuery): Promise<AuditedEvents> {
  const first = Math.min(Math.max(query.first, 1), PAGE_MAX_ROWS);
  const before = query.after === null ? null : parseCursor(query.after);
  const rows = await db.event.findMany({
    where: {
      OR: [{ kind: { in: [...ACTS_ON_OPERATIONS, ...ATTEMPT_KINDS] } }, { actor: { not: null }, operationId: null }],
      ...(query.actor === null ? {} : { actor: query.actor }),
      ...(query.vmId === null ? {} : { vmId: query.vmId }),
      ...(before === null ? {} : { cursor: { lt: before } }),
    },
    orderBy: { cursor: "desc" },
    take: first + 1,
  });
  return { events: rows.slice(0, first), hasNextPage: rows.length > first };
}

/** An entry's place in the audit. Opaque to clients. */
export function auditCursor(event: Pick<Event, "cursor">): string {
  return event.cursor.toString();
}

/** Larger numbers are no cursors of ours, and Postgres would refuse them. */
const MAX_CURSOR = (1n << 63n) - 1n;

function parseCursor(text: string): bigint {
  const cursor = /^\d{1,19}$/.test(text) ? BigInt(text) : null;
  if (cursor === null || cursor > MAX_CURSOR) throw new InvalidCursor(text);
  return cursor;
}
