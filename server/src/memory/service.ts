// Memory: a running VM's balloon, plugged memory and page-out, its policy, and a host's sharing, compression and controller.
// The daemon judges limits; here are roles, predictions, and what was there before. Knows no GraphQL.
import type { Db } from "../db/client.js";
import type { DatabaseHealth } from "../db/health.js";
import { DatabaseUnavailable, HostUnreachable, InvalidInput, NotUndoable, Unsupported, VmNotFound } from "../errors.js";
import type { EventService } from "../event/service.js";
import type { Host } from "../host/model.js";
import type { HostService } from "../host/service.js";
import { refusalError } from "../hypervisor/refusal.js";
import type { MetricsService } from "../metrics/service.js";
import { refined } from "../streams.js";
import { requireRole, type Viewer } from "../token/model.js";
import type { Vm } from "../vm/model.js";
import type { VmRegistry } from "../vm/registry.js";
import type { VerbInput, VmOperationAccepted, VmService } from "../vm/service.js";
import { isAlive } from "../vm/verbs.js";
import { hostBreakdown, vmBreakdown } from "./breakdown.js";
import { hostCompression, vmCompression } from "./compression.js";
import type { DecisionBoard } from "./decisions.js";
import { balloonEffect, pageOutEffect, resizeEffect } from "./effects.js";
import { estimateFit } from "./fit.js";
import { hostMemoryEffect, mergedSettings, type HostMemoryChange, type NewSettings } from "./host-settings.js";
import { hostUndoPlan, isUnchanged, partsOf } from "./host-undo.js";
import { forgetHostChange, newestHostChange, rememberHostChange } from "./store.js";
import type { FitEstimate, HostMemory, MemoryBreakdown, MemoryCompression, MemoryDecision } from "./model.js";
import { hasFeature, memoryPolicy, withMemoryPolicy, type MemoryPolicyChange } from "./policy.js";
import * as wire from "./wire.js";

/** Reading settings touches only the daemon's memory. */
const READ_TIMEOUT_MS = 2_000;
/** Setting them may make a swap device, or unmerge what is merged. */
const SET_TIMEOUT_MS = 60_000;
/** A daemon's decisions are not asked for again so soon: it makes them every few seconds. */
const LISTED_FRESH_MS = 500;
const DECISIONS_MAX = 500;
const DECISIONS_DEFAULT = 20;

export interface TargetInput extends VerbInput {
  readonly targetBytes: number;
}
export interface PageOutInput extends VerbInput {
  /** Null: all that is resident. */
  readonly bytes: number | null;
}
export interface SetHostMemoryInput {
  readonly hostId: string | null;
  readonly dryRun: boolean;
  readonly change: HostMemoryChange;
}
export interface HostMemorySet {
  readonly host: Host;
  readonly memory: HostMemory;
  readonly effect: string;
}
export interface FitInput {
  readonly hostId: string | null;
  readonly memoryBytes: number | null;
  readonly vcpus: number | null;
  readonly features: readonly string[] | null;
  readonly sharingDomain: string | null;
  readonly like: string | null;
}

export interface MemoryServiceParts {
  readonly db: Db;
  readonly vms: VmService;
  readonly registry: VmRegistry;
  readonly hosts: HostService;
  readonly metrics: MetricsService;
  readonly events: EventService;
  readonly health: DatabaseHealth;
  readonly decisions: DecisionBoard;
}

export class MemoryService {
  readonly #listings = new Map<string, { readonly at: number; readonly done: Promise<void> }>();

  constructor(private readonly parts: MemoryServiceParts) {}

  setBalloon(viewer: Viewer, input: TargetInput): Promise<VmOperationAccepted> {
    return this.parts.vms.order(viewer, {
      kind: "SET_VM_BALLOON", input, request: input, previousTarget: ({ room }) => room?.balloonTargetBytes ?? null,
      effect: (vm) => balloonEffect(vm, input.targetBytes, this.parts.metrics.latestVm(vm.id)),
      call: (client, operationId, options) => client.memory.setBalloon({ operationId, vmId: input.id, targetBytes: BigInt(input.targetBytes), dryRun: input.dryRun }, options),
    });
  }

  resize(viewer: Viewer, input: TargetInput): Promise<VmOperationAccepted> {
    return this.parts.vms.order(viewer, {
      kind: "RESIZE_VM_MEMORY", input, request: input, previousTarget: ({ room }) => room?.memoryTargetBytes ?? null,
      effect: (vm) => resizeEffect(vm, input.targetBytes, this.parts.metrics.latestVm(vm.id)),
      call: (client, operationId, options) => client.memory.resizeMemory({ operationId, vmId: input.id, targetBytes: BigInt(input.targetBytes), dryRun: input.dryRun }, options),
    });
  }

