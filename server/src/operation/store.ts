// Operations as they are stored. Knows nothing of GraphQL or of the daemon: who calls says what happened.
import { createHash, randomUUID } from "node:crypto";
import type { Db } from "../db/client.js";
import type { Operation, OperationKind, OperationState } from "../db/generated/client.js";
import { isPut } from "./kinds.js";

export type { Operation, OperationKind, OperationState };

/** An idempotency key is the caller's to choose; longer ones are no keys but bodies. */
export const IDEMPOTENCY_KEY_MAX_CHARACTERS = 200;
/** Ended operations are kept this long: as long as events. */
export const OPERATION_RETENTION_DAYS = 90;
const PAGE_MAX_ROWS = 500;
const DAY_MS = 86_400_000;

/** Who asks: a token, by id and by name. */
export interface Actor {
  readonly id: string;
  readonly name: string;
}

export interface NewOperation {
  readonly kind: OperationKind;
  readonly vmId: string;
  readonly hostId: string;
  readonly actor: Actor;
  /** Null: every call is a new operation. */
  readonly idempotencyKey: string | null;
  /** All that was asked for, as JSON; tells a repetition from another request under the same key. */
  readonly request: unknown;
  readonly cancellable: boolean;
  /** Whether there is something to go back to when it is done. */
  readonly reversible?: boolean;
  /** What was asked for last in its place: bytes, or a count. */
  readonly previousTarget?: number | null;
}

/** The key was used before, by the same actor, for something else. */
export class IdempotencyKeyReused extends Error {
  override readonly name = "IdempotencyKeyReused";
  readonly field = "idempotencyKey";

  constructor(readonly operation: Operation) {
    super(`The idempotency key was already used for ${operation.kind} of ${operation.vmId}, which asked for something else; use a fresh key for every request.`);
  }
}

export interface CreatedOperation {
  readonly operation: Operation;
  /** "repeated": the actor asked the very same before; `operation` is that one, as it now is. */
  readonly outcome: "created" | "repeated";
}

/** A new operation as it begins: with an id of its own, not stored and not accepted. */
export function newOperation(input: NewOperation): Operation {
  return {
    id: randomUUID(), fingerprint: requestFingerprint(input), kind: input.kind, vmId: input.vmId, hostId: input.hostId,
    cancellable: input.cancellable, reversible: input.reversible ?? true, previousTarget: input.previousTarget == null ? null : BigInt(input.previousTarget), actorId: input.actor.id, requestedBy: input.actor.name, idempotencyKey: input.idempotencyKey,
    startedAt: new Date(), state: "RUNNING", acceptedAt: null, progressRatio: null, etaSeconds: null, error: null, endedAt: null,
  };
}

/** Stores a running operation; false when it is stored already, or another has its idempotency key. */
export async function insertOperation(db: Db, operation: Operation): Promise<boolean> {
  const { id, kind, vmId, hostId, cancellable, reversible, previousTarget, actorId, requestedBy, idempotencyKey, fingerprint, startedAt, acceptedAt } = operation;
  // A plain statement is one way to Postgres and back, and little work here: verbs wait for it.
  const rows = await db.$executeRaw`
    INSERT INTO operations (id, kind, vm_id, host_id, cancellable, reversible, previous_target, actor_id, requested_by, idempotency_key, fingerprint, started_at, accepted_at)
    VALUES (${id}, ${kind}::operation_kind, ${vmId}, ${hostId}, ${cancellable}, ${reversible}, ${previousTarget}, ${actorId}, ${requestedBy}, ${idempotencyKey},
            ${fingerprint}, ${startedAt}, ${acceptedAt})
    ON CONFLICT DO NOTHING`;
  return rows > 0;
}

/**
 * Stores an operation that the daemon has not accepted yet: it is hidden until acceptOperation, and discardOperation
 * takes it back. Throws IdempotencyKeyReused.
 */
