// The VMs as their daemons last described them, in memory. The list is served from here, whatever the database does.
import { Broadcast } from "../broadcast.js";
import type { Feed, Positioned } from "../feed.js";
import { refined } from "../streams.js";
import type { Vm, VmChange } from "./model.js";

/** Changes a reader may fall behind before it is let go: it subscribes again and is given the state anew. */
const MAX_CHANGES_BEHIND = 4_096;

export class VmRegistry {
  readonly #vms = new Map<string, Vm>();
  readonly #changes = new Broadcast<Positioned<VmChange>>();
  #position = 0n;

  get(id: string): Vm | null {
    return this.#vms.get(id) ?? null;
  }

  list(): Vm[] {
    return [...this.#vms.values()];
  }

  get size(): number {
    return this.#vms.size;
  }

  /** Takes an observation unless a newer one is known; true when it changed something. */
  observe(vm: Vm): boolean {
    const known = this.#vms.get(vm.id);
    if (known?.hostId === vm.hostId && known.generation >= vm.generation) return false;
    this.#vms.set(vm.id, vm);
    this.#publish({ id: vm.id, vm });
    return true;
  }

  remove(id: string): boolean {
    if (!this.#vms.delete(id)) return false;
    this.#publish({ id, vm: null });
    return true;
  }

  /** A host's complete list: VMs of it that are not in the list are gone; generations start over with a daemon's state. */
  replaceHost(hostId: string, listed: readonly Vm[]): void {
    const ids = new Set(listed.map((vm) => vm.id));
    for (const vm of this.list()) if (vm.hostId === hostId && !ids.has(vm.id)) this.remove(vm.id);
    for (const vm of listed) {
      const known = this.#vms.get(vm.id);
      // Of the same generation is also what the database remembered, which is less than the daemon knows.
      if (known !== undefined && known.generation >= vm.generation) this.#vms.delete(vm.id);
      this.observe(vm);
    }
  }

  /** Says of every VM of a host that what is shown with it has changed, e.g. whether the host is connected. */
  touchHost(hostId: string): void {
    for (const vm of this.list()) if (vm.hostId === hostId) this.#publish({ id: vm.id, vm });
  }

  /** A VM (or every VM) as it is now, then after every change. */
  changes(id: string | null): Feed<VmChange> {
    return {
      replay: () => {
        const vms = id === null ? this.list() : [this.get(id)].filter((vm) => vm !== null);
        return vms.map((vm) => ({ position: this.#position, key: vm.id, value: { id: vm.id, vm } }));
      },
      live: () => {
        const all = this.#changes.subscribe(MAX_CHANGES_BEHIND, "fail");
        return id === null ? all : refined(all, (change) => (change.key === id ? change : undefined));
      },
    };
  }

  /** Something for every change, however many were missed: for those who then look at everything anyway. */
  pulse(): AsyncGenerator<unknown, void, undefined> {
    return this.#changes.subscribe(1, "drop-oldest");
  }

  #publish(change: VmChange): void {
    this.#position += 1n;
    this.#changes.publish({ position: this.#position, key: change.id, value: change });
  }
}
