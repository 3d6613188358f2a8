// The memory controllers' newest decisions, in memory: heard from the journals, and asked of the daemons, which alone know
// their measured effects. Their sentences are kept for good by the event log.
import { Broadcast } from "../broadcast.js";
import type { MemoryDecision } from "./model.js";

/** A host's controller decides at most about each VM every few seconds; this is the last hour of a busy host. */
const MAX_KEPT_A_HOST = 1_000;
/** Decisions a reader may fall behind. */
const MAX_BEHIND = 256;

export class DecisionBoard {
  /** By host, oldest first; the key tells one decision from another. */
  readonly #hosts = new Map<string, Map<string, MemoryDecision>>();
  readonly #made = new Broadcast<MemoryDecision>();

  /** One that the journal tells of, at first without its effect. */
  heard(decision: MemoryDecision): void {
    this.#keep(decision);
    this.#made.publish(decision);
  }

  /** What a daemon lists: the same ones again, perhaps with their effects, and those from before this server came up. */
  listed(hostId: string, decisions: readonly MemoryDecision[]): void {
    for (const decision of decisions) this.#keep(decision);
    const kept = this.#hosts.get(hostId) ?? new Map<string, MemoryDecision>();
    const sorted = [...kept].sort(([, a], [, b]) => a.time.getTime() - b.time.getTime());
    if (sorted.length > 0) this.#hosts.set(hostId, new Map<string, MemoryDecision>(sorted));
  }

  /** Newest first. */
  newest(of: { readonly hostId: string; readonly vmId: string | null }, first: number): MemoryDecision[] {
    const all = [...(this.#hosts.get(of.hostId)?.values() ?? [])].reverse();
    return all.filter(({ vmId }) => of.vmId === null || vmId === of.vmId).slice(0, first);
  }

  /** Those made from now on. */
  watch(): AsyncGenerator<MemoryDecision, void, undefined> {
    return this.#made.subscribe(MAX_BEHIND, "drop-oldest");
  }

  #keep(decision: MemoryDecision): void {
    let kept = this.#hosts.get(decision.hostId);
    if (kept === undefined) this.#hosts.set(decision.hostId, (kept = new Map<string, MemoryDecision>()));
    const key = `${decision.time.getTime()} ${decision.vmId} ${decision.action}`;
    const before = kept.get(key);
    kept.set(key, before?.effectBytes != null && decision.effectBytes === null ? before : decision);
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT_A_HOST) break;
      kept.delete(oldest);
    }
  }
}