  pageOut(viewer: Viewer, input: PageOutInput): Promise<VmOperationAccepted> {
    if (input.bytes === 0) throw new InvalidInput("bytes must be above 0; leave it out to page out everything.", "bytes");
    return this.parts.vms.order(viewer, {
      kind: "PAGE_OUT_VM", input, request: input, previousTarget: () => null,
      effect: (vm) => pageOutEffect(vm, input.bytes, this.parts.metrics.latestVm(vm.id)),
      call: (client, operationId, options) => client.memory.pageOut({ operationId, vmId: input.id, bytes: BigInt(input.bytes ?? 0), dryRun: input.dryRun }, options),
    });
  }

  setPolicy(viewer: Viewer, input: VerbInput & { readonly change: MemoryPolicyChange }): Promise<VmOperationAccepted> {
    return this.parts.vms.edit(viewer, input, (definition) => withMemoryPolicy(definition, input.change));
  }

  /** Null while the VM does not run, and until the kernel's figures are there. */
  vmBreakdown(vm: Vm): MemoryBreakdown | null {
    const { metrics } = this.parts;
    const sample = isAlive(vm.state) ? metrics.latestVm(vm.id) : null;
    return sample === null ? null : vmBreakdown(sample, metrics.latestHost(vm.hostId));
  }

  /** Null while the VM does not run, and on a host that compresses nothing. */
  vmCompression(vm: Vm): MemoryCompression | null {
    const { metrics } = this.parts;
    const sample = isAlive(vm.state) ? metrics.latestVm(vm.id) : null;
    return sample === null ? null : vmCompression(sample, metrics.latestHost(vm.hostId));
  }

  hostCompression(host: Host): MemoryCompression | null {
    const sample = this.parts.metrics.latestHost(host.id);
    return sample === null ? null : hostCompression(sample);
  }

