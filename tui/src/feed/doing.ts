// Carries out what the person asks for: verbs, plans for several VMs, edits, undoing. It says what came of each in the
// store and remembers what can be undone; it knows no key and no screen.
import { randomUUID } from "node:crypto";
import { graphql } from "../client/document.js";
import type { Client } from "../client/client.js";
import { verbWords } from "../store/bulk.js";
import type { BulkVerb, Judgement } from "../store/bulk.js";
import type { DestructiveVerb } from "../store/confirm.js";
import { editedLabels } from "../store/labels.js";
import type { LabelEdit } from "../store/labels.js";
import type { Vm } from "../store/model.js";
import { paintable } from "../store/sanitize.js";
import type { Done, DoneOperation } from "../store/undo.js";
import { BulkRunner } from "./bulk.js";
import { decisionUndoDeed, editDeed, undoDeed, verbDeed } from "./deeds.js";
import type { Deed } from "./deeds.js";
import { CANCEL } from "./documents.js";
import { RuleDoing } from "./rule-doing.js";
import type { RulePort } from "./rule-doing.js";
import { TARGET_VERBS, targetDeed } from "./targets.js";
import { words } from "../format.js";
import { reasonOf } from "./feed.js";
import { undoHostMemory } from "./host-memory.js";
import { newestUndoable } from "./undoable.js";
import type { Store } from "./feed.js";
import { judge } from "./verbs.js";
import type { MutationVerb } from "./verbs.js";
import type { Amount, TargetKind } from "../store/targets.js";

const IS_FOR = graphql(`query DashboardIsFor($where: String!) { vms(first: 1, filter: { where: $where }) { nodes { id } } }`);

/** What keys need of it. */
export type DoingPort = Pick<Doing, "ask" | "judge" | "plan" | "carryOut" | "cancelBulk" | "cancel" | "protect" | "label" | "target" | "offerUndo" | "undo" | "undoHost" | "offerDecisionUndo" | "undoDecision"> & { readonly rules: RulePort };

export class Doing implements Disposable {
  readonly rules: RuleDoing;
  private readonly bulk: BulkRunner;

  constructor(private readonly client: Client, private readonly store: Store) {
    this.bulk = new BulkRunner(client, store);
    this.rules = new RuleDoing(client, store);
  }

  ask(verb: MutationVerb, vmId: string): void {
    void this.askOne(verbDeed(verb), vmId, verb.toLowerCase().replaceAll("_", " "));
  }

  /** What a destructive verb would do; the open question waits for it. */
  judge(verb: DestructiveVerb, vmId: string): void {
    judge(this.client, verb, vmId).then(
      (judgement) => this.store.dispatch({ type: "judged", verb, vmId, judgement }),
      (error: unknown) => this.store.dispatch({ type: "judged", verb, vmId, judgement: { can: false, reason: reasonOf(error) } }),
    );
  }

  plan(verb: MutationVerb, vms: readonly Vm[]): void {
    this.bulk.plan(verb, verbDeed(verb), vms);
  }

  carryOut(): void {
    this.bulk.start();
  }

  cancelBulk(): void {
    this.bulk.cancel();
  }

  cancel(operationId: string): void {
    this.client.request(CANCEL, { id: operationId }).then(
      ({ cancelOperation }) => "message" in cancelOperation && this.say("error", cancelOperation.message),
      (error: unknown) => this.say("error", reasonOf(error)),
    );
  }

  /** Protects what is not, and where all are protected already, takes the protection away. */
  protect(vms: readonly Vm[]): void {
    const isProtected = !vms.every((vm) => vm.protected);
    this.edit(isProtected ? "PROTECT" : "UNPROTECT", editDeed((definition) => ({ ...definition, protected: isProtected })), vms);
  }

  label(vms: readonly Vm[], edit: LabelEdit): void {
    const labelsOf = (value: unknown): Record<string, string> => (typeof value === "object" && value !== null ? (value as Record<string, string>) : {});
    this.edit("LABEL", editDeed((definition) => ({ ...definition, labels: editedLabels(labelsOf(definition["labels"]), edit) })), vms);
  }