export async function createOperation(db: Db, input: NewOperation): Promise<CreatedOperation> {
  const operation = newOperation(input);
  const { fingerprint } = operation;
  if (await insertOperation(db, operation)) return { operation, outcome: "created" };
  const earlier = await db.operation.findUnique({
    where: { actorId_idempotencyKey: { actorId: input.actor.id, idempotencyKey: input.idempotencyKey ?? "" } },
  });
  // The row that was in the way can be gone again: its verb was refused in between. Then this is the first of its kind.
  if (earlier === null) return createOperation(db, input);
  if (earlier.fingerprint !== fingerprint) throw new IdempotencyKeyReused(earlier);
  return { operation: earlier, outcome: "repeated" };
}

/** The daemon took the verb on: from here the operation is seen. Null when it is gone. Harmless when it has ended already. */
export async function acceptOperation(db: Db, id: string): Promise<Operation | null> {
  const rows = await db.operation.updateManyAndReturn({ where: { id, acceptedAt: null }, data: { acceptedAt: new Date() } });
  return rows[0] ?? db.operation.findUnique({ where: { id } });
}

/** The daemon refused the verb, or nothing had to be done: the operation never was, and its key is free again. */
export async function discardOperation(db: Db, id: string): Promise<void> {
  await db.operation.deleteMany({ where: { id, acceptedAt: null, state: "RUNNING" } });
}

export interface OperationProgress {
  /** 0 to 1; null when it cannot be told. */
  readonly progressRatio: number | null;
  readonly etaSeconds: number | null;
  readonly cancellable: boolean;
}

/** Records progress of a running operation; null when it does not run (any more). */
export async function progressOperation(db: Db, id: string, progress: OperationProgress): Promise<Operation | null> {
  const rows = await db.operation.updateManyAndReturn({ where: { id, state: "RUNNING" }, data: { ...progress } });
  return rows[0] ?? null;
}

/**
 * Ends an operation outside the event log, e.g. one that no daemon knows any more. The usual end comes with the
 * daemon's OPERATION_FINISHED through EventLog.append, in one transaction. Null when it had ended before.
 */
export async function finishOperation(db: Db, id: string, state: Exclude<OperationState, "RUNNING">, error: string | null): Promise<Operation | null> {
  const now = new Date();
  await acceptOperation(db, id);
  const rows = await db.operation.updateManyAndReturn({
    where: { id, state: "RUNNING" },
    data: { state, error, endedAt: now, cancellable: false, etaSeconds: null, ...(state === "SUCCEEDED" ? { progressRatio: 1 } : {}) },
  });
  return rows[0] ?? null;
}

/** One operation that was accepted; null when none has this id. */
export async function findOperation(db: Db, id: string): Promise<Operation | null> {
  return db.operation.findFirst({ where: { id, acceptedAt: { not: null } } });
}

/** Several accepted operations by id, in no order. */
export async function findOperations(db: Db, ids: readonly string[]): Promise<Operation[]> {
  return db.operation.findMany({ where: { id: { in: [...ids] }, acceptedAt: { not: null } } });
}

/** What this actor asked for under this key, once accepted; null: nothing. */
export async function findByKey(db: Db, actorId: string, idempotencyKey: string): Promise<Operation | null> {
  return db.operation.findFirst({ where: { actorId, idempotencyKey, acceptedAt: { not: null } } });
}

export interface OperationQuery {
  readonly vmId?: string | null;
  readonly states?: readonly OperationState[] | null;
  /** Only those asked for at or before this instant. */
  readonly until?: Date | null;
  /** 1 to 500. */
  readonly first: number;
  /** `operationCursor` of the last one seen. */
  readonly after?: string | null;
}
export interface OperationPage {
  readonly operations: Operation[];
  readonly hasNextPage: boolean;
}

