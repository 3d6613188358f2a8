// The audit: who did or tried what, and how it came out, for administrators. Knows no GraphQL.
import type { Db } from "../db/client.js";
import { findOperations } from "../operation/store.js";
import { requireRole, type Viewer } from "../token/model.js";
import type { Attempts } from "./attempts.js";
import { auditEntry, type AuditEntry } from "./entry.js";
import { listAuditedEvents } from "./store.js";

export const DEFAULT_PAGE_ENTRIES = 100;

export interface AuditArgs {
  readonly first: number | null;
  readonly after: string | null;
  readonly actor: string | null;
  readonly vmId: string | null;
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  readonly hasNextPage: boolean;
}

export class AuditService {
  constructor(
    private readonly db: Db,
    readonly attempts: Attempts,
  ) {}

  async list(viewer: Viewer, args: AuditArgs): Promise<AuditPage> {
    requireRole(viewer, "ADMIN", "Reading the audit");
    const { events, hasNextPage } = await listAuditedEvents(this.db, { ...args, first: args.first ?? DEFAULT_PAGE_ENTRIES });
    const ids = new Set(events.flatMap(({ operationId }) => operationId ?? []));
    const operations = new Map((ids.size === 0 ? [] : await findOperations(this.db, [...ids])).map((operation) => [operation.id, operation]));
    return { hasNextPage, entries: events.map((event) => auditEntry(event, operations.get(event.operationId ?? "") ?? null)) };
  }
}
