// The VMs that pass a filter, followed: each text that somebody follows is evaluated once a tick, however many follow it,
// and told again only when the set has changed. Knows no GraphQL.
import { Broadcast } from "../../broadcast.js";
import type { Feed, Positioned } from "../../feed.js";
import { interruptible } from "../../streams.js";
import { FilterFault, parseFilter, type Filter } from "./parse.js";
import { Pulse } from "./pulse.js";
import type { FilterSubjects } from "./subjects.js";

/** Whole sets: a reader needs the newest only. */
const MAX_SETS_BEHIND = 1;

export interface VmMatches {
  /** By id; empty when the text is no filter. */
  readonly ids: readonly string[];
  /** Why the text is no filter; null: it is one. */
  readonly error: string | null;
  readonly errorColumn: number | null;
}

interface Watch {
  readonly text: string;
  /** Null: the text is no filter, and its matches will never change. */
  readonly filter: { readonly condition: Filter } | null;
  readonly changes: Broadcast<Positioned<VmMatches>>;
  newest: Positioned<VmMatches>;
}

export class FilterMatches implements Disposable {
  readonly #watches = new Map<string, Watch>();
  #position = 0n;
  #pulse: Pulse | undefined;

  constructor(private readonly subjects: FilterSubjects) {}

  /** Texts that are followed now. */
  get watchCount(): number {
    return this.#watches.size;
  }

  /** The set at once, then whenever it has changed. */
  follow(text: string): Feed<VmMatches> {
    return {
      replay: () => [this.#refreshed(this.#watches.get(text) ?? this.#watch(text)).newest],
      live: () => this.#join(text),
    };
  }

  [Symbol.dispose](): void {
    this.#pulse?.[Symbol.dispose]();
    this.#pulse = undefined;
  }

  #join(text: string): AsyncGenerator<Positioned<VmMatches>, void, undefined> {
    let watch = this.#watches.get(text);
    if (watch === undefined) this.#watches.set(text, (watch = this.#watch(text)));
    const { changes } = watch;
    const { registry, metrics, alerts } = this.subjects.sources;
    this.#pulse ??= new Pulse([registry.pulse(), metrics.batches(null).live(), alerts.changes().live()], () => this.#evaluate());
    const reader = changes.subscribe(MAX_SETS_BEHIND, "drop-oldest");
    return interruptible(reader, () => {
      void reader.return();
      if (changes.readerCount > 0 || this.#watches.get(text) !== watch) return;
      this.#watches.delete(text);
      if (this.#watches.size === 0) this[Symbol.dispose]();
    });
  }

  #watch(text: string): Watch {
    const { filter, matches } = this.#read(text);
    return { text, filter, changes: new Broadcast(), newest: { position: this.#position, key: text, value: matches } };
  }

  #read(text: string): { filter: Watch["filter"]; matches: VmMatches } {
    try {
      const condition = parseFilter(text);
      return { filter: { condition }, matches: this.#matching(condition) };
    } catch (error) {
      if (error instanceof FilterFault) return { filter: null, matches: { ids: [], error: error.message, errorColumn: error.column } };
      throw error;
    }
  }

  #matching(condition: Filter): VmMatches {
    return { ids: this.subjects.matching(condition).map((vm) => vm.id).sort(), error: null, errorColumn: null };
  }

  #evaluate(): void {
    for (const watch of this.#watches.values()) this.#refreshed(watch);
  }

  #refreshed(watch: Watch): Watch {
    if (watch.filter === null) return watch;
    const value = this.#matching(watch.filter.condition);
    if (isSame(watch.newest.value.ids, value.ids)) return watch;
    this.#position += 1n;
    watch.newest = { position: this.#position, key: watch.text, value };
    watch.changes.publish(watch.newest);
    return watch;
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