/** Accepted operations, newest first. Throws InvalidCursor. */
export async function listOperations(db: Db, query: OperationQuery): Promise<OperationPage> {
  const first = Math.min(Math.max(query.first, 1), PAGE_MAX_ROWS);
  const after = query.after == null ? null : parseOperationCursor(query.after);
  const rows = await db.operation.findMany({
    where: {
      acceptedAt: { not: null },
      ...(query.vmId == null ? {} : { vmId: query.vmId }),
      ...(query.states == null ? {} : { state: { in: [...query.states] } }),
      ...(query.until == null ? {} : { startedAt: { lte: query.until } }),
      ...(after === null ? {} : { OR: [{ startedAt: { lt: after.startedAt } }, { startedAt: after.startedAt, id: { lt: after.id } }] }),
    },
    orderBy: [{ startedAt: "desc" }, { id: "desc" }],
    take: first + 1,
  });
  return { operations: rows.slice(0, first), hasNextPage: rows.length > first };
}

const STATE_VERBS: OperationKind[] = ["START_VM", "STOP_VM", "FORCE_OFF_VM", "RESET_VM", "PAUSE_VM", "RESUME_VM"];

/** The newest verb that changed a VM's state and succeeded; null when none is kept. */
export async function newestVerbId(db: Db, vmId: string): Promise<string | null> {
  const row = await db.operation.findFirst({
    where: { vmId, kind: { in: STATE_VERBS }, state: "SUCCEEDED" }, orderBy: [{ startedAt: "desc" }, { id: "desc" }], select: { id: true },
  });
  return row?.id ?? null;
}

/** The newest operation of one kind on a VM; null when none is kept. */
export async function newestOfKind(db: Db, vmId: string, kind: OperationKind): Promise<string | null> {
  const row = await db.operation.findFirst({
    where: { vmId, kind, acceptedAt: { not: null } }, orderBy: [{ startedAt: "desc" }, { id: "desc" }], select: { id: true },
  });
  return row?.id ?? null;
}

/** Operations of a host that nobody has reported ended, accepted or not: what to ask the daemon about after a reconnect. */
export async function listUnfinished(db: Db, hostId: string): Promise<Operation[]> {
  return db.operation.findMany({ where: { hostId, state: "RUNNING" }, orderBy: [{ startedAt: "asc" }, { id: "asc" }] });
}

/** Forgets operations that ended longer ago than they are kept; returns how many. */
export async function trimOperations(db: Db, now = new Date()): Promise<number> {
  const before = new Date(now.getTime() - OPERATION_RETENTION_DAYS * DAY_MS);
  return (await db.operation.deleteMany({ where: { endedAt: { lt: before } } })).count;
}

/** A page cursor that we did not make. */
export class InvalidCursor extends Error {
  override readonly name = "InvalidCursor";
  readonly field = "after";

  constructor(cursor: string) {
    super(`The cursor ${JSON.stringify(cursor.slice(0, 60))} is none of ours; give the endCursor of an earlier page.`);
  }
}

/** An operation's place in listOperations. Opaque to clients. */
export function operationCursor(operation: Pick<Operation, "id" | "startedAt">): string {
  return Buffer.from(`${operation.startedAt.toISOString()} ${operation.id}`).toString("base64url");
}

function parseOperationCursor(cursor: string): { startedAt: Date; id: string } {
  const [time = "", id = "", ...rest] = Buffer.from(cursor, "base64url").toString().split(" ");
  const startedAt = new Date(time);
  if (Number.isNaN(startedAt.getTime()) || id === "" || rest.length > 0) throw new InvalidCursor(cursor);
  return { startedAt, id };
}

/** A definition that is put again is the same request, though what it changes may be called something else by then. */
function requestFingerprint(input: NewOperation): string {
  return createHash("sha256").update(JSON.stringify([isPut(input.kind) ? "PUT_VM" : input.kind, input.vmId, canonical(input.request)])).digest("hex");
}

/** The same value with its keys in order, so that their order in a request does not matter. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, canonical(inner)]));
}
