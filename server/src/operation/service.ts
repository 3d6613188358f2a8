// Operations: begun before the daemon is asked, shown once it accepts, ended by its journal. Knows no GraphQL.
import { Broadcast } from "../broadcast.js";
import type { Db } from "../db/client.js";
import { asExpected, DatabaseUnavailable, OperationNotFound } from "../errors.js";
import type { EventLog } from "../event/log.js";
import type { EventService } from "../event/service.js";
import type { Log } from "../log.js";
import { interruptible } from "../streams.js";
import { deedWords } from "./words.js";
import * as store from "./store.js";
import type { Operation } from "./store.js";

/** Updates that a reader of one operation may fall behind; an operation has far fewer. */
const MAX_UPDATES_BEHIND = 256;
const DEFAULT_PAGE_OPERATIONS = 50;

export interface OperationsArgs {
  readonly vmId: string | null;
  readonly states: readonly store.OperationState[] | null;
  readonly until?: Date | null;
  readonly first: number | null;
  readonly after: string | null;
}

export class OperationService implements Disposable {
  /** Begun or running; the database has those that are stored, and the ended ones. */
  readonly #open = new Map<string, { operation: Operation; accepted: boolean; stored: boolean }>();
  readonly #updates = new Broadcast<Operation>();
  readonly #watch: Disposable;
  readonly #startedAt = new Date();