  /** Has memory or vCPUs become so much. */
  target(what: TargetKind, amount: Amount, vms: readonly Vm[]): void {
    const memoryOf = new Map(vms.map(({ id, memoryBytes }) => [id, memoryBytes]));
    this.edit(TARGET_VERBS[what], targetDeed(what, amount, (id) => memoryOf.get(id) ?? 0), vms);
  }

  /** Looks for the last deed that can be undone, and asks whether it shall be. */
  async offerUndo(): Promise<void> {
    try {
      await this.lookForUndo();
    } catch (error) {
      this.say("error", `undo: ${reasonOf(error)}`);
    }
  }

  async undo(operationId: string, vmId: string): Promise<void> {
    if (await this.askOne(undoDeed(new Map([[vmId, operationId]])), vmId, "undo", "is not remembered")) this.store.dispatch({ type: "undone", operationId });
  }

  /** Takes back the newest change of a host's memory settings. */
  async undoHost(hostId: string): Promise<void> {
    const label = this.store.state.hosts.find(({ id }) => id === hostId)?.name ?? paintable(hostId);
    try {
      const done = await undoHostMemory(this.client, hostId, "carry out");
      this.say(done.can ? "info" : "error", `${label}: ${done.can ? `undone. ${done.effect}` : done.reason}`);
      if (done.can) this.store.dispatch({ type: "undoneHost", hostId });
    } catch (error) {
      this.say("error", `${label}: undo failed: ${reasonOf(error)}`);
    }
  }

  /** Asks whether what the memory controller decided about a VM shall be undone; where it cannot be, says why. */
  async offerDecisionUndo(vmId: string, at: number | null): Promise<void> {
    try {
      const judgement = await decisionUndoDeed(at).judge(this.client, vmId);
      if (judgement.can) this.store.dispatch({ type: "prompt", prompt: { kind: "undoDecision", undoneVmId: vmId, at, text: judgement.effect } });
      else this.say("error", `undo: ${judgement.reason}`);
    } catch (error) {
      this.say("error", `undo: ${reasonOf(error)}`);
    }
  }

  async undoDecision(vmId: string, at: number | null): Promise<void> {
    await this.askOne(decisionUndoDeed(at), vmId, "undo of the memory controller's decision");
  }

