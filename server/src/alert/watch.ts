// All rules over all VMs, tick by tick: which alerts are raised and which are over. It keeps the phases in memory and
// does no I/O; storing and telling are the service's.
import { randomUUID } from "node:crypto";
import { matchesFilter, reasonsOf } from "../vm/filter/evaluate.js";
import type { FilterSubject } from "../vm/filter/fields.js";
import type { Filter } from "../vm/filter/parse.js";
import { CLEAR_SLACK, step, type AlertPhase, type Observation } from "./machine.js";
import type { Alert, AlertRule } from "./model.js";

export interface WatchedRule {
  readonly rule: AlertRule;
  readonly filter: Filter;
}
export interface WatchedVm {
  readonly subject: FilterSubject;
  /** False: its host cannot be reached, so that nothing is known of it now. */
  readonly isKnown: boolean;
}
export interface ClearedAlert {
  readonly alert: Alert;
  /** The end of a sentence about it, e.g. "cpu 12.0% (>80)". */
  readonly why: string;
}
export interface AlertEdges {
  readonly raised: readonly Alert[];
  readonly cleared: readonly ClearedAlert[];
}

interface Entry {
  readonly ruleId: string;
  readonly vmId: string;
  phase: AlertPhase;
  /** Null while it is only pending. */
  alert: Alert | null;
}

export class AlertWatch {
  /** Rules that can fire, by id. */
  readonly #rules = new Map<string, WatchedRule>();
  readonly #entries = new Map<string, Entry>();

  get firing(): Alert[] {
    return [...this.#entries.values()].flatMap(({ alert }) => (alert === null ? [] : [alert]));
  }

  /** Takes up what fired before a restart: it is not raised again, and is over once it has failed for long enough. */
  resume(alerts: readonly Alert[]): void {
    for (const alert of alerts) this.#entries.set(keyOf(alert.rule.id, alert.vmId), { ruleId: alert.rule.id, vmId: alert.vmId, phase: { phase: "firing" }, alert });
  }

  /** A new or changed rule. What fires goes on as the new rule's, which decides from the next tick on; what was only pending begins anew. */
  put(watched: WatchedRule): void {
    this.#rules.set(watched.rule.id, watched);
    for (const [key, entry] of this.#entries) {
      if (entry.ruleId !== watched.rule.id) continue;
      if (entry.alert === null) this.#entries.delete(key);
      else entry.alert = { ...entry.alert, rule: watched.rule };
    }
  }

  /** A rule that is gone or disabled: what it fired is over. */
  drop(ruleId: string, why: string): ClearedAlert[] {
    this.#rules.delete(ruleId);
    return this.#remove((entry) => entry.ruleId === ruleId, why);
  }

  tick(vms: readonly WatchedVm[], now: Date): AlertEdges {
    const present = new Set(vms.map(({ subject }) => subject.id));
    const cleared = this.#remove((entry) => !present.has(entry.vmId), "the VM is gone");
    const raised: Alert[] = [];
    for (const watched of this.#rules.values()) {
      for (const vm of vms) {
        const edge = this.#look(watched, vm, now);
        if (edge?.kind === "raised") raised.push(edge.alert);
        else if (edge?.kind === "cleared") cleared.push(edge);
      }
    }
    return { raised, cleared };
  }

  #look({ rule, filter }: WatchedRule, { subject, isKnown }: WatchedVm, now: Date): { kind: "raised"; alert: Alert } | ({ kind: "cleared" } & ClearedAlert) | null {
    const key = keyOf(rule.id, subject.id);
    const entry = this.#entries.get(key);
    const slack = entry === undefined || entry.phase.phase === "pending" ? 0 : CLEAR_SLACK;
    const observation: Observation = !isKnown ? "unknown" : matchesFilter(filter, subject, slack) ? "passes" : "fails";
    const { next, edge } = step(entry?.phase ?? null, observation, now.getTime(), rule.forSeconds * 1_000);
    if (next === null) {
      this.#entries.delete(key);
      return edge === "cleared" && entry?.alert != null ? { kind: "cleared", alert: entry.alert, why: figures(filter, subject) } : null;
    }
    if (edge !== "raised") {
      this.#entries.set(key, { ruleId: rule.id, vmId: subject.id, phase: next, alert: entry?.alert ?? null });
      return null;
    }
    const lasting = rule.forSeconds === 0 ? "" : ` for ${rule.forSeconds} s`;
    const alert: Alert = { id: randomUUID(), rule, vmId: subject.id, since: now, message: `${rule.name}: ${figures(filter, subject) || rule.where}${lasting}.` };
    this.#entries.set(key, { ruleId: rule.id, vmId: subject.id, phase: next, alert });
    return { kind: "raised", alert };
  }

  #remove(ends: (entry: Entry) => boolean, why: string): ClearedAlert[] {
    const cleared: ClearedAlert[] = [];
    for (const [key, entry] of this.#entries) {
      if (!ends(entry)) continue;
      this.#entries.delete(key);
      if (entry.alert !== null) cleared.push({ alert: entry.alert, why });
    }
    return cleared;
  }
}

function figures(filter: Filter, subject: FilterSubject): string {
  return reasonsOf(filter, subject).join(", ");
}

/** No id holds a space. */
function keyOf(ruleId: string, vmId: string): string {
  return `${ruleId} ${vmId}`;
}
