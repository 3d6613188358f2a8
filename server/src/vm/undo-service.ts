// Undoing operations, and decisions of the memory controller: what would undo one, and doing it by the verbs and rights that it takes. Knows no GraphQL.
import type { Db } from "../db/client.js";
import { NotUndoable, OperationNotFound, VmNotFound } from "../errors.js";
import type { CpuService } from "../cpu/service.js";
import { memoryPolicy } from "../memory/policy.js";
import type { MemoryService } from "../memory/service.js";
import { decisionUndoPlan } from "../memory/undo.js";
import { isPut } from "../operation/kinds.js";
import type { OperationService } from "../operation/service.js";
import { newestOfKind, newestVerbId } from "../operation/store.js";
import type { Operation } from "../operation/store.js";
import { newestVersions } from "../past/store.js";
import { requireRole, type Viewer } from "../token/model.js";
import type { VerbInput, VmOperationAccepted, VmService } from "./service.js";
import { isTargetVerb, undoPlan, type InverseVerb, type TargetVerb, type UndoPlan } from "./undo.js";

/** What a guest is given to power down when a start is undone. */
const STOP_TIMEOUT_SECONDS = 60;
/** Decisions of the memory controller looked through: more than it makes about a VM between two looks of a person. */
const DECISIONS_LOOKED_THROUGH = 500;

export interface UndoDecisionInput extends VerbInput {
  /** When the decision was made; null: the newest that can be undone. */
  readonly at: Date | null;
}

export class UndoService {
  constructor(private readonly parts: { readonly db: Db; readonly vms: VmService; readonly memory: MemoryService; readonly cpu: CpuService; readonly operations: OperationService }) {}

  /** What would undo an operation now, or why nothing can. */
  async plan(operation: Operation): Promise<UndoPlan> {
    const { db, vms } = this.parts;
    const isOfDefinition = isPut(operation.kind) || operation.kind === "DELETE_VM";
    const isDone = operation.state === "SUCCEEDED";
    return undoPlan(operation, {
      vm: vms.get(operation.vmId),
      versions: isDone && isOfDefinition ? await newestVersions(db, operation.vmId) : [],
      newestVerbId: isTargetVerb(operation.kind) ? await newestOfKind(db, operation.vmId, operation.kind) : isDone && !isOfDefinition ? await newestVerbId(db, operation.vmId) : null,
    });
  }

  /** Throws what the verb throws that undoes it, OperationNotFound and NotUndoable. */
  async undo(viewer: Viewer, input: VerbInput): Promise<VmOperationAccepted> {
    const operation = await this.parts.operations.find(input.id);
    if (operation === null) throw new OperationNotFound(input.id);
    const { idempotencyKey, dryRun } = input;
    const earlier = idempotencyKey === null ? null : await this.#repeated(viewer, operation.vmId, idempotencyKey, operation.id);
    if (earlier !== null) return earlier;
    const plan = await this.plan(operation);
    switch (plan.kind) {
      case "none":
        throw new NotUndoable(plan.reason);
      case "verb":
        return this.#verb(viewer, plan.verb, { id: operation.vmId, idempotencyKey, dryRun });
      case "target":
        return this.#target(viewer, plan.verb, plan.target, { id: operation.vmId, idempotencyKey, dryRun });
      case "define":
        return this.parts.vms.put(viewer, {
          definition: plan.definition, hostId: plan.instead === "of nothing" ? operation.hostId : null, idempotencyKey, dryRun, createOnly: plan.instead === "of nothing",
          ifGeneration: plan.instead === "of nothing" ? null : (this.parts.vms.get(operation.vmId)?.generation ?? null),
        });
    }
  }

  /** Undoes a decision of the memory controller. Throws what setting a balloon throws, VmNotFound and NotUndoable. */
  async undoDecision(viewer: Viewer, { at, ...input }: UndoDecisionInput): Promise<VmOperationAccepted> {
    const { vms, memory } = this.parts;
    requireRole(viewer, "OPERATOR", "Undoing a decision of the memory controller");
    const earlier = input.idempotencyKey === null ? null : await this.#repeated(viewer, input.id, input.idempotencyKey, null);
    if (earlier !== null) return earlier;
    const known = vms.get(input.id);
    if (known === null) throw new VmNotFound(input.id);
    const decisions = await memory.decisions({ hostId: known.hostId, vmId: known.id }, DECISIONS_LOOKED_THROUGH);
    // As it is after the daemon was asked: it may have decided meanwhile.
    const vm = vms.get(input.id) ?? known;
    const plan = decisionUndoPlan(at, { vm, control: memoryPolicy(vm.definition).control, decisions });
    if (plan.kind === "none") throw new NotUndoable(plan.reason);
    const accepted = await memory.setBalloon(viewer, { ...input, targetBytes: plan.targetBytes });
    return { ...accepted, effect: `${accepted.effect} ${plan.caution}`.trimEnd() };
  }

  /** What is undone cannot be undone again: a repetition under the same key is told of the first time. */
  async #repeated(viewer: Viewer, vmId: string, idempotencyKey: string, undoneId: string | null): Promise<VmOperationAccepted | null> {
    const earlier = await this.parts.operations.findByKey(viewer.tokenId, idempotencyKey);
    const vm = this.parts.vms.get(vmId);
    if (earlier?.vmId !== vmId || earlier.id === undoneId || vm === null) return null;
    return { vm, operation: earlier, effect: "Was asked for before under this idempotency key; nothing more is done." };
  }

  #target(viewer: Viewer, verb: TargetVerb, target: number, input: VerbInput): Promise<VmOperationAccepted> {
    const { memory, cpu } = this.parts;
    switch (verb) {
      case "SET_VM_BALLOON": return memory.setBalloon(viewer, { ...input, targetBytes: target });
      case "RESIZE_VM_MEMORY": return memory.resize(viewer, { ...input, targetBytes: target });
      case "SET_VM_VCPUS": return cpu.setVcpus(viewer, { ...input, count: target });
    }
  }

  #verb(viewer: Viewer, verb: InverseVerb, input: VerbInput): Promise<VmOperationAccepted> {
    const { vms } = this.parts;
    switch (verb) {
      case "START_VM": return vms.simpleVerb(viewer, "startVm", input);
      case "STOP_VM": return vms.stop(viewer, { ...input, timeoutSeconds: STOP_TIMEOUT_SECONDS, escalation: "NONE" });
      case "PAUSE_VM": return vms.simpleVerb(viewer, "pauseVm", input);
      case "RESUME_VM": return vms.simpleVerb(viewer, "resumeVm", input);
    }
  }
}
