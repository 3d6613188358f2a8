// Keeps the database's copy of observed VMs near to memory's: batches of changed VMs, written behind. The copy is what
// is shown of a host that cannot be reached when the server starts.
import type { Db } from "../db/client.js";
import type { DatabaseHealth } from "../db/health.js";
import { asExpected, DatabaseUnavailable } from "../errors.js";
import { definitionFields } from "../hypervisor/wire.js";
import type { Log } from "../log.js";
import { crashOf, definitionOf, listVms, observeVms, removeVm } from "./store.js";
import type { Vm } from "./model.js";
import type { VmRegistry } from "./registry.js";

/** How far the copy may lag: short enough to be useful after a crash, long enough to write a burst once. */
const WRITE_DELAY_MS = 250;

export class VmArchive implements AsyncDisposable {
  readonly #dirty = new Map<string, Vm | null>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #changes;
  readonly #watch: Disposable;
  readonly #reader: Promise<void>;

  constructor(
    private readonly db: Db,
    health: DatabaseHealth,
    private readonly registry: VmRegistry,
    private readonly diary: Log,
  ) {
    this.#changes = registry.changes(null).live();
    this.#reader = this.#read();
    this.#watch = health.onChange(({ connected }) => {
      if (connected) this.#schedule();
    });
  }

  /** Fills memory with what the database last knew. */
  async load(): Promise<void> {
    for (const row of await listVms(this.db)) {
      this.registry.observe({
        ...definitionFields(definitionOf(row), row.id),
        id: row.id, hostId: row.hostId, state: row.state, stateSince: row.stateSince, generation: row.generation,
        startedAt: row.startedAt, accelerator: row.accelerator, networkInUse: row.networkInUse, qemuVersion: row.qemuVersion,
        pid: row.pid, room: null, restartRequired: row.restartRequired, crash: crashOf(row),
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watch[Symbol.dispose]();
    await this.#changes.return();
    await this.#reader;
    await this.#write();
  }

  async #read(): Promise<void> {
    for await (const { value } of this.#changes) {
      this.#dirty.set(value.id, value.vm);
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, WRITE_DELAY_MS);
  }

  async #write(): Promise<void> {
    const batch = new Map(this.#dirty);
    this.#dirty.clear();
    try {
      for (const [id, vm] of batch) if (vm === null) await removeVm(this.db, id);
      const present = [...batch.values()].filter((vm) => vm !== null);
      for (const hostId of new Set(present.map((vm) => vm.hostId))) {
        await observeVms(this.db, hostId, present.filter((vm) => vm.hostId === hostId));
      }
    } catch (error) {
      // What changed again meanwhile is newer than what could not be written.
      for (const [id, vm] of batch) if (!this.#dirty.has(id)) this.#dirty.set(id, vm);
      if (!(asExpected(error) instanceof DatabaseUnavailable)) this.diary.error("observed VMs could not be stored", error);
    }
  }
}