  /** Whether a VM is one that a command of the person's own is for; if not, or if that cannot be told, it is said. */
  async isFor(command: { name: string; where: string }, vmId: string): Promise<boolean> {
    try {
      const { vms } = await this.client.request(IS_FOR, { where: `(${command.where}) id=${vmId}` });
      const isOne = vms.nodes.some((vm) => vm.id === vmId);
      if (!isOne) this.say("error", `${command.name}: ${this.store.state.vms.get(vmId)?.label ?? vmId} is none of the VMs it is for (where: ${command.where}).`);
      return isOne;
    } catch (error) {
      this.say("error", `${command.name}: its where (${command.where}) cannot be asked about: ${reasonOf(error)}`);
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.bulk[Symbol.dispose]();
  }

  /** One VM at once, several by a plan: an edit can be undone. */
  private edit(verb: BulkVerb, deed: Deed, vms: readonly Vm[]): void {
    const [only] = vms;
    if (vms.length > 1) this.bulk.plan(verb, deed, vms);
    else if (only !== undefined) void this.askOne(deed, only.id, verbWords(verb));
  }

  /** Whether it was accepted. */
  private async askOne(deed: Deed, vmId: string, wish: string, memory: "is remembered" | "is not remembered" = "is remembered"): Promise<boolean> {
    const label = paintable(this.store.state.vms.get(vmId)?.label ?? vmId);
    const key = randomUUID();
    this.say("info", `${label}: ${wish} asked for.`);
    try {
      const asked = await deed.ask(this.client, vmId, key);
      if (!asked.accepted) this.say("error", `${label}: ${asked.reason}`, vmId);
      else if (asked.operation === null) this.say("info", `${label}: there was nothing to do.`);
      else this.store.dispatch({ type: "operations", operations: [asked.operation] });
      if (asked.accepted && asked.operation !== null && memory === "is remembered") this.store.dispatch({ type: "did", group: key, operation: { id: asked.operation.id, vmId, label } });
      return asked.accepted;
    } catch (error) {
      this.say("error", `${label}: ${wish} failed: ${reasonOf(error)}`);
      return false;
    }
  }

  /** The newest deed of which anything can be undone; one operation is asked about, several are planned. */
  private async lookForUndo(): Promise<void> {
    const before = await this.doneBefore();
    // What is newer and cannot be undone is said first: nobody shall undo another deed than the one that is meant.
    let { passedOver } = before;
    for (const done of before.done) {
      if (done.host !== undefined) {
        const judgement = await undoHostMemory(this.client, done.host.id, "only judge");
        if (judgement.can) {
          this.store.dispatch({ type: "prompt", prompt: { kind: "undoHost", hostId: done.host.id, text: judgement.effect, passedOver } });
          return;
        }
        passedOver ??= `${done.host.label}, done last: ${judgement.reason}`;
        continue;
      }
      const judged = await this.judgeUndo(done);
      const [able] = judged.filter(({ judgement }) => judgement.can);
      passedOver ??= able === undefined ? reasonAgainst(judged) : null;
      // What was done before must not be undone in its place.
      if (able === undefined && this.isUnderWay(done)) break;
      if (able === undefined) continue;
      const { operation, judgement } = able;
      if (done.operations.length > 1) {
        const operationOf = new Map(done.operations.map(({ vmId, id }) => [vmId, id]));
        this.bulk.plan("UNDO", undoDeed(operationOf), done.operations.map(({ vmId, label }) => ({ id: vmId, label })), operationOf);
        if (passedOver !== null) this.say("error", `undo: ${passedOver} This plan is of what was done before.`);
      } else if (judgement.can) this.store.dispatch({ type: "prompt", prompt: { kind: "undo", operationId: operation.id, undoneVmId: operation.vmId, text: judgement.effect, passedOver } });
      return;
    }
    this.say("error", `undo: ${passedOver ?? "Nothing that was done lately can be undone."}`);
  }

  /** What this dashboard has done; one that has done nothing yet asks what was done before it was opened. */
  private async doneBefore(): Promise<{ done: readonly Done[]; passedOver: string | null }> {
    const { ui: { done }, vms } = this.store.state;
    if (done.length > 0) return { done, passedOver: null };
    const { batch, passedOver: [newest] } = await newestUndoable(this.client);
    const [first] = batch;
    const labelOf = (vmId: string): string => vms.get(vmId)?.label ?? paintable(vmId);
    const passedOver = newest === undefined ? null : `${labelOf(newest.vmId)}: ${words(newest.kind)}, done last, cannot be undone.`;
    return { passedOver, done: first === undefined ? [] : [{ group: first.id, operations: batch.map(({ id, vmId }) => ({ id, vmId, label: labelOf(vmId) })) }] };
  }

  private isUnderWay({ operations }: Done): boolean {
    return operations.some(({ id }) => this.store.state.operations.find((operation) => operation.id === id)?.state === "RUNNING");
  }

  private judgeUndo({ operations }: Done): Promise<JudgedUndo[]> {
    return Promise.all(operations.map(async (operation) => ({ operation, judgement: await undoDeed(new Map([[operation.vmId, operation.id]])).judge(this.client, operation.vmId) })));
  }

  private say(tone: "info" | "error", text: string, vmId?: string): void {
    this.store.dispatch({ type: "notice", tone, text: paintable(text), vmId });
  }
}

interface JudgedUndo { operation: DoneOperation; judgement: Judgement }

/** Whose newest deed cannot be undone, and why; null: nothing was judged. */
function reasonAgainst(judged: readonly JudgedUndo[]): string | null {
  for (const { operation, judgement } of judged) if (!judgement.can) return `${operation.label}, done last: ${judgement.reason}`;
  return null;
}