  constructor(
    private readonly db: Db,
    log: EventLog,
    private readonly events: EventService,
    private readonly diary: Log,
  ) {
    log.beforeWrite((ids) => this.#storeAccepted(ids));
    this.#watch = log.onAppended((stored) => {
      for (const event of stored) {
        if (event.kind === "OPERATION_FINISHED" && event.operationId !== null) void this.#ended(event.operationId);
      }
    });
  }

  /**
   * With an idempotency key the operation is stored before the daemon is asked: a repetition must find it, whatever dies
   * in between. Without one nobody can ask for it again, and its verb need not wait: it is stored with its first event.
   */
  async begin(input: store.NewOperation): Promise<store.CreatedOperation> {
    const stored = input.idempotencyKey !== null;
    const begun = stored ? await store.createOperation(this.db, input) : { operation: store.newOperation(input), outcome: "created" as const };
    if (begun.operation.acceptedAt === null) this.#open.set(begun.operation.id, { operation: begun.operation, accepted: false, stored });
    return begun;
  }

  /** The daemon has taken it on: told by its answer or by its journal, whichever comes first. */
  accepted(id: string): Operation | null {
    const open = this.#open.get(id);
    if (open === undefined) return null;
    if (open.accepted) return open.operation;
    open.accepted = true;
    open.operation = { ...open.operation, acceptedAt: new Date() };
    const { operation } = open;
    // Stored with this event; until then the operation is shown from memory.
    this.events.record({
      kind: "OPERATION_STARTED", hostId: operation.hostId, vmId: operation.vmId, operationId: id, actor: operation.requestedBy,
      message: `Asked to ${deedWords(operation.kind, operation.vmId)}.`,
    });
    this.#updates.publish(operation);
    return operation;
  }

  /** Leaves a trace of who asked for a cancellation; its effect is the journal's to tell. */
  cancelRequested(operation: Operation, actor: string): void {
    this.events.record({
      kind: "OPERATION_CANCEL_REQUESTED", hostId: operation.hostId, vmId: operation.vmId, operationId: operation.id, actor,
      message: `Asked not to ${deedWords(operation.kind, operation.vmId)} after all.`,
    });
  }

  async discard(id: string): Promise<void> {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (open?.stored !== false) await store.discardOperation(this.db, id);
  }

  async find(id: string): Promise<Operation | null> {
    const open = this.#open.get(id);
    if (open?.accepted) return open.operation;
    return store.findOperation(this.db, id);
  }

  /** The accepted one that this actor asked for under the key; that it was accepted may not be stored yet. */
  async findByKey(actorId: string, idempotencyKey: string): Promise<Operation | null> {
    for (const { operation, accepted } of this.#open.values()) {
      if (accepted && operation.actorId === actorId && operation.idempotencyKey === idempotencyKey) return operation;
    }
    return store.findByKey(this.db, actorId, idempotencyKey);
  }

  async list(args: OperationsArgs): Promise<store.OperationPage> {
    return store.listOperations(this.db, { vmId: args.vmId, states: args.states, until: args.until ?? null, first: args.first ?? DEFAULT_PAGE_OPERATIONS, after: args.after });
  }

  /** The operation as it is now, then after every change, until it has ended. */
  watch(id: string): AsyncGenerator<Operation, void, undefined> {
    // Subscribed before it is read, so that no change falls between.
    const updates = this.#updates.subscribe(MAX_UPDATES_BEHIND, "drop-oldest");
    return interruptible(this.#untilEnded(id, updates), () => void updates.return());
  }

  /** Settles what was left open over a restart or a lost database, once a host's journal has been replayed to its end. */
  async settle(hostId: string, daemonStartedAt: Date | null): Promise<void> {
    await this.catchUp(hostId);
    for (const operation of await store.listUnfinished(this.db, hostId)) {
      if (this.#open.has(operation.id)) continue;
      // Stored this moment and not yet among the open ones: a verb of ours on its way to the daemon, nobody's remains.
      if (operation.startedAt >= this.#startedAt) continue;
      if (operation.acceptedAt === null) await store.discardOperation(this.db, operation.id);
      else if (daemonStartedAt !== null && operation.startedAt < daemonStartedAt) {
        const ended = await store.finishOperation(this.db, operation.id, "FAILED", "The host's daemon was restarted and does not know of it any more; look at the VM and ask again.");
        if (ended !== null) this.#updates.publish(ended);
      }
    }
  }

  /** Ends that were stored while the database's answer was lost have told nobody: those are told now. */
  async catchUp(hostId: string): Promise<void> {
    const open = [...this.#open.values()].flatMap(({ operation, accepted }) => (accepted && operation.hostId === hostId ? [operation.id] : []));
    if (open.length === 0) return;
    try {
      for (const operation of await store.findOperations(this.db, open)) {
        if (operation.state === "RUNNING") continue;
        this.#open.delete(operation.id);
        this.#updates.publish(operation);
      }
    } catch (error) {
      for (const id of open) this.#trouble("an operation's end could not be read", error, id);
    }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#updates.close();
  }

  async *#untilEnded(id: string, updates: AsyncGenerator<Operation, void, undefined>): AsyncGenerator<Operation, void, undefined> {
    try {
      const now = await this.find(id);
      if (now === null) throw new OperationNotFound(id);
      yield now;
      if (now.state !== "RUNNING") return;
      for await (const update of updates) {
        if (update.id !== id) continue;
        yield update;
        if (update.state !== "RUNNING") return;
      }
    } finally {
      await updates.return();
    }
  }

  /** An event accepts or ends its operation in the database: the operation must be there first. */
  async #storeAccepted(ids: ReadonlySet<string>): Promise<void> {
    for (const id of ids) {
      const open = this.#open.get(id);
      if (open === undefined || open.stored || !open.accepted) continue;
      await store.insertOperation(this.db, open.operation);
      open.stored = true;
    }
  }

  async #ended(id: string): Promise<void> {
    try {
      const ended = await store.findOperation(this.db, id);
      this.#open.delete(id);
      if (ended !== null) this.#updates.publish(ended);
    } catch (error) {
      this.#trouble("an operation's end could not be read", error, id);
    }
  }

  #trouble(message: string, error: unknown, id: string): void {
    if (!(asExpected(error) instanceof DatabaseUnavailable)) this.diary.error(message, error, { operation_id: id });
  }
}
