// Alerts: rules that people keep, asked of every VM on every tick; what is raised and what is over is shown, stored and
// told as an event, in this order. Knows no GraphQL.
import type { Db } from "../db/client.js";
import type { DatabaseHealth } from "../db/health.js";
import { AlertRuleNotFound, asExpected } from "../errors.js";
import type { NewEvent } from "../event/log.js";
import type { EventService } from "../event/service.js";
import type { Log } from "../log.js";
import { requireRole, type Viewer } from "../token/model.js";
import { Pulse } from "../vm/filter/pulse.js";
import type { FilterSubjects } from "../vm/filter/subjects.js";
import type { AlertBoard } from "./board.js";
import type { Alert, AlertRule } from "./model.js";
import { checkedRule, ruleFilter, ruleWords, type RuleInput } from "./rules.js";
import * as store from "./store.js";
import { AlertWatch, type AlertEdges, type ClearedAlert } from "./watch.js";

/** What is told while the database is away; beyond it the oldest are lost. */
const MAX_UNTOLD_EVENTS = 1_000;

export interface PutRuleInput extends RuleInput {
  readonly dryRun: boolean;
}
export interface PutRuleSuccess {
  readonly rule: AlertRule;
  /** VMs that pass the condition at this moment. */
  readonly matchesNow: number;
}
export interface DeleteRuleInput {
  readonly id: string;
  readonly dryRun: boolean;
}
export interface DeleteRuleSuccess {
  readonly rule: AlertRule;
  /** Alerts of it that were, or in a dry run would be, over with it. */
  readonly alertsCleared: number;
}

export interface AlertServiceParts {
  readonly db: Db;
  readonly health: DatabaseHealth;
  readonly events: EventService;
  readonly subjects: FilterSubjects;
  readonly board: AlertBoard;
  readonly diary: Log;
}

type AlertEvent = NewEvent & { readonly vmId: string };

export class AlertService implements AsyncDisposable {
  readonly #watch = new AlertWatch();
  readonly #rules = new Map<string, AlertRule>();
  /** Waiting for a journal: what raised them happened before, and must be in the events before them. */
  #held: AlertEvent[] = [];
  #untold: AlertEvent[] = [];
  #isDirty = false;
  #storing: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #pulse: Pulse | undefined;
  #health: Disposable | undefined;

  constructor(private readonly parts: AlertServiceParts) {}

