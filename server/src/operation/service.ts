// Operations: begun before the daemon is asked, shown once it accepts, ended by its journal. Knows no GraphQL.
import { Broadcast } from "../broadcast.js";
import type { Db } from "../db/client.js";
import { asExpected, DatabaseUnavailable, OperationNotFound } from "../errors.js";
import type { EventLog } from "../event/log.js";
import type { EventService } from "../event/service.js";
import type { Log } from "../log.js";
import { interruptible } from "../streams.js";
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

/** What each operation is for, as it stands in a sentence; who asked is the event's actor. */
const WISHES: Readonly<Record<Operation["kind"], string>> = {
  PUT_VM: "define", DELETE_VM: "delete", START_VM: "start", STOP_VM: "stop", FORCE_OFF_VM: "cut the power of",
  RESET_VM: "reset", PAUSE_VM: "pause", RESUME_VM: "resume",
};

export class OperationService implements Disposable {
  /** Begun or running; the database has them too, and the ended ones. */
  readonly #open = new Map<string, { operation: Operation; accepted: boolean }>();
  readonly #updates = new Broadcast<Operation>();
  readonly #watch: Disposable;
  readonly #startedAt = new Date();

  constructor(
    private readonly db: Db,
    log: EventLog,
    private readonly events: EventService,
    private readonly diary: Log,
  ) {
    this.#watch = log.onAppended((stored) => {
      for (const event of stored) {
        if (event.kind === "OPERATION_FINISHED" && event.operationId !== null) void this.#ended(event.operationId);
      }
    });
  }

  async begin(input: store.NewOperation): Promise<store.CreatedOperation> {
    const begun = await store.createOperation(this.db, input);
    if (begun.operation.acceptedAt === null) this.#open.set(begun.operation.id, { operation: begun.operation, accepted: false });
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
      message: `Asked to ${WISHES[operation.kind]} ${operation.vmId}.`,
    });
    this.#updates.publish(operation);
    return operation;
  }

  /** Leaves a trace of who asked for a cancellation; its effect is the journal's to tell. */
  cancelled(operation: Operation, actor: string): void {
    this.events.record({
      kind: "WARNING", hostId: operation.hostId, vmId: operation.vmId, operationId: operation.id, actor,
      message: `Asked to cancel the wish to ${WISHES[operation.kind]} ${operation.vmId}.`,
    });
  }

  async discard(id: string): Promise<void> {
    this.#open.delete(id);
    await store.discardOperation(this.db, id);
  }

  async find(id: string): Promise<Operation | null> {
    const open = this.#open.get(id);
    if (open?.accepted) return open.operation;
    return store.findOperation(this.db, id);
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
