// The alerts that fire now, in memory: read by the API and by the filter's field `alert`, written by the alert service
// alone.
import { Broadcast } from "../broadcast.js";
import type { Feed, Positioned } from "../feed.js";
import type { Alert } from "./model.js";

/** Whole lists: a reader needs the newest only. */
const MAX_LISTS_BEHIND = 1;
const KEY = "alerts";
const NONE: readonly Alert[] = [];

export class AlertBoard {
  #alerts: readonly Alert[] = NONE;
  #byVm = new Map<string, readonly Alert[]>();
  #position = 0n;
  readonly #changes = new Broadcast<Positioned<readonly Alert[]>>();

  /** The oldest first. */
  list(): readonly Alert[] {
    return this.#alerts;
  }

  of(vmId: string): readonly Alert[] {
    return this.#byVm.get(vmId) ?? NONE;
  }

  show(alerts: readonly Alert[]): void {
    this.#alerts = [...alerts].sort((a, b) => a.since.getTime() - b.since.getTime() || (a.id < b.id ? -1 : 1));
    this.#byVm = new Map();
    for (const alert of this.#alerts) this.#byVm.set(alert.vmId, [...this.of(alert.vmId), alert]);
    this.#position += 1n;
    this.#changes.publish(this.#item());
  }

  /** The whole list at once, then after every change. */
  changes(): Feed<readonly Alert[]> {
    return { replay: () => [this.#item()], live: () => this.#changes.subscribe(MAX_LISTS_BEHIND, "drop-oldest") };
  }

  #item(): Positioned<readonly Alert[]> {
    return { position: this.#position, key: KEY, value: this.#alerts };
  }
}