  hostBreakdown(host: Host): MemoryBreakdown | null {
    const sample = this.parts.metrics.latestHost(host.id);
    return sample === null ? null : hostBreakdown(sample, this.#running(host.id).map((one) => one.sample));
  }

  /** Null while the host's daemon cannot be asked. */
  async hostMemory(hostId: string): Promise<HostMemory | null> {
    try {
      return wire.hostMemory(await this.parts.hosts.call(hostId, (client) => client.memory.getHostMemory({}, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) })));
    } catch (error) {
      if (error instanceof HostUnreachable || error instanceof Unsupported) return null;
      throw error;
    }
  }

  async setHostMemory(viewer: Viewer, input: SetHostMemoryInput): Promise<HostMemorySet> {
    const { hostId, before } = await this.#hostToSet(viewer, input, "Setting a host's memory");
    const settings = mergedSettings(before, input.change);
    const effect = hostMemoryEffect(this.parts.hosts.nameOf(hostId), before, settings);
    const set = await this.#putHostMemory(viewer, hostId, settings, effect, input.dryRun);
    const change = { hostId, actor: viewer.name, before: partsOf(before, settings), after: partsOf(set.memory, settings) };
    if (!input.dryRun && !isUnchanged(change.before, change.after)) await rememberHostChange(this.parts.db, change);
    return set;
  }

  /** Puts back what the newest setHostMemory that stands changed, then the one before. Throws what setting throws, and NotUndoable. */
  async undoHostMemory(viewer: Viewer, input: Omit<SetHostMemoryInput, "change">): Promise<HostMemorySet> {
    const { hostId, before } = await this.#hostToSet(viewer, input, "Undoing a change of a host's memory");
    const { db, hosts, health } = this.parts;
    if (!health.state.connected) throw new DatabaseUnavailable();
    const newest = await newestHostChange(db, hostId);
    const plan = hostUndoPlan(hosts.nameOf(hostId), newest, before);
    if (plan.kind === "none") throw new NotUndoable(plan.reason);
    const effect = `${hostMemoryEffect(hosts.nameOf(hostId), before, plan.settings)} As before ${plan.actor} set it.`;
    const set = await this.#putHostMemory(viewer, hostId, plan.settings, effect, input.dryRun);
    if (!input.dryRun) await forgetHostChange(db, plan.id);
    return set;
  }

  async #hostToSet(viewer: Viewer, input: Omit<SetHostMemoryInput, "change">, wish: string): Promise<{ readonly hostId: string; readonly before: HostMemory }> {
    requireRole(viewer, "ADMIN", wish);
    const { hosts, health } = this.parts;
    if (!input.dryRun && !health.state.connected) throw new DatabaseUnavailable();
    const hostId = hosts.choose(input.hostId);
    return { hostId, before: wire.hostMemory(await hosts.call(hostId, (client) => client.memory.getHostMemory({}, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) }))) };
  }

  async #putHostMemory(viewer: Viewer, hostId: string, settings: NewSettings, effect: string, dryRun: boolean): Promise<HostMemorySet> {
    const { hosts, events } = this.parts;
    const { result } = await hosts.call(hostId, (client) => client.memory.setHostMemory({
      dryRun,
      ...(settings.ksm === undefined ? {} : { ksm: wire.wireKsm(settings.ksm) }),
      ...(settings.compression === undefined ? {} : { compression: wire.wireCompression(settings.compression) }),
      ...(settings.controller === undefined ? {} : { controller: wire.wireController(settings.controller) }),
    }, { signal: AbortSignal.timeout(SET_TIMEOUT_MS) }));
    if (result === undefined) throw new Unsupported("The daemon answered in a way this server does not know; run the same version of both.");
    if (result.$case === "refusal") throw refusalError(result.value, { vmId: "", state: "DEFINED" });
    // The daemon's journal tells what became of it; this, who wanted it.
    if (!dryRun) events.record({ kind: "HOST_MEMORY_CHANGED", hostId, actor: viewer.name, message: `Asked: ${effect}` });
    return { host: hosts.expect(hostId), memory: wire.hostMemory(result.value), effect };
  }

  /** Newest first; what is known of a host whose daemon cannot be asked. */
  async decisions(of: { readonly hostId: string; readonly vmId: string | null }, first: number | null): Promise<MemoryDecision[]> {
    const count = first ?? DECISIONS_DEFAULT;
    if (count < 1 || count > DECISIONS_MAX) throw new InvalidInput(`first is 1 to ${DECISIONS_MAX}, not ${count}.`, "first");
    await this.#listDecisions(of.hostId);
    return this.parts.decisions.newest(of, count);
  }

  /** One call for all who ask at about the same time: a list of VMs with their decisions asks for each. */
  #listDecisions(hostId: string): Promise<void> {
    const last = this.#listings.get(hostId);
    const now = Date.now();
    if (last !== undefined && Math.abs(now - last.at) < LISTED_FRESH_MS) return last.done;
    const done = this.#askDecisions(hostId);
    this.#listings.set(hostId, { at: now, done });
    return done;
  }

  async #askDecisions(hostId: string): Promise<void> {
    const { hosts, decisions } = this.parts;
    try {
      const listed = await hosts.call(hostId, (client) => client.memory.listDecisions({ vmId: "" }, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) }));
      decisions.listed(hostId, listed.decisions.map((decision) => wire.decision(decision, hostId)));
    } catch (error) {
      if (!(error instanceof HostUnreachable || error instanceof Unsupported)) throw error;
    }
  }

  /** Decisions from now on; of one VM, or of all. */
  watchDecisions(vmId: string | null): AsyncGenerator<MemoryDecision, void, undefined> {
    return refined(this.parts.decisions.watch(), (decision) => (vmId === null || decision.vmId === vmId ? decision : undefined));
  }

  async howManyFit(input: FitInput): Promise<FitEstimate> {
    const { registry, hosts, metrics } = this.parts;
    const model = input.like === null ? null : registry.get(input.like);
    if (input.like !== null && model === null) throw new VmNotFound(input.like);
    const hostId = input.hostId ?? model?.hostId ?? hosts.choose(null);
    const host = hosts.expect(hosts.choose(hostId));
    const memoryBytes = input.memoryBytes ?? model?.memoryBytes;
    if (memoryBytes === undefined || memoryBytes === 0) throw new InvalidInput("Say how much memory a VM is to have (memoryBytes, above 0), or a VM that it is like.", "memoryBytes");
    const vcpus = input.vcpus ?? model?.vcpus ?? 1;
    if (vcpus < 1) throw new InvalidInput(`vcpus is at least 1, not ${vcpus}.`, "vcpus");
    const sample = metrics.latestHost(host.id);
    if (sample === null) throw hosts.unreachable(host.id, host.connectionError ?? "it has not told its figures yet");
    const memory = await this.hostMemory(host.id);
    const features = input.features ?? (model !== null && hasFeature(model.definition, "tps") ? ["tps"] : []);
    const sharingDomain = input.sharingDomain ?? memoryPolicy(model?.definition ?? {}).sharingDomain;
    return estimateFit({ memoryBytes, vcpus, features, sharingDomain }, {
      host: sample, cpuCount: host.cpuCount, reserveBytes: memory?.thresholds.highBytes ?? null, running: this.#running(host.id), like: input.like,
    });
  }

  #running(hostId: string) {
    return this.parts.registry.list().flatMap((vm) => {
      const sample = vm.hostId === hostId && isAlive(vm.state) ? this.parts.metrics.latestVm(vm.id) : null;
      return sample === null ? [] : [{ vm, sample }];
    });
  }
}
