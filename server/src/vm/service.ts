// VMs: reading them, and every verb. The daemon judges definitions and states; here are roles, operations and idempotency.
import { randomUUID } from "node:crypto";
import { setPowerWish } from "./store.js";
import type { Db } from "../db/client.js";
import type { DatabaseHealth } from "../db/health.js";
import { DatabaseUnavailable, InvalidInput, NotCancellable, OperationNotFound, Unsupported, VmChanged, VmNotFound, asExpected, type ExpectedError } from "../errors.js";
import type { HostService } from "../host/service.js";
import type { DaemonClient } from "../hypervisor/client.js";
import { StopEscalation, type VmResponse } from "../hypervisor/generated/quetzal/v1/vm.js";
import { refusalError } from "../hypervisor/refusal.js";
import * as wire from "../hypervisor/wire.js";
import type { Log } from "../log.js";
import type { MetricsService } from "../metrics/service.js";
import type { PutKind } from "../operation/kinds.js";
import type { OperationService } from "../operation/service.js";
import type { Operation, OperationKind } from "../operation/store.js";
import { OPERATION_WORDS } from "../operation/words.js";
import { definitionAt } from "../past/store.js";
import { requireRole, type Role, type Viewer } from "../token/model.js";
import { definitionChanges } from "./changes.js";
import { effectOf, putEffect, type EffectFacts, type PlainVerb } from "./effects.js";
import { pageOfVms, type VmListArgs, type VmPage } from "./list.js";
import type { FilterSubjects } from "./filter/subjects.js";
import type { Vm, VmDefinition } from "./model.js";
import { putKind } from "./put-kind.js";
import type { VmRegistry } from "./registry.js";
import { Turns } from "./turns.js";
import { verbAvailability, type VerbAvailability } from "./verbs.js";

/** A daemon answers a verb when it has accepted it, not when it is done; checking a definition is the longest. */
const VERB_TIMEOUT_MS = 10_000;
/** A definition is a page of text; this is a library. */
const MAX_DEFINITION_BYTES = 256 * 1024;
export const MAX_APPLIED_VMS = 1_000;
const MAX_STOP_TIMEOUT_SECONDS = 3_600;

export interface VerbInput {
  readonly id: string;
  readonly idempotencyKey: string | null;
  readonly dryRun: boolean;
}
export interface StopInput extends VerbInput {
  readonly timeoutSeconds: number;
  readonly escalation: "NONE" | "FORCE_OFF";
}
export interface DeleteInput extends VerbInput {
  readonly deleteDisks: boolean;
}
export interface PutInput {
  readonly definition?: unknown;
  readonly hostId: string | null;
  readonly idempotencyKey: string | null;
  readonly dryRun: boolean;
  readonly createOnly: boolean;
  /** The generation that the caller knows: refused when the definition is another than it was then. Null: whatever it is. */
  readonly ifGeneration?: bigint | null;
}
export interface VmOperationAccepted {
  readonly vm: Vm;
  readonly operation: Operation | null;
  /** What it does, or in a dry run would do. */
  readonly effect: string;
}
type CarriedOut = Omit<VmOperationAccepted, "effect">;
export interface PutVmSuccess extends VmOperationAccepted {
  readonly action: "CREATED" | "CHANGED" | "UNCHANGED";
  readonly changes: readonly string[];
}
export type SimpleVerb = "startVm" | "forceOffVm" | "resetVm" | "pauseVm" | "resumeVm";

const SIMPLE_VERBS: Readonly<Record<SimpleVerb, PlainVerb>> = {
  startVm: "START_VM", forceOffVm: "FORCE_OFF_VM", resetVm: "RESET_VM", pauseVm: "PAUSE_VM", resumeVm: "RESUME_VM",
};

/** One call of the daemon, under the operation id that the server chose. */
export type Call = (client: DaemonClient, operationId: string, options: { signal: AbortSignal }) => Promise<VmResponse>;

/** What another noun wants of a running VM: an operation that the daemon carries out. */
export interface VmOrder {
  readonly kind: Exclude<OperationKind, PutKind>;
  readonly input: VerbInput;
  /** All that was asked for. */
  readonly request: unknown;
  /** One sentence of what it does to the VM as it is now. */
  readonly effect: (vm: Vm) => string;
  /** What was asked for last in its place, to go back to; null: nothing to go back to. */
  readonly previousTarget?: (vm: Vm) => number | null;
  readonly reversible?: boolean;
  readonly role?: Role;
  readonly call: Call;
}

interface Verb {
  readonly kind: OperationKind;
  readonly vmId: string;
  readonly hostId: string;
  readonly idempotencyKey: string | null;
  readonly request: unknown;
  readonly reversible?: boolean;
  readonly previousTarget?: number | null;
  readonly call: Call;
}