  /** Takes up rules and alerts from the database, and then follows the VMs. */
  async start(): Promise<void> {
    const { db, board, subjects, health } = this.parts;
    const firing = await store.listFiring(db);
    const told = await store.toldAlerts(db, firing);
    for (const alert of firing) if (!told.has(alert.id)) this.#tellRaised(alert);
    this.#watch.resume(firing);
    const rules = await store.listRules(db);
    this.#settle(rules.flatMap((rule) => this.#takeUp(rule)), new Date());
    this.#release();
    board.show(this.#watch.firing);
    this.#health = health.onChange(({ connected }) => {
      if (connected) void this.#store();
    });
    this.#pulse = new Pulse([subjects.sources.registry.pulse(), subjects.sources.metrics.batches(null).live()], () => this.#tick(new Date()));
    await this.#store();
  }

  /** Every rule, by name. */
  rules(): AlertRule[] {
    return [...this.#rules.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async put(viewer: Viewer, input: PutRuleInput): Promise<PutRuleSuccess> {
    requireRole(viewer, "OPERATOR", "Setting an alert rule");
    return this.#inTurn(() => this.#put(viewer, input));
  }

  async delete(viewer: Viewer, input: DeleteRuleInput): Promise<DeleteRuleSuccess> {
    requireRole(viewer, "OPERATOR", "Deleting an alert rule");
    return this.#inTurn(() => this.#delete(viewer, input));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pulse?.[Symbol.dispose]();
    this.#health?.[Symbol.dispose]();
    // Better too early than never.
    this.#release(() => true);
    await this.#store();
  }

  async #put(viewer: Viewer, { dryRun, ...input }: PutRuleInput): Promise<PutRuleSuccess> {
    const { db, events, subjects } = this.parts;
    const now = new Date();
    const rule = checkedRule(input, this.rules(), { at: now, by: viewer.name });
    const matchesNow = subjects.matching(ruleFilter(rule.where), now).length;
    if (dryRun) return { rule, matchesNow };
    await store.putRule(db, rule);
    events.record({ kind: "ALERT_RULE_CHANGED", actor: viewer.name, message: `${viewer.name} set the alert rule ${rule.name}: ${ruleWords(rule)}.` });
    this.#settle(this.#takeUp(rule), now);
    this.#tick(now);
    return { rule, matchesNow };
  }

  async #delete(viewer: Viewer, { id, dryRun }: DeleteRuleInput): Promise<DeleteRuleSuccess> {
    const { db, events, board } = this.parts;
    const rule = this.#rules.get(id);
    if (rule === undefined) throw new AlertRuleNotFound(id);
    const alertsCleared = board.list().filter((alert) => alert.rule.id === id).length;
    if (dryRun) return { rule, alertsCleared };
    await store.removeRule(db, id);
    events.record({ kind: "ALERT_RULE_CHANGED", actor: viewer.name, message: `${viewer.name} deleted the alert rule ${rule.name} (${ruleWords(rule)}).` });
    this.#rules.delete(id);
    this.#settle(this.#watch.drop(id, "the rule was deleted"), new Date());
    return { rule, alertsCleared };
  }

  /** A rule that can fire is watched; what one that cannot has fired is over, and returned. */
  #takeUp(rule: AlertRule): ClearedAlert[] {
    this.#rules.set(rule.id, rule);
    if (!rule.enabled) return this.#watch.drop(rule.id, "the rule was disabled");
    try {
      this.#watch.put({ rule, filter: ruleFilter(rule.where) });
    } catch (error) {
      // Stored by a server that knew other fields.
      this.parts.diary.warn("an alert rule is no filter any more and does nothing", { rule: rule.id, error: String(error) });
      return this.#watch.drop(rule.id, "its condition is no filter any more");
    }
    return [];
  }

  #tick(now: Date): void {
    const { subjects } = this.parts;
    const { registry, hosts } = subjects.sources;
    const vms = registry.list().map((vm) => ({ subject: subjects.of(vm, now), isKnown: hosts.isFollowed(vm.hostId) }));
    const { raised, cleared } = this.#watch.tick(vms, now);
    if (raised.length + cleared.length > 0) this.#tell({ raised, cleared }, now);
    else if (this.#release()) void this.#store();
  }

  /** After a change of the rules: the board shows them as they now are. */
  #settle(cleared: readonly ClearedAlert[], now: Date): void {
    this.#tell({ raised: [], cleared }, now);
  }

  /** Changes of the rules, one after another: each is judged by what the one before it has left. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #tell({ raised, cleared }: AlertEdges, now: Date): void {
    this.parts.board.show(this.#watch.firing);
    for (const { alert, why } of cleared) {
      this.#held.push({ kind: "ALERT_CLEARED", time: now, vmId: alert.vmId, message: `${alert.rule.name} is over${why === "" ? "" : `: ${why}`}.` });
    }
    for (const alert of raised) this.#tellRaised(alert);
    this.#held = this.#held.slice(-MAX_UNTOLD_EVENTS);
    this.#release();
    this.#isDirty = true;
    void this.#store();
  }

  #tellRaised({ since, vmId, message }: Alert): void {
    this.#held.push({ kind: "ALERT_RAISED", time: since, vmId, message });
  }

  /** Lets go to be told what waits for no journal any more. True when there was any. */
  #release(isDue = ({ vmId }: AlertEvent) => !this.#waitsForJournal(vmId)): boolean {
    const due = this.#held.filter(isDue);
    if (due.length === 0) return false;
    this.#held = this.#held.filter((event) => !due.includes(event));
    this.#untold = [...this.#untold, ...due].slice(-MAX_UNTOLD_EVENTS);
    return true;
  }

  /** A VM that is gone may have been any host's. */
  #waitsForJournal(vmId: string): boolean {
    const { registry, hosts } = this.parts.subjects.sources;
    const vm = registry.get(vmId);
    return vm === null ? hosts.list().some(({ id }) => hosts.hasJournalToStore(id)) : hosts.hasJournalToStore(vm.hostId);
  }

  /** Stores what fires, then tells; again when the database is back. Stored first, so that a restart raises nothing twice. */
  async #store(): Promise<void> {
    while (this.#storing !== undefined) await this.#storing;
    if (!this.#isDirty && this.#untold.length === 0) return;
    this.#storing = this.#storeNow();
    await this.#storing;
  }

  async #storeNow(): Promise<void> {
    const told = this.#untold;
    this.#untold = [];
    this.#isDirty = false;
    try {
      await store.storeFiring(this.parts.db, this.#watch.firing);
      for (const event of told) this.parts.events.record(event);
    } catch (error) {
      this.#isDirty = true;
      this.#untold = [...told, ...this.#untold].slice(-MAX_UNTOLD_EVENTS);
      if (asExpected(error)?.kind !== "DatabaseUnavailable") this.parts.diary.error("alerts could not be stored", error);
    } finally {
      this.#storing = undefined;
    }
  }
}
