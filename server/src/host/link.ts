// What is done with a daemon's words: observed state goes to memory at once, its journal to the event log in order.
// While the database is away the journal stays with the daemon and is read again from the stored sequence afterwards.
import type { Db } from "../db/client.js";
import type { DatabaseHealth } from "../db/health.js";
import { asExpected, DatabaseUnavailable } from "../errors.js";
import type { EventService } from "../event/service.js";
import type { EventLog, NewEvent, RecordedVm } from "../event/log.js";
import { journalSequence, observeHost, restartJournal } from "./store.js";
import type { DaemonClient } from "../hypervisor/client.js";
import { EventKind as WireEventKind, type Event as WireEvent } from "../hypervisor/generated/quetzal/v1/event.js";
import type { Host as WireHost } from "../hypervisor/generated/quetzal/v1/host.js";
import type { MetricsTick } from "../hypervisor/generated/quetzal/v1/metrics.js";
import type { ListVmsResponse } from "../hypervisor/generated/quetzal/v1/vm.js";
import { noteListed } from "../past/store.js";
import { Session, type SessionListener } from "../hypervisor/session.js";
import * as wire from "../hypervisor/wire.js";
import type { Log } from "../log.js";
import type { DecisionBoard } from "../memory/decisions.js";
import { decision } from "../memory/wire.js";
import type { MetricsService } from "../metrics/service.js";
import type { OperationService } from "../operation/service.js";
import type { Vm } from "../vm/model.js";
import type { VmRegistry } from "../vm/registry.js";
import type { HostFacts } from "./model.js";
import type { HostService } from "./service.js";

export interface LinkParts {
  readonly client: DaemonClient;
  readonly db: Db;
  readonly health: DatabaseHealth;
  readonly log: EventLog;
  readonly hosts: HostService;
  readonly vms: VmRegistry;
  readonly decisions: DecisionBoard;
  readonly metrics: MetricsService;
  readonly operations: OperationService;
  readonly events: EventService;
  readonly diary: Log;
}

export class HostLink implements SessionListener, AsyncDisposable {
  #facts: HostFacts | null = null;
  /** The daemon's list of VMs and when it came, until the journal has told all that was before it. */
  #listed: { readonly vms: readonly Vm[]; readonly at: Date } | null = null;
  /** Up to here the daemon's list has said all there is to say about VMs. */
  #listedSequence = 0n;
  /** The newest journal entry heard; where to go on when the database cannot say. */
  #heardSequence = 0n;
  /** When the host was connected, until that is told: after what its journal tells of the time before. */
  #untoldSince: Date | null = null;
  /** False while the database is away: then the journal is only listened to. */
  #recording = false;
  #pending: NewEvent[] = [];
  #storing: Promise<void> | undefined;
  readonly #session: Session;
  readonly #healthWatch: Disposable;

  constructor(private readonly parts: LinkParts) {
    this.#healthWatch = parts.health.onChange(({ connected }) => {
      if (!connected) return;
      if (!this.#recording) this.#session.rewatch();
      else if (this.#facts !== null) void parts.operations.catchUp(this.#facts.id);
    });
    this.#session = new Session(parts.client, this);
  }