export interface VmServiceParts {
  readonly db: Db;
  readonly health: DatabaseHealth;
  readonly registry: VmRegistry;
  readonly hosts: HostService;
  readonly operations: OperationService;
  readonly metrics: MetricsService;
  readonly subjects: FilterSubjects;
  readonly diary: Log;
}

export class VmService {
  readonly #puts = new Turns();

  constructor(private readonly parts: VmServiceParts) {}

  get(id: string): Vm | null {
    return this.parts.registry.get(id);
  }

  list(args: VmListArgs): VmPage {
    return pageOfVms(this.parts.registry.list(), args, {
      latest: (id) => this.parts.metrics.latestVm(id), passes: (where) => this.parts.subjects.passes(where),
    });
  }

  changes(id: string | null) {
    return this.parts.registry.changes(id);
  }

  verbs(vm: Vm, viewer: Viewer): VerbAvailability[] {
    return verbAvailability(vm, viewer, this.parts.hosts.isConnected(vm.hostId));
  }

  async simpleVerb(viewer: Viewer, verb: SimpleVerb, input: VerbInput): Promise<VmOperationAccepted> {
    const done = await this.#verb(viewer, "OPERATOR", SIMPLE_VERBS[verb], input, {}, (client, operationId, options) =>
      client.vms[verb]({ operationId, vmId: input.id, dryRun: input.dryRun }, options));
    if (!input.dryRun && verb === "startVm") this.#wish(input.id, "ON");
    if (!input.dryRun && verb === "forceOffVm") this.#wish(input.id, "OFF");
    return done;
  }

  async stop(viewer: Viewer, input: StopInput): Promise<VmOperationAccepted> {
    requireRole(viewer, "OPERATOR", "Stopping a VM");
    if (input.timeoutSeconds < 1 || input.timeoutSeconds > MAX_STOP_TIMEOUT_SECONDS) {
      throw new InvalidInput(`timeoutSeconds must be 1 to ${MAX_STOP_TIMEOUT_SECONDS}, not ${input.timeoutSeconds}.`, "timeoutSeconds");
    }
    const escalation = input.escalation === "FORCE_OFF" ? StopEscalation.STOP_ESCALATION_FORCE_OFF : StopEscalation.STOP_ESCALATION_NONE;
    const done = await this.#verb(viewer, "OPERATOR", "STOP_VM", input, input, (client, operationId, options) =>
      client.vms.stopVm({ operationId, vmId: input.id, timeoutMs: input.timeoutSeconds * 1_000, escalation, dryRun: input.dryRun }, options));
    if (!input.dryRun) this.#wish(input.id, "OFF");
    return done;
  }

  async delete(viewer: Viewer, input: DeleteInput): Promise<VmOperationAccepted> {
    return this.#verb(viewer, "ADMIN", "DELETE_VM", input, input, (client, operationId, options) =>
      client.vms.deleteVm({ operationId, vmId: input.id, deleteDisks: input.deleteDisks, dryRun: input.dryRun }, options));
  }

  async put(viewer: Viewer, input: PutInput): Promise<PutVmSuccess> {
    requireRole(viewer, "ADMIN", "Defining a VM");
    const specJson = definitionText(input.definition);
    const vmId = claimedId(input.definition);
    // One at a time for a VM: between the look at the generation and the daemon's answer nobody else may change it.
    return this.#puts.run(vmId, () => this.#put(viewer, input, specJson, vmId));
  }

  async #put(viewer: Viewer, input: PutInput, specJson: string, vmId: string): Promise<PutVmSuccess> {
    const known = this.parts.registry.get(vmId);
    const hostId = input.hostId === null && known !== null ? known.hostId : this.parts.hosts.choose(input.hostId);
    if (known !== null && known.hostId !== hostId) {
      throw new InvalidInput(`${vmId} is defined on host ${this.parts.hosts.nameOf(known.hostId)}; leave hostId out, or give the definition another id.`, "hostId");
    }
    const call: Call = (client, operationId, options) =>
      client.vms.putVm({ operationId, specJson, dryRun: input.dryRun, createOnly: input.createOnly }, options);
    // The daemon is the only judge, and fills in defaults: what it would store is compared with what it has.
    const judged = await this.#call(hostId, vmId, (client, options) =>
      client.vms.putVm({ operationId: randomUUID(), specJson, dryRun: true, createOnly: input.createOnly }, options));
    const before = this.parts.registry.get(judged.id);
    const changes = definitionChanges(before?.definition ?? null, judged.definition);
    const action = before === null ? "CREATED" : changes.length === 0 ? "UNCHANGED" : "CHANGED";
    const effect = putEffect(before, judged.name, changes);
    await this.#requireGeneration(judged.id, before, input.ifGeneration ?? null);
    if (input.dryRun) return { vm: before ?? judged, action, changes, operation: null, effect };
    this.#requireDatabase();
    if (before !== null && action === "UNCHANGED") return { vm: before, action, changes, operation: null, effect };
    const request = { definition: input.definition, createOnly: input.createOnly, ...(input.ifGeneration == null ? {} : { ifGeneration: input.ifGeneration.toString() }) };
    const done = await this.#carryOut(viewer, { kind: putKind(before?.definition ?? null, judged.definition), vmId: judged.id, hostId, idempotencyKey: input.idempotencyKey, request, call });
    return { ...done, action, changes, effect };
  }

  /** A change of state moves the generation too, and is nobody's edit: what counts is whether the definition is another. */
  async #requireGeneration(id: string, vm: Vm | null, generation: bigint | null): Promise<void> {
    if (generation === null || vm?.generation === generation) return;
    const known = await definitionAt(this.parts.db, id, generation);
    if (vm === null || known === null || definitionChanges(known, vm.definition).length > 0) throw new VmChanged(id, vm?.generation ?? 0n);
  }

  /** Each definition is judged alone; those that share an id are all refused, since one would undo the other. */
  async apply(viewer: Viewer, input: Omit<PutInput, "definition" | "createOnly"> & { readonly definitions: readonly unknown[] }): Promise<(PutVmSuccess | ExpectedError)[]> {
    const { definitions, idempotencyKey } = input;
    if (definitions.length > MAX_APPLIED_VMS) return definitions.map(() => new InvalidInput(`At most ${MAX_APPLIED_VMS} definitions at once, not ${definitions.length}; apply them in parts.`, "definitions"));
    const ids = definitions.map(claimedId);
    const results: (PutVmSuccess | ExpectedError)[] = [];
    for (const [index, definition] of definitions.entries()) {
      const id = ids[index] ?? "";
      const sharing = id === "" ? [] : [...ids.keys()].filter((place) => ids[place] === id);
      if (sharing.length > 1) {
        results.push(new InvalidInput(`Definitions ${sharing.map((place) => place + 1).join(" and ")} share the id "${id}"; give each VM an id of its own.`, `definitions[${index}].id`));
        continue;
      }
      const key = idempotencyKey === null ? null : `${idempotencyKey}#${index}`;
      results.push(await this.#settled(this.put(viewer, { ...input, definition, createOnly: false, idempotencyKey: key })));
    }
    return results;
  }

  async cancel(viewer: Viewer, operationId: string): Promise<Operation> {
    requireRole(viewer, "OPERATOR", "Cancelling an operation");
    const { operations, hosts } = this.parts;
    this.#requireDatabase();
    const operation = await operations.find(operationId);
    if (operation === null) throw new OperationNotFound(operationId);
    if (operation.state !== "RUNNING") throw new NotCancellable(operation.state, `The operation has ended already: ${operation.state.toLowerCase()}.`);
    const { result } = await hosts.call(operation.hostId, (client) =>
      client.vms.cancelOperation({ operationId }, { signal: AbortSignal.timeout(VERB_TIMEOUT_MS) }));
    if (result?.$case === "refusal") {
      throw refusalError(result.value, { vmId: operation.vmId, state: this.get(operation.vmId)?.state ?? "DEFINED", operationState: operation.state });
    }
    operations.cancelRequested(operation, viewer.name);
    return (await operations.find(operationId)) ?? operation;
  }

  /** Changes a VM's definition as it now is. Throws what `put` throws, and VmNotFound. */
  async edit(viewer: Viewer, input: VerbInput, change: (definition: VmDefinition) => VmDefinition): Promise<PutVmSuccess> {
    requireRole(viewer, "ADMIN", "Changing a VM's definition");
    const vm = this.#expect(input.id);
    const { idempotencyKey, dryRun } = input;
    return this.put(viewer, { definition: change(vm.definition), hostId: vm.hostId, idempotencyKey, dryRun, createOnly: false, ifGeneration: vm.generation });
  }

  /** Has the daemon carry out a verb. Throws Forbidden, VmNotFound, and what the daemon refuses. */
  async order(viewer: Viewer, order: VmOrder): Promise<VmOperationAccepted> {
    const { kind, input, request, call } = order;
    requireRole(viewer, order.role ?? "OPERATOR", `The verb "${OPERATION_WORDS[kind]}"`);
    const vm = this.#expect(input.id);
    const effect = order.effect(vm);
    if (input.dryRun) {
      return { vm: await this.#call(vm.hostId, vm.id, (client, options) => call(client, randomUUID(), options)), operation: null, effect };
    }
    const previousTarget = order.previousTarget?.(vm) ?? null;
    const verb: Verb = { kind, vmId: vm.id, hostId: vm.hostId, idempotencyKey: input.idempotencyKey, request, reversible: order.reversible ?? true, previousTarget, call };
    return { ...(await this.#carryOut(viewer, verb)), effect };
  }

  #verb(viewer: Viewer, role: Role, kind: PlainVerb, input: VerbInput, facts: EffectFacts, call: Call): Promise<VmOperationAccepted> {
    return this.order(viewer, { kind, input, request: input, role, reversible: facts.deleteDisks !== true, effect: (vm) => effectOf(kind, vm, facts), call });
  }

  #expect(id: string): Vm {
    const vm = this.parts.registry.get(id);
    if (vm === null) throw new VmNotFound(id);
    return vm;
  }

  /** The operation is stored first, hidden; the daemon is asked; its answer shows the operation or takes it back. */
  async #carryOut(viewer: Viewer, verb: Verb): Promise<CarriedOut> {
    const { operations, registry, hosts } = this.parts;
    hosts.client(verb.hostId);
    this.#requireDatabase();
    const { kind, vmId, hostId, idempotencyKey, request, reversible, previousTarget } = verb;
    const { operation, outcome } = await operations.begin({
      kind, vmId, hostId, idempotencyKey, request, reversible: reversible ?? true, previousTarget: previousTarget ?? null, actor: { id: viewer.tokenId, name: viewer.name }, cancellable: kind === "START_VM" || kind === "STOP_VM",
    });
    // Repeated and never accepted: the first try broke off. The daemon knows by the id whether it has done it.
    if (outcome === "repeated" && operation.acceptedAt !== null) return { vm: registry.get(vmId) ?? (await this.#lastKnown(verb, operation)), operation };
    let vm: Vm;
    try {
      vm = await this.#call(hostId, vmId, (client, options) => verb.call(client, operation.id, options));
    } catch (error) {
      // Where the line broke it is not known whether the daemon accepted: its journal, or a repetition, will tell.
      if (asExpected(error)?.kind !== "HostUnreachable") await operations.discard(operation.id);
      throw error;
    }
    const shown = operations.accepted(operation.id) ?? operation;
    if (kind !== "DELETE_VM") registry.observe(vm);
    return { vm: registry.get(vmId) ?? vm, operation: shown };
  }

  async #call(hostId: string, vmId: string, call: (client: DaemonClient, options: { signal: AbortSignal }) => Promise<VmResponse>): Promise<Vm> {
    const { result } = await this.parts.hosts.call(hostId, (client) => call(client, { signal: AbortSignal.timeout(VERB_TIMEOUT_MS) }));
    if (result === undefined) throw new Unsupported("The daemon answered in a way this server does not know; run the same version of both.");
    if (result.$case === "refusal") throw refusalError(result.value, { vmId, state: this.get(vmId)?.state ?? "DEFINED" });
    return wire.vm(result.value, hostId);
  }

  /** A repeated deletion: the VM is gone, and is shown as its operation remembers it. */
  #lastKnown(verb: Verb, operation: Operation): Promise<Vm> {
    return Promise.reject(new VmNotFound(verb.vmId, `${verb.vmId} is gone: ${operation.kind} was carried out before under this idempotency key.`));
  }

  #requireDatabase(): void {
    if (!this.parts.health.state.connected) throw new DatabaseUnavailable();
  }

  #wish(id: string, wish: "ON" | "OFF"): void {
    // The wish is for later; the verb has been accepted and must not fail for it.
    void setPowerWish(this.parts.db, id, wish).catch((error: unknown) => {
      this.parts.diary.error("a power wish could not be stored", error, { vm_id: id });
    });
  }

  async #settled(put: Promise<PutVmSuccess>): Promise<PutVmSuccess | ExpectedError> {
    try {
      return await put;
    } catch (error) {
      const expected = asExpected(error);
      if (expected === null) throw error;
      return expected;
    }
  }
}

function definitionText(definition: unknown): string {
  if (typeof definition !== "object" || definition === null || Array.isArray(definition)) {
    throw new InvalidInput("A definition is a JSON object, as vms/vm.schema.json describes it.", "definition");
  }
  const text = JSON.stringify(definition);
  if (text.length > MAX_DEFINITION_BYTES) throw new InvalidInput(`A definition has at most ${MAX_DEFINITION_BYTES} bytes, not ${text.length}.`, "definition");
  return text;
}

/** The id that a definition claims, unchecked; empty when it claims none. */
function claimedId(definition: unknown): string {
  const id = typeof definition === "object" && definition !== null ? (definition as VmDefinition)["id"] : undefined;
  return typeof id === "string" ? id : "";
}
