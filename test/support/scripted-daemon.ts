// A daemon in this process that speaks the real protocol over a unix socket and does what the script says: VMs without
// QEMU. For contract tests and for benches with more VMs than a machine can run. It knows nothing of the server.
import { createServer, type CallContext, type Server } from "nice-grpc";
import { ConsoleServiceDefinition, type ConsoleInput, type ConsoleInputResult, type ConsoleOutput, type ReadConsoleRequest } from "../../server/src/hypervisor/generated/quetzal/v1/console.js";
import { CpuServiceDefinition } from "../../server/src/hypervisor/generated/quetzal/v1/cpu.js";
import { EventKind, EventServiceDefinition, type Event, type WatchEventsRequest, type WatchEventsResponse } from "../../server/src/hypervisor/generated/quetzal/v1/event.js";
import { HostServiceDefinition, type Host } from "../../server/src/hypervisor/generated/quetzal/v1/host.js";
import { MemoryServiceDefinition } from "../../server/src/hypervisor/generated/quetzal/v1/memory.js";
import { MetricsServiceDefinition, type MetricsTick } from "../../server/src/hypervisor/generated/quetzal/v1/metrics.js";
import { RefusalCode } from "../../server/src/hypervisor/generated/quetzal/v1/refusal.js";
import { VmServiceDefinition, VmState, type DeleteVmRequest, type PutVmRequest, type Room, type VerbRequest, type Vm, type VmResponse } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { ScriptedMemory, scriptedRoom, type Judged } from "./scripted-memory.js";
import { scriptedTick } from "./scripted-metrics.js";

const OFF = [VmState.VM_STATE_DEFINED, VmState.VM_STATE_STOPPED, VmState.VM_STATE_CRASHED];
const DEFAULTS = { machine: "q35", accelerator: "auto", vcpus: 1, memory_mb: 256, disks: [], network: { mode: "user", model: "virtio" }, features: [], labels: {}, protected: false, autostart: false };
const KNOWN_FIELDS = new Set(["$schema", "id", "name", "boot", "memory_policy", "cpu_policy", ...Object.keys(DEFAULTS)]);
const HOST_MEMORY_MB = 24_576;

export interface ScriptedOptions {
  /** Unix socket path. */
  readonly socket: string;
  /** How often a tick is sent; default 1,000. */
  readonly tickMs?: number;
  /** How long a start or stop takes; default 5. */
  readonly verbMs?: number;
}

export class ScriptedDaemon implements AsyncDisposable {
  readonly vms = new Map<string, Vm>();
  readonly memory = new ScriptedMemory(this);
  readonly journal: Event[] = [];
  /** Journal entries up to this one have been trimmed. */
  trimmedUpTo = 0n;
  /** The next accepted verb is answered with this refusal instead. */
  refuseNext: { code: RefusalCode; message: string; field?: string } | null = null;
  /** When set, a CPU quota holds every VM that runs. */
  haveQuota = false;
  /** When set, what `order` accepts ends failed, half-way. */
  failOrders = false;
  /** When set, guests ignore a stop. */
  ignoreStop = false;
  /** Open metric and console streams: a test sees upstream streams end. */
  metricReaders = 0;
  consoleReaders = 0;
  consoleWriter = "";
  readonly consoleInput: Buffer[] = [];
  consoleText = Buffer.from("boot\r\n");
  readonly acceptedOperations = new Set<string>();
  #server: Server | null = null;
  readonly #wakes = new Set<() => void>();
  readonly #closing = new AbortController();
  readonly startedAt = new Date();

  constructor(private readonly options: ScriptedOptions) {}