  async connected(host: WireHost, list: ListVmsResponse): Promise<void> {
    const facts = wire.host(host);
    this.#facts = facts;
    this.#listedSequence = list.journalSequence;
    this.#heardSequence = list.journalSequence;
    const { hosts, vms } = this.parts;
    hosts.connected(facts, this.parts.client);
    this.#listed = { vms: list.vms.map((vm) => wire.vm(vm, facts.id)), at: new Date() };
    vms.replaceHost(facts.id, this.#listed.vms);
    vms.touchHost(facts.id);
    this.#untoldSince = new Date();
    await this.#storeHost(facts);
  }

  async watchAfter(): Promise<bigint> {
    const facts = this.#facts;
    if (facts === null) return 0n;
    try {
      await observeHost(this.parts.db, { ...facts, memoryBytes: BigInt(facts.memoryBytes) });
      let after = await journalSequence(this.parts.db, facts.id);
      if (after > this.#heardSequence) {
        // The daemon lost its state: its journal counts from 1 again.
        await restartJournal(this.parts.db, facts.id);
        after = 0n;
      }
      this.#recording = true;
      return after;
    } catch (error) {
      if (!(asExpected(error) instanceof DatabaseUnavailable)) throw error;
      this.#recording = false;
      this.#listed = null;
      return this.#heardSequence;
    }
  }

  event(event: WireEvent): void {
    const facts = this.#facts;
    if (facts === null) return;
    if (event.sequence > this.#listedSequence) this.#observe(event, facts.id);
    if (event.kind === WireEventKind.EVENT_KIND_VM_DELETED && event.time !== undefined) this.#retire(event.vmId, event.time);
    if (event.sequence > this.#heardSequence) this.#heardSequence = event.sequence;
    if (event.decision !== undefined) this.parts.decisions.heard(decision(event.decision, facts.id));
    if (event.operationId !== "") this.parts.operations.accepted(event.operationId);
    if (!this.#recording) return;
    this.#pending.push(journalEvent(event, facts.id));
    void this.#store();
  }

  trimmed(before: bigint): void {
    const facts = this.#facts;
    if (facts === null) return;
    this.parts.events.record({
      kind: "WARNING", hostId: facts.id,
      message: `Events of ${facts.name} before entry ${before} of its journal were trimmed before this server could read them.`,
    });
  }

  live(): void {
    if (this.#facts === null) return;
    if (this.#recording) void this.#settle(this.#facts);
    else this.parts.hosts.heardJournal(this.#facts.id, "unstored");
  }

  tick(tick: MetricsTick): void {
    const { metrics, vms } = this.parts;
    if (this.#facts !== null) metrics.ingest(this.#facts.id, tick, (vmId) => vms.get(vmId)?.room?.vcpusTarget ?? null);
  }

  disconnected(reason: string): void {
    const { hosts, vms, events, metrics, diary } = this.parts;
    const wasConnected = hosts.disconnected(this.#facts?.id ?? null, reason);
    if (!wasConnected || this.#facts === null) return;
    this.#tellConnected(this.#facts);
    diary.warn("lost the daemon", { host_id: this.#facts.id, reason });
    metrics.hostLost(this.#facts.id);
    vms.touchHost(this.#facts.id);
    events.record({ kind: "HOST_DISCONNECTED", hostId: this.#facts.id, message: `Lost the daemon of ${this.#facts.name}: ${reason}.` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#healthWatch[Symbol.dispose]();
    await this.#session[Symbol.asyncDispose]();
    if (this.#facts !== null) this.#tellConnected(this.#facts);
  }

  #tellConnected({ id, name }: HostFacts): void {
    const since = this.#untoldSince;
    this.#untoldSince = null;
    if (since !== null) this.parts.events.record({ kind: "HOST_CONNECTED", time: since, hostId: id, message: `Connected to the daemon of ${name}.` });
  }

  #observe(event: WireEvent, hostId: string): void {
    if (event.kind === WireEventKind.EVENT_KIND_VM_DELETED) this.parts.vms.remove(event.vmId);
    else if (event.vm !== undefined) this.parts.vms.observe(wire.vm(event.vm, hostId));
  }

  /** Also when it is told of a deletion again, or long after: then its history has its own name already, or gets it now. */
  #retire(vmId: string, endedAt: Date): void {
    this.parts.metrics.retireVm(vmId, endedAt).catch((error: unknown) => {
      if (!(asExpected(error) instanceof DatabaseUnavailable)) this.parts.diary.error("a deleted VM's history could not be set apart", error, { vm_id: vmId });
    });
  }

  /** One write at a time: were a later entry stored and an earlier one not, the earlier would be lost for good. */
  async #store(): Promise<void> {
    this.#storing ??= this.#drain().finally(() => {
      this.#storing = undefined;
      // An entry that was heard between the last look and here must not wait for the next one.
      if (this.#pending.length > 0) void this.#store();
    });
    await this.#storing;
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      await this.#append(batch);
    }
  }

  async #append(batch: NewEvent[]): Promise<void> {
    try {
      await this.parts.log.append(batch);
    } catch (error) {
      if (asExpected(error) instanceof DatabaseUnavailable) {
        this.#recording = false;
        this.#pending = [];
        if (this.#facts !== null) this.parts.hosts.heardJournal(this.#facts.id, "unstored");
        // It may be back before its absence was told to anybody; then nobody else asks for the journal again.
        if (this.parts.health.state.connected) this.#session.rewatch();
      } else this.parts.diary.error("journal entries could not be stored", error, { count: batch.length });
    }
  }

  async #storeHost(facts: HostFacts): Promise<void> {
    try {
      await observeHost(this.parts.db, { ...facts, memoryBytes: BigInt(facts.memoryBytes) });
    } catch (error) {
      if (!(asExpected(error) instanceof DatabaseUnavailable)) throw error;
    }
  }

  async #settle(facts: HostFacts): Promise<void> {
    try {
      // An operation whose end has been replayed must be ended before the open ones are looked at.
      await this.#store();
      const listed = this.#listed;
      // The database went away, or the line broke and another replay has begun: its end settles what is left.
      if (!this.#recording || this.#facts !== facts) return;
      this.#listed = null;
      this.#tellConnected(facts);
      this.parts.hosts.heardJournal(facts.id, "stored");
      if (listed !== null) await noteListed(this.parts.db, facts.id, listed.vms, listed.at);
      await this.parts.operations.settle(facts.id, facts.daemonStartedAt);
    } catch (error) {
      if (!(asExpected(error) instanceof DatabaseUnavailable)) this.parts.diary.error("open operations could not be settled", error, { host_id: facts.id });
    }
  }
}

function journalEvent(event: WireEvent, hostId: string): NewEvent {
  const isFinish = event.kind === WireEventKind.EVENT_KIND_OPERATION_FINISHED;
  const isStateChange = event.kind === WireEventKind.EVENT_KIND_VM_STATE_CHANGED;
  return {
    kind: wire.eventKind(event.kind),
    time: event.time ?? new Date(),
    message: event.message,
    hostId,
    hostSequence: event.sequence,
    vmId: event.vmId === "" ? null : event.vmId,
    operationId: event.operationId === "" ? null : event.operationId,
    previousState: isStateChange ? wire.vmState(event.previousState) : null,
    state: isStateChange && event.vm !== undefined ? wire.vmState(event.vm.state) : null,
    outcome: isFinish ? outcome(event) : null,
    vm: event.vm === undefined ? null : recorded(wire.vm(event.vm, hostId)),
  };
}

function recorded(vm: Vm): RecordedVm {
  const { definition, generation, state, stateSince, startedAt, accelerator, networkInUse, pid, restartRequired, crash } = vm;
  return { definition, generation, state, stateSince, startedAt, accelerator, networkInUse, pid, restartRequired, crash };
}

function outcome(event: WireEvent) {
  if (event.cancelled) return { state: "CANCELLED", error: null } as const;
  return event.succeeded ? ({ state: "SUCCEEDED", error: null } as const) : ({ state: "FAILED", error: event.message } as const);
}