  async listen(): Promise<this> {
    const server = createServer();
    server.add(HostServiceDefinition, { getHost: () => reply(this.host()) });
    server.add(VmServiceDefinition, {
      listVms: () => reply({ vms: [...this.vms.values()], journalSequence: BigInt(this.journal.length) }),
      getVm: ({ vmId }) => reply(this.#answer(vmId, (vm) => vm)),
      putVm: (request) => reply(this.#put(request)),
      deleteVm: (request) => reply(this.#delete(request)),
      startVm: (request) => reply(this.#verb(request, OFF, VmState.VM_STATE_STARTING, VmState.VM_STATE_RUNNING)),
      stopVm: (request) => reply(this.#verb(request, [VmState.VM_STATE_RUNNING], VmState.VM_STATE_STOPPING, this.ignoreStop ? null : VmState.VM_STATE_STOPPED)),
      forceOffVm: (request) => reply(this.#verb(request, [VmState.VM_STATE_RUNNING, VmState.VM_STATE_PAUSED, VmState.VM_STATE_STOPPING, VmState.VM_STATE_STARTING], null, VmState.VM_STATE_STOPPED)),
      resetVm: (request) => reply(this.#verb(request, [VmState.VM_STATE_RUNNING, VmState.VM_STATE_PAUSED], null, VmState.VM_STATE_RUNNING)),
      pauseVm: (request) => reply(this.#verb(request, [VmState.VM_STATE_RUNNING], null, VmState.VM_STATE_PAUSED)),
      resumeVm: (request) => reply(this.#verb(request, [VmState.VM_STATE_PAUSED], null, VmState.VM_STATE_RUNNING)),
      cancelOperation: ({ operationId }) => reply(this.#cancel(operationId)),
    });
    server.add(MemoryServiceDefinition, {
      setBalloon: (request) => reply(this.memory.setBalloon(request)),
      resizeMemory: (request) => reply(this.memory.resizeMemory(request)),
      pageOut: (request) => reply(this.memory.pageOut(request)),
      getHostMemory: () => reply(this.memory.settings),
      setHostMemory: (request) => reply(this.memory.setHostMemory(request)),
      listDecisions: ({ vmId }) => reply({ decisions: this.memory.decisions.filter((decision) => vmId === "" || decision.vmId === vmId) }),
    });
    server.add(CpuServiceDefinition, { setVcpus: (request) => reply(this.memory.setVcpus(request)) });
    server.add(EventServiceDefinition, { watchEvents: (request, context) => replies(this.#watchEvents(request, context)) });
    server.add(MetricsServiceDefinition, { watchMetrics: (_, context) => replies(this.#watchMetrics(context)) });
    server.add(ConsoleServiceDefinition, {
      readConsole: (request, context) => replies(this.#readConsole(request, context)),
      writeConsole: (inputs) => replies(this.#writeConsole(inputs)),
    });
    await server.listen(`unix://${this.options.socket}`);
    this.#server = server;
    return this;
  }

  /** Ends at once, like a killed daemon; the VMs and the journal stay for the next `listen`. */
  kill(): void {
    this.#server?.forceShutdown();
    this.#server = null;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#wake();
    this.kill();
    return Promise.resolve();
  }

  /** Adds a VM without an event, as if it had always been there. */
  add(id: string, state: VmState = VmState.VM_STATE_DEFINED, spec: Record<string, unknown> = {}): Vm {
    const fresh = newVm({ ...DEFAULTS, name: id, ...spec, id });
    const vm = { ...fresh, ...lifeFields(state, fresh.specJson) };
    this.vms.set(id, vm);
    return vm;
  }

  /** Changes a VM's state and writes it into the journal. */
  setState(id: string, state: VmState, operationId = "", extra: Partial<Vm> = {}): Vm {
    const before = this.#expect(id);
    const vm: Vm = { ...before, ...lifeFields(state, before.specJson), generation: before.generation + 1n, ...extra };
    this.vms.set(id, vm);
    this.append({ kind: EventKind.EVENT_KIND_VM_STATE_CHANGED, vmId: id, operationId, vm, previousState: before.state, message: `${id} is ${VmState[state].slice(9).toLowerCase()}.` });
    return vm;
  }

  append(event: Partial<Event>): Event {
    const entry: Event = {
      kind: EventKind.EVENT_KIND_WARNING, vmId: "", operationId: "", vm: undefined, previousState: VmState.VM_STATE_UNSPECIFIED, message: "", succeeded: false, cancelled: false,
      ...event, sequence: BigInt(this.journal.length + 1), time: new Date(),
    };
    this.journal.push(entry);
    this.#wake();
    return entry;
  }

  /** A verb on a running VM that another file judges: it gives the room afterwards, or why not. */
  order(request: VerbRequest, feature: string | null, judge: (vm: Vm, room: Room) => Room | Judged): VmResponse {
    return this.#answer(request.vmId, (vm) => {
      if (this.acceptedOperations.has(request.operationId)) return vm;
      if (vm.state !== VmState.VM_STATE_RUNNING || vm.room === undefined) return refusal(RefusalCode.REFUSAL_CODE_INVALID_STATE, `${vm.id} is not running; start it first.`);
      if (feature !== null && !(JSON.parse(vm.specJson) as { features: string[] }).features.includes(feature)) {
        return refusal(RefusalCode.REFUSAL_CODE_UNSUPPORTED, `${vm.id} has not the feature "${feature}"; add it to its definition, and restart it.`);
      }
      const room = judge(vm, vm.room);
      if ("code" in room) return refusal(room.code, room.message, room.field);
      if (request.dryRun) return vm;
      this.acceptedOperations.add(request.operationId);
      const after: Vm = { ...vm, room, generation: vm.generation + 1n };
      this.vms.set(vm.id, after);
      this.append({ kind: EventKind.EVENT_KIND_VM_CHANGED, vmId: vm.id, operationId: request.operationId, vm: after, message: `${vm.id} has a new target.` });
      this.finish(vm.id, request.operationId, !this.failOrders, this.failOrders ? "The guest gave 64 MiB and no more." : "Done.");
      return after;
    });
  }

  /** Bytes from the guest. */
  print(text: string): void {
    this.consoleText = Buffer.concat([this.consoleText, Buffer.from(text)]);
    this.#wake();
  }

  host(): Host {
    return {
      id: "host-1", hostname: "scripted", kernel: "6.1.0", cpuModel: "Scripted CPU", cpuCount: 2, memoryBytes: BigInt(HOST_MEMORY_MB) * 1_048_576n,
      daemonVersion: "0.1.0", qemuVersion: "7.2.22", bootedAt: new Date(0), daemonStartedAt: this.startedAt, stateDir: "/scripted",
      capabilities: [{ name: "kvm", available: false, reason: "emulated only: 450 ns an iteration, using TCG", mend: "" }],
    };
  }

  #expect(id: string): Vm {
    const vm = this.vms.get(id);
    if (vm === undefined) throw new Error(`the script has no VM ${id}`);
    return vm;
  }

  #wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }

  /** Sleeps until something changes, the caller leaves or the daemon ends. */
  async #change(signal: AbortSignal, timeoutMs?: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(done, timeoutMs);
      const wakes = this.#wakes;
      function done() {
        clearTimeout(timer);
        wakes.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      }
      if (timeoutMs === undefined) wakes.add(done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }

  #answer(id: string, then: (vm: Vm) => Vm | VmResponse): VmResponse {
    const vm = this.vms.get(id);
    if (vm === undefined) return refusal(RefusalCode.REFUSAL_CODE_VM_NOT_FOUND, `No VM has the id "${id}".`);
    if (this.refuseNext !== null) {
      const { code, message, field } = this.refuseNext;
      this.refuseNext = null;
      return refusal(code, message, field);
    }
    const result = then(vm);
    return "result" in result ? result : { result: { $case: "vm", value: result } };
  }

  #put(request: PutVmRequest): VmResponse {
    const spec = JSON.parse(request.specJson) as Record<string, unknown>;
    const unknown = Object.keys(spec).find((key) => !KNOWN_FIELDS.has(key));
    if (unknown !== undefined) return refusal(RefusalCode.REFUSAL_CODE_INVALID_SPEC, `${unknown} is no field of a definition.`, unknown);
    const id = spec["id"];
    if (typeof id !== "string" || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) return refusal(RefusalCode.REFUSAL_CODE_INVALID_SPEC, "id must be 1 to 64 of a-z, 0-9, dot, dash, underscore.", "id");
    if (typeof spec["memory_mb"] === "number" && spec["memory_mb"] < 32) return refusal(RefusalCode.REFUSAL_CODE_INVALID_SPEC, "memory_mb must be at least 32.", "memory_mb");
    if (typeof spec["memory_mb"] === "number" && spec["memory_mb"] > HOST_MEMORY_MB) return refusal(RefusalCode.REFUSAL_CODE_INSUFFICIENT_RESOURCES, "memory_mb is above the host's memory.", "memory_mb");
    const before = this.vms.get(id);
    if (before !== undefined && request.createOnly) return refusal(RefusalCode.REFUSAL_CODE_VM_EXISTS, `A VM has the id "${id}" already.`);
    if (this.refuseNext !== null) {
      const { code, message, field } = this.refuseNext;
      this.refuseNext = null;
      return refusal(code, message, field);
    }
    const fresh = newVm({ ...DEFAULTS, name: id, ...spec, id, $schema: undefined });
    const vm = before === undefined ? fresh : { ...before, specJson: fresh.specJson, generation: before.generation + 1n };
    if (request.dryRun) return { result: { $case: "vm", value: vm } };
    if (this.acceptedOperations.has(request.operationId)) return { result: { $case: "vm", value: this.#expect(id) } };
    this.acceptedOperations.add(request.operationId);
    this.vms.set(id, vm);
    this.append({ kind: EventKind.EVENT_KIND_VM_DEFINED, vmId: id, operationId: request.operationId, vm, message: `${id} was defined.` });
    this.finish(id, request.operationId, true);
    return { result: { $case: "vm", value: vm } };
  }

  #delete(request: DeleteVmRequest): VmResponse {
    return this.#answer(request.vmId, (vm) => {
      if (isProtected(vm)) return refusal(RefusalCode.REFUSAL_CODE_PROTECTED, `${vm.id} is protected.`);
      if (!OFF.includes(vm.state)) return refusal(RefusalCode.REFUSAL_CODE_INVALID_STATE, `${vm.id} is running; stop it first.`);
      if (request.dryRun) return vm;
      this.acceptedOperations.add(request.operationId);
      this.vms.delete(vm.id);
      this.append({ kind: EventKind.EVENT_KIND_VM_DELETED, vmId: vm.id, operationId: request.operationId, vm, message: `${vm.id} was deleted.` });
      this.append({ kind: EventKind.EVENT_KIND_OPERATION_FINISHED, vmId: vm.id, operationId: request.operationId, message: "Done.", succeeded: true });
      return vm;
    });
  }

  #verb(request: VerbRequest, from: readonly VmState[], at: VmState | null, to: VmState | null): VmResponse {
    return this.#answer(request.vmId, (vm) => {
      if (this.acceptedOperations.has(request.operationId)) return vm;
      if (!from.includes(vm.state)) return refusal(RefusalCode.REFUSAL_CODE_INVALID_STATE, `${vm.id} is ${VmState[vm.state].slice(9).toLowerCase()}.`);
      if (request.dryRun) return vm;
      this.acceptedOperations.add(request.operationId);
      if (at === null) {
        const after = this.setState(vm.id, to ?? vm.state, request.operationId);
        this.finish(vm.id, request.operationId, true);
        return after;
      }
      const between = this.setState(vm.id, at, request.operationId);
      if (to !== null) setTimeout(() => this.#complete(vm.id, at, to, request.operationId), this.options.verbMs ?? 5);
      return between;
    });
  }

  #complete(id: string, at: VmState, to: VmState, operationId: string): void {
    if (this.vms.get(id)?.state !== at) return;
    this.setState(id, to, operationId);
    this.finish(id, operationId, true);
  }

  finish(id: string, operationId: string, succeeded: boolean, message = "Done.", cancelled = false): void {
    this.append({ kind: EventKind.EVENT_KIND_OPERATION_FINISHED, vmId: id, operationId, vm: this.vms.get(id), message, succeeded, cancelled });
  }

  #cancel(operationId: string): VmResponse {
    const entry = this.journal.findLast((event) => event.operationId === operationId);
    const vm = entry === undefined ? undefined : this.vms.get(entry.vmId);
    if (vm === undefined || entry?.kind === EventKind.EVENT_KIND_OPERATION_FINISHED) return refusal(RefusalCode.REFUSAL_CODE_NOT_CANCELLABLE, "The operation is not under way.");
    const back = vm.state === VmState.VM_STATE_STOPPING ? VmState.VM_STATE_RUNNING : VmState.VM_STATE_STOPPED;
    const after = this.setState(vm.id, back, operationId);
    this.finish(vm.id, operationId, false, "Cancelled.", true);
    return { result: { $case: "vm", value: after } };
  }

  async *#watchEvents({ afterSequence }: WatchEventsRequest, { signal }: CallContext): AsyncGenerator<WatchEventsResponse> {
    let at = afterSequence;
    if (at < this.trimmedUpTo) {
      at = this.trimmedUpTo;
      yield { item: { $case: "trimmedBefore", value: this.trimmedUpTo + 1n } };
    }
    let live = false;
    while (!signal.aborted && !this.#closing.signal.aborted) {
      for (const event of this.journal.slice(Number(at))) {
        at = event.sequence;
        yield { item: { $case: "event", value: event } };
      }
      if (!live) yield { item: { $case: "liveFrom", value: at + 1n } };
      live = true;
      if (BigInt(this.journal.length) === at) await this.#change(signal);
    }
  }

  async *#watchMetrics({ signal }: CallContext): AsyncGenerator<MetricsTick> {
    this.metricReaders += 1;
    try {
      while (!signal.aborted && !this.#closing.signal.aborted) {
        const living = [...this.vms.values()].filter((vm) => !OFF.includes(vm.state));
        yield scriptedTick(living, process.hrtime.bigint(), this.haveQuota);
        await this.#change(signal, this.options.tickMs ?? 1_000);
      }
    } finally {
      this.metricReaders -= 1;
    }
  }

  async *#readConsole({ vmId, from }: ReadConsoleRequest, { signal }: CallContext): AsyncGenerator<ConsoleOutput> {
    const vm = this.vms.get(vmId);
    if (vm === undefined || OFF.includes(vm.state)) {
      yield { item: { $case: "refusal", value: { code: RefusalCode.REFUSAL_CODE_INVALID_STATE, message: `${vmId} is not running.`, field: "" } } };
      return;
    }
    this.consoleReaders += 1;
    try {
      let writer: string | null = null;
      let at = from?.$case === "offset" ? Number(from.value) : Math.max(0, this.consoleText.length - Number(from?.value ?? 0n));
      while (!signal.aborted && !this.#closing.signal.aborted) {
        if (writer !== this.consoleWriter) yield { item: { $case: "audience", value: { writer: (writer = this.consoleWriter), readers: this.consoleReaders } } };
        const data = this.consoleText.subarray(at);
        if (data.length > 0) yield { item: { $case: "chunk", value: { offset: BigInt(at), data, skippedBytes: 0n } } };
        at += data.length;
        const state = this.vms.get(vmId)?.state;
        if (state === undefined || OFF.includes(state)) return;
        if (this.consoleText.length === at && writer === this.consoleWriter) await this.#change(signal);
      }
    } finally {
      this.consoleReaders -= 1;
    }
  }

  async *#writeConsole(inputs: AsyncIterable<ConsoleInput>): AsyncGenerator<ConsoleInputResult> {
    let writer: string | null = null;
    try {
      for await (const input of inputs) {
        if (writer === null) {
          if (OFF.includes(this.vms.get(input.vmId)?.state ?? VmState.VM_STATE_DEFINED)) {
            yield { item: { $case: "refusal", value: { code: RefusalCode.REFUSAL_CODE_INVALID_STATE, message: `${input.vmId} is not running.`, field: "" } } };
            return;
          }
          if (this.consoleWriter !== "" && !input.takeOver) {
            yield { item: { $case: "refusal", value: { code: RefusalCode.REFUSAL_CODE_CONSOLE_BUSY, message: `${this.consoleWriter} writes here.`, field: "" } } };
            return;
          }
          this.consoleWriter = writer = input.writer;
          this.#wake();
        } else if (this.consoleWriter !== writer) {
          yield { item: { $case: "refusal", value: { code: RefusalCode.REFUSAL_CODE_CONSOLE_BUSY, message: `${this.consoleWriter} took the pen.`, field: "" } } };
          return;
        }
        this.consoleInput.push(input.data);
        this.print(input.data.toString());
        yield { item: { $case: "acceptedSequence", value: input.sequence } };
      }
    } finally {
      if (writer !== null && this.consoleWriter === writer) {
        this.consoleWriter = "";
        this.#wake();
      }
    }
  }
}

/**
 * A whole message as the generated types want an answer: they leave out undefined in optional fields, which encoding
 * treats as absent anyway. `never` fits them all; the messages themselves are typed where they are made.
 */
function reply(message: object): Promise<never> {
  return Promise.resolve(message as never);
}
function replies(messages: AsyncGenerator<object>): AsyncGenerator<never> {
  return messages as AsyncGenerator<never>;
}

function refusal(code: RefusalCode, message: string, field = ""): VmResponse {
  return { result: { $case: "refusal", value: { code, message, field } } };
}

function isProtected(vm: Vm): boolean {
  return (JSON.parse(vm.specJson) as { protected?: boolean }).protected === true;
}

function newVm(spec: Record<string, unknown>): Vm {
  return { id: String(spec["id"]), state: VmState.VM_STATE_DEFINED, generation: 1n, specJson: JSON.stringify(spec), startedAt: undefined, stateSince: new Date(), restartRequired: false };
}

function lifeFields(state: VmState, specJson: string): Partial<Vm> & Pick<Vm, "state" | "startedAt" | "stateSince"> {
  const lives = !OFF.includes(state);
  return {
    state, stateSince: new Date(), startedAt: lives ? new Date() : undefined, pid: lives ? 4_242 : undefined,
    accelerator: lives ? "tcg" : undefined, networkInUse: lives ? "user" : undefined, qemuVersion: lives ? "7.2.22" : undefined, room: lives ? scriptedRoom(specJson) : undefined,
  };
}
