// A GraphQL server that replays a made-up fleet over the real schema, HTTP and WebSocket: what the dashboard is painted
// from in golden screens, and what large fleets are measured with. It can lose its connections on demand.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { GraphQLError, buildSchema, execute, graphql, subscribe, validate } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { RecordedRules, recordedDiagnosis, recordedPut } from "./recorded-answers.js";
import type { RecordedDefinition } from "./recorded-answers.js";
import { recordedAlerts, recordedMatches } from "./recorded-filter.js";
import { HOST_ID, RECORDED_HOST, RECORDED_NOW, hasTap, hostFigures, hostSample, recordedConsole, recordedVms, vmFigures, vmSample } from "./recorded-fleet.js";
import type { RecordedState, RecordedVm } from "./recorded-fleet.js";
import { RecordedMemory } from "./recorded-memory.js";
import { RecordedPast, vcpuFigures } from "./recorded-past.js";

export interface RecordedOptions {
  vms?: number;
  /** "still": time stands at RECORDED_NOW and nothing ticks by itself. */
  clock?: "still" | "running";
  /** Names of the first VMs; the others are named as their ids. */
  names?: readonly string[];
  role?: "VIEWER" | "OPERATOR" | "ADMIN";
}

/** Age of the samples it gives, as the header will show it. */
const SAMPLE_AGE_MS = 400;
const HISTORY_SECONDS_MAX = 600;

type Payload = Record<string, unknown>;
type Roots = Record<string, object>;

/** Subscribers of one field: each a queue that waits. */
class Topic {
  private readonly sinks = new Set<(payload: Payload) => void>();
  get size(): number { return this.sinks.size; }
  publish(payload: Payload): void { for (const sink of this.sinks) sink(payload); }
  /** With `seen`, what is given at each publication is asked of it. */
  subscribe(first: readonly Payload[] = [], seen: (payload: Payload) => Payload = (payload) => payload): AsyncIterableIterator<Payload> {
    const queue = [...first];
    let wake: (() => void) | null = null;
    let isOver = false;
    const sink = (payload: Payload): void => { queue.push(payload); wake?.(); };
    this.sinks.add(sink);
    const done = { done: true, value: undefined } as const;
    return {
      [Symbol.asyncIterator]() { return this; },
      next: async () => {
        while (queue.length === 0 && !isOver) await new Promise<void>((resolve) => { wake = resolve; });
        const value = queue.shift();
        return value === undefined ? done : { done: false, value: seen(value) };
      },
      return: () => { isOver = true; this.sinks.delete(sink); wake?.(); return Promise.resolve(done); },
    };
  }
}

interface VerbInput { id: string; dryRun?: boolean }
interface RecordedEvent { cursor: number; time: number; kind: string; vmId: string | null; state: string | null; message: string; operationId: string | null; actor: string | null }

export class RecordedServer implements AsyncDisposable {
  readonly vms: RecordedVm[];
  readonly asked: string[] = [];
  /** What was only judged: dry runs. */
  readonly judged: string[] = [];
  url = "";
  readonly memory = new RecordedMemory(() => this.now());
  private readonly past = new RecordedPast(() => this.now(), this.memory);
  private readonly events: RecordedEvent[] = [];
  private readonly operations: Payload[] = [];
  private readonly topics = { vmChanged: new Topic(), metrics: new Topic(), hostMetrics: new Topic(), consoleOutput: new Topic(), events: new Topic(), operation: new Topic() };
  private readonly schema = buildSchema(readFileSync(new URL("../../server/schema.graphql", import.meta.url), "utf8"));
  private readonly rules: RecordedRules;
  private readonly http = createServer((request, response) => void this.answer(request, response));
  private readonly sockets = new WebSocketServer({ server: this.http, path: "/graphql" });
  private readonly ticking: NodeJS.Timeout | undefined;

  private constructor(private readonly options: RecordedOptions) {
    this.vms = recordedVms(options.vms ?? 7, this.now());
    this.rules = new RecordedRules(new Date(this.now()).toISOString(), (message) => this.record("ALERT_RULE_CHANGED", null, null, message), (where) => recordedMatches(this.vms, where, this.now()).ids.length);
    options.names?.forEach((name, index) => { const vm = this.vms[index]; if (vm !== undefined) vm.name = name; });
    const roots = { query: this.roots(), mutation: this.roots(), subscription: this.roots() };
    // One graphql for all: a test runner may give graphql-ws another copy, and two do not mix.
    useServer({ schema: this.schema, roots, execute, subscribe, validate }, this.sockets);
    this.record("SERVER_STARTED", null, null, "The server started.", -600_000);
    this.record("VM_STATE_CHANGED", "build-runner", "RUNNING", "build-runner is running.", -400_000);
    this.record("VM_STATE_CHANGED", "test-vm-001", "RUNNING", "test-vm-001 is running.", -300_000);
    this.record("VM_STATE_CHANGED", "db-old", "CRASHED", "QEMU exited 1: Could not open '/srv/images/db-old.qcow2': No such file or directory", 0);
    if (options.clock === "running") this.ticking = setInterval(() => this.tick(), 1_000);
  }

  static async open(options: RecordedOptions = {}): Promise<RecordedServer> {
    const server = new RecordedServer(options);
    await server.listen(0);
    return server;
  }

  private async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.http.listen(port, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  now(): number { return this.options.clock === "running" ? Date.now() : RECORDED_NOW; }

  /** One sample of everything to every subscriber. */
  tick(time = this.now()): void {
    this.topics.metrics.publish({ metrics: { time: new Date(time).toISOString(), hostId: HOST_ID, samples: this.alive().map((vm) => this.sampleOf(vm, time)) } });
    this.topics.hostMetrics.publish({ hostMetrics: hostSample(time) });
  }

  /** Cuts every WebSocket, as a dying server would; with "and stays away" nothing can connect until `comeBack`. */
  async drop(how: "and takes new ones" | "and stays away" = "and takes new ones"): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate();
    this.http.closeAllConnections();
    if (how === "and stays away") await new Promise((resolve) => this.http.close(resolve));
  }
  async comeBack(): Promise<void> { await this.listen(Number(new URL(this.url).port)); }

  record(kind: string, vmId: string | null, state: RecordedState | null, message: string, agoMs = 0, operationId: string | null = null): void {
    const event = { cursor: this.events.length + 1, time: this.now() + agoMs, kind, vmId, state, message, operationId, actor: null };
    this.events.push(event);
    this.topics.events.publish({ events: this.wireEvent(event) });
  }

  /** A VM in a new state, told as the real server tells it: the change, then the event. */
  change(id: string, state: RecordedState): void {
    const vm = this.vms.find((candidate) => candidate.id === id);
    if (vm === undefined) return;
    this.past.remember(this.vms);
    Object.assign(vm, { state, stateSince: this.now(), generation: vm.generation + 1, startedAt: state === "RUNNING" || state === "PAUSED" ? (vm.startedAt ?? this.now()) : null });
    this.topics.vmChanged.publish({ vmChanged: { id, vm: this.wireVm(vm) } });
    this.record("VM_STATE_CHANGED", id, state, `${id} is ${state.toLowerCase()}.`);
  }
  remove(id: string): void {
    this.past.remember(this.vms);
    this.vms.splice(this.vms.findIndex((vm) => vm.id === id), 1);
    this.topics.vmChanged.publish({ vmChanged: { id, vm: null } });
    this.record("VM_DELETED", id, null, `${id} was deleted.`);
  }

  get eventSubscribers(): number { return this.topics.events.size; }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.ticking);
    for (const socket of this.sockets.clients) socket.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private sampleOf(vm: RecordedVm, time: number): Payload {
    return { ...vmSample(vm, time), ...this.memory.sampled(vm) };
  }

  private alive(): RecordedVm[] { return this.vms.filter((vm) => vm.state === "RUNNING" || vm.state === "PAUSED"); }

  private wireEvent(event: RecordedEvent): Payload {
    return { __typename: "Event", ...event, cursor: String(event.cursor), time: new Date(event.time).toISOString(), hostId: HOST_ID, previousState: null };
  }

  private wireVm(vm: RecordedVm): Payload {
    const isAlive = vm.state === "RUNNING" || vm.state === "PAUSED";
    const only = (verb: string, allowed: boolean, reason: string): Payload => ({ verb, allowed, reason: allowed ? null : reason });
    const states = `It is ${vm.state.toLowerCase()}.`;
    return {
      ...vm, host: RECORDED_HOST, stateSince: new Date(vm.stateSince).toISOString(), startedAt: vm.startedAt === null ? null : new Date(vm.startedAt).toISOString(),
      generation: String(vm.generation), machine: "q35", accelerator: isAlive ? "tcg" : null, networkInUse: isAlive ? (hasTap(vm) ? "tap on br0" : "user (bridge qzbr0: does not exist)") : null,
      qemuVersion: "7.2.22", pid: isAlive ? 4_711 : null, labels: vm.labels ?? [], autostart: false, restartRequired: false,
      definition: { id: vm.id, ...(vm.protected ? { protected: true } : {}), ...(vm.labels === undefined ? {} : { labels: Object.fromEntries(vm.labels.map(({ key, value }) => [key, value])) }), memory_mb: vm.memoryBytes / 1024 ** 2, vcpus: vm.vcpus, disks: [{ name: "vda", path: "disk.img", size_gb: 20 }] },
      crash: vm.crashCause === null ? null : { cause: vm.crashCause, exitCode: 1, signal: null, stderrTail: "", consoleTail: "Starting the database.\r\nReady.\r\n" },
      verbs: [
        only("START", !isAlive, states), only("STOP", vm.state === "RUNNING", states), only("FORCE_OFF", isAlive, states), only("RESET", vm.state === "RUNNING", states),
        only("PAUSE", vm.state === "RUNNING", states), only("RESUME", vm.state === "PAUSED", states), only("DELETE", !isAlive, `${states} Stop it first.`), only("CONSOLE", isAlive, states),
      ],
      latest: () => (isAlive ? this.sampleOf(vm, this.now() - SAMPLE_AGE_MS) : null), ...this.memory.vm(vm, isAlive),
      history: (args: { range: { from: string }; metrics: string[] }) => this.history(args, isAlive ? (second) => vmFigures(vm, second) : () => ({})),
      vcpuHistory: (args: { range: { from: string }; metrics: string[] }) => (isAlive ? vcpuFigures(vm).map((figures, index) => ({ index, history: this.history(args, figures) })) : []),
      operations: () => this.operations.filter((operation) => operation["vmId"] === vm.id).reverse(), events: () => this.events.filter((event) => event.vmId === vm.id).map((event) => this.wireEvent(event)),
    };
  }

  private history(args: { range: { from: string }; metrics: string[] }, figures: (second: number) => Record<string, number | null>): Payload {
    const to = Math.floor((this.now() - SAMPLE_AGE_MS) / 1000);
    const from = Math.max(to - HISTORY_SECONDS_MAX, Math.ceil(Date.parse(args.range.from) / 1000));
    const seconds = Array.from({ length: to - from }, (_, index) => from + index);
    const camel = (metric: string): string => metric.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const series = args.metrics.map((metric) => {
      const mean = seconds.map((second) => figures(second)[camel(metric)] ?? null);
      return { metric, unit: "", times: seconds.map((second) => new Date(second * 1000).toISOString()), mean, max: mean };
    });
    return { from: args.range.from, to: new Date(to * 1000).toISOString(), stepSeconds: 1, series };
  }

  private verb(kind: string, { id, dryRun }: VerbInput, to: RecordedState | null, from: readonly RecordedState[]): Payload {
    (dryRun ? this.judged : this.asked).push(`${kind} ${id}`);
    const vm = this.vms.find((candidate) => candidate.id === id);
    if (vm === undefined) return { __typename: "VmNotFound", id, message: `There is no VM ${id}.` };
    if (!from.includes(vm.state)) return { __typename: "InvalidVmState", state: vm.state, message: `${id} is ${vm.state.toLowerCase()}.` };
    const effect = `${kind.toLowerCase().replaceAll("_", " ")}s ${vm.name}.`;
    if (dryRun) return { __typename: "VmOperationAccepted", vm: this.wireVm(vm), operation: null, effect };
    if (kind === "DELETE") this.remove(id);
    else if (to !== null) this.change(id, to);
    return { __typename: "VmOperationAccepted", vm: this.wireVm(vm), operation: this.ended(`${kind}_VM`, id), effect };
  }

  /** An operation that has succeeded at once. */
  private ended(kind: string, vmId: string): Payload & { id: string } {
    const time = new Date(this.now()).toISOString();
    // A reset stays under way, so that a screen can show one that is.
    const end = kind === "RESET_VM" ? { state: "RUNNING", progressRatio: 0.4, cancellable: true, endedAt: null } : { state: "SUCCEEDED", progressRatio: 1, cancellable: false, endedAt: time };
    const operation = { id: `op-${this.operations.length}`, kind, vmId, etaSeconds: null, error: null, requestedBy: "local", startedAt: time, ...end };
    this.operations.push(operation);
    return operation;
  }

  private cancel(id: string): Payload {
    this.asked.push(`CANCEL ${id}`);
    const operation = this.operations.find((one) => one["id"] === id);
    if (operation === undefined) return { __typename: "OperationNotFound", id, message: `There is no operation ${id}.` };
    Object.assign(operation, { state: "CANCELLED", cancellable: false, endedAt: new Date(this.now()).toISOString() });
    this.topics.operation.publish({});
    this.record("OPERATION_FINISHED", String(operation["vmId"]), null, `The reset of ${String(operation["vmId"])} was cancelled.`, 0, id);
    return { __typename: "CancelOperationSuccess", operation };
  }

  private target(kind: Parameters<RecordedMemory["judge"]>[1], { id, dryRun }: VerbInput, amount: number | null): Payload {
    (dryRun ? this.judged : this.asked).push(`${kind} ${id} ${amount ?? "all"}`);
    const vm = this.vms.find((candidate) => candidate.id === id);
    if (vm === undefined) return { __typename: "VmNotFound", id, message: `There is no VM ${id}.` };
    if (vm.state !== "RUNNING" && vm.state !== "PAUSED") return { __typename: "InvalidVmState", state: vm.state, message: `${id} is ${vm.state.toLowerCase()}.` };
    const judged = this.memory.judge(vm, kind, amount);
    if ("refusal" in judged) return judged.refusal;
    const operation = dryRun ? null : this.ended(kind, id);
    if (operation !== null) judged.set(operation.id);
    return { __typename: "VmOperationAccepted", vm: this.wireVm(vm), operation, effect: judged.effect };
  }

  private undoDecision({ vmId, dryRun }: { vmId: string; dryRun: boolean }): Payload {
    const vm = this.vms.find((candidate) => candidate.id === vmId);
    if (vm === undefined) return { __typename: "VmNotFound", id: vmId, message: `There is no VM ${vmId}.` };
    const plan = this.memory.decisionUndo(vm);
    if (plan.kind === "none") return { __typename: "NotUndoable", message: plan.reason };
    const answer = this.target("SET_VM_BALLOON", { id: vmId, dryRun }, plan.targetBytes);
    return "effect" in answer ? { ...answer, effect: `${String(answer["effect"])} ${plan.caution}` } : answer;
  }

  private control({ id, dryRun }: VerbInput, control: string): Payload {
    (dryRun ? this.judged : this.asked).push(`CONTROL ${id} ${control}`);
    const vm = this.vms.find((candidate) => candidate.id === id);
    if (vm === undefined) return { __typename: "VmNotFound", id, message: `There is no VM ${id}.` };
    if (!dryRun) this.memory.setControl(vm, control);
    return { __typename: "VmOperationAccepted", vm: this.wireVm(vm), operation: dryRun ? null : this.ended("PUT_VM", id), effect: `Changes the definition of ${vm.name}: memory_policy.control.` };
  }

  /** Only what a VM was asked last can be undone, and only pausing. */
  private undo({ id, dryRun }: VerbInput): Payload {
    const operation = this.operations.find((one) => one["id"] === id);
    const vmId = String(operation?.["vmId"]);
    const balloon = this.memory.previous(id);
    if (balloon !== null) return this.target("SET_VM_BALLOON", { id: vmId, dryRun: dryRun === true }, balloon);
    if (operation !== undefined && this.undoOf(operation) !== null) return this.verb("RESUME", { id: vmId, dryRun: dryRun === true }, "RUNNING", ["PAUSED"]);
    const isNewest = this.operations.findLast((one) => one["vmId"] === vmId) === operation;
    return { __typename: "NotUndoable", message: isNewest ? "What was lost cannot be brought back." : "Something else was done since; undo that first." };
  }

  private undoOf(operation: Payload): Payload | null {
    if (this.memory.previous(String(operation["id"])) !== null) return { text: `Give the balloon of ${String(operation["vmId"])} the target it had.` };
    const isPaused = this.vms.some((vm) => vm.id === operation["vmId"] && vm.state === "PAUSED");
    const isNewest = this.operations.findLast((one) => one["vmId"] === operation["vmId"]) === operation;
    return isPaused && isNewest && operation["kind"] === "PAUSE_VM" ? { text: `Let ${String(operation["vmId"])} run on.` } : null;
  }

  private put({ definition, dryRun, createOnly, ifGeneration }: { definition: RecordedDefinition; dryRun?: boolean; createOnly?: boolean; ifGeneration?: string | null }): Payload {
    const { id } = definition;
    const known = this.vms.find((candidate) => candidate.id === id);
    if (known !== undefined && ifGeneration != null && ifGeneration !== String(known.generation)) return { __typename: "VmChanged", id, generation: String(known.generation), message: `${id} was changed since generation ${ifGeneration}.` };
    const judged = recordedPut(definition, known, createOnly === true);
    if (judged["__typename"] !== "PutVmSuccess") return judged;
    const vm = known ?? { ...recordedVms(1, this.now())[0], id, name: id, state: "DEFINED", startedAt: null, load: 0 } as RecordedVm;
    if (dryRun === true || judged["action"] === "UNCHANGED") return { ...judged, vm: this.wireVm(vm), operation: null };
    this.asked.push(`PUT ${id} ${JSON.stringify({ protected: definition.protected, labels: definition.labels })}`);
    Object.assign(vm, { protected: definition.protected === true, labels: Object.entries(definition.labels ?? {}).map(([key, value]) => ({ key, value })), memoryBytes: definition.memory_mb * 1024 ** 2, vcpus: definition.vcpus });
    if (known === undefined) this.vms.push(vm);
    this.change(id, vm.state);
    return { ...judged, vm: this.wireVm(vm), operation: this.ended("PUT_VM", id) };
  }

  private roots(): Roots {
    const verb = (kind: string, to: RecordedState | null, from: readonly RecordedState[]) => ({ input }: { input: VerbInput }) => this.verb(kind, input, to, from);
    const off = ["STOPPED", "DEFINED", "CRASHED"] as const;
    return {
      viewer: { name: "local", role: this.options.role ?? "ADMIN" },
      server: () => ({ version: "0.1.0", startedAt: new Date(this.now()).toISOString(), databaseConnected: true, now: new Date(this.now()).toISOString() }),
      hosts: () => [this.wireHost()], host: () => this.wireHost(),
      vm: ({ id }: { id: string }) => { const vm = this.vms.find((candidate) => candidate.id === id); return vm === undefined ? null : this.wireVm(vm); },
      vms: ({ first, after, filter }: { first?: number; after?: string | null; filter?: { where?: string } }) => {
        const asked = filter?.where == null ? null : recordedMatches(this.vms, filter.where, this.now());
        if (asked !== null && asked.error !== null) throw new GraphQLError(asked.error, { extensions: { code: "INVALID_INPUT", field: "where", column: asked.errorColumn } });
        const listed = asked === null ? this.vms : this.vms.filter((vm) => asked.ids.includes(vm.id));
        const start = after ? Number(after) : 0;
        const nodes = listed.slice(start, start + (first ?? 100));
        const end = start + nodes.length;
        return { edges: [], nodes: nodes.map((vm) => this.wireVm(vm)), totalCount: listed.length, pageInfo: { hasNextPage: end < listed.length, hasPreviousPage: start > 0, startCursor: String(start), endCursor: String(end) } };
      },
      past: (args: { at: string; where?: string | null }) => this.past.frame(this.vms, args),
      pastBounds: () => ({ oldest: new Date(this.past.oldest).toISOString(), newest: new Date(this.now()).toISOString() }),
      operations: () => ({ edges: [], nodes: [...this.operations].reverse().map((operation) => ({ ...operation, undo: this.undoOf(operation) })), pageInfo: { hasNextPage: false, hasPreviousPage: false } }),
      events: ({ after, until }: { after?: string | null; until?: string | null }, _context: unknown, info: { operation: { operation: string } }) => {
        const end = until == null ? Infinity : Date.parse(until);
        if (info.operation.operation === "query") return { events: this.events.filter((event) => event.time <= end).map((event) => this.wireEvent(event)), newestCursor: String(this.events.length), trimmedBefore: null };
        const missed = after == null ? [] : this.events.filter((event) => event.cursor > Number(after));
        return this.topics.events.subscribe(missed.map((event) => ({ events: this.wireEvent(event) })));
      },
      vmChanged: () => this.topics.vmChanged.subscribe(),
      metrics: ({ vmIds }: { vmIds?: string[] }) => this.topics.metrics.subscribe(vmIds === undefined ? [] : [{ metrics: { time: new Date(this.now()).toISOString(), hostId: HOST_ID, samples: this.alive().filter((vm) => vmIds.includes(vm.id)).map((vm) => this.sampleOf(vm, this.now() - SAMPLE_AGE_MS)) } }]),
      consoleOutput: ({ vm }: { vm: string }) => this.topics.consoleOutput.subscribe([{ consoleOutput: { __typename: "ConsoleChunk", offset: 0, data: Buffer.from(recordedConsole(vm)).toString("base64"), skippedBytes: 0 } }]),
      hostMetrics: () => this.topics.hostMetrics.subscribe(),
      vmsMatching: ({ where }: { where: string }) => this.topics.vmChanged.subscribe([{}], () => ({ vmsMatching: recordedMatches(this.vms, where, this.now()) })),
      alertsChanged: () => this.topics.vmChanged.subscribe([{}], () => ({ alertsChanged: recordedAlerts(this.vms, this.now()) })),
      operation: ({ id }: { id: string }) => this.topics.operation.subscribe([{}], () => ({ operation: this.operations.find((one) => one["id"] === id) })),
      cancelOperation: ({ id }: { id: string }) => this.cancel(id),
      startVm: verb("START", "RUNNING", off), stopVm: verb("STOP", "STOPPED", ["RUNNING"]), forceOffVm: verb("FORCE_OFF", "STOPPED", ["RUNNING", "PAUSED"]),
      resetVm: verb("RESET", null, ["RUNNING"]), pauseVm: verb("PAUSE", "PAUSED", ["RUNNING"]), resumeVm: verb("RESUME", "RUNNING", ["PAUSED"]), deleteVm: verb("DELETE", null, off),
      setVmBalloon: ({ input }: { input: VerbInput & { targetBytes: number } }) => this.target("SET_VM_BALLOON", input, input.targetBytes),
      resizeVmMemory: ({ input }: { input: VerbInput & { targetBytes: number } }) => this.target("RESIZE_VM_MEMORY", input, input.targetBytes),
      pageOutVm: ({ input }: { input: VerbInput & { bytes?: number | null } }) => this.target("PAGE_OUT_VM", input, input.bytes ?? null),
      setVmVcpus: ({ input }: { input: VerbInput & { count: number } }) => this.target("SET_VM_VCPUS", input, input.count),
      setVmMemoryPolicy: ({ input }: { input: VerbInput & { control: string } }) => this.control(input, input.control),
      undoOperation: ({ input }: { input: VerbInput }) => this.undo(input),
      setHostMemory: ({ input }: { input: Parameters<RecordedMemory["setHost"]>[0] }) => this.memory.setHost(input),
      undoHostMemory: ({ input }: { input: { dryRun: boolean } }) => this.memory.undoHost(input),
      undoMemoryDecision: ({ input }: { input: { vmId: string; dryRun: boolean } }) => this.undoDecision(input),
      vmDiagnosis: ({ vm: id }: { vm: string }) => {
        this.asked.push(`WHY ${id}`);
        const neighbour = this.vms.find((vm) => vm.id === "test-vm-001");
        return recordedDiagnosis(this.vms.find((vm) => vm.id === id), neighbour === undefined ? null : this.wireVm(neighbour), id, this.now());
      },
      alertRules: this.rules.list, putAlertRule: ({ input }: { input: Parameters<RecordedRules["put"]>[0] }) => this.rules.put(input), deleteAlertRule: ({ input }: { input: { id: string; dryRun: boolean } }) => this.rules.delete(input),
      putVm: ({ input }: { input: Parameters<RecordedServer["put"]>[0] }) => this.put(input),
    };
  }

  private wireHost(): Payload {
    return {
      ...RECORDED_HOST, ...this.memory.host(this.alive()), latest: () => hostSample(this.now() - SAMPLE_AGE_MS),
      history: (args: { range: { from: string; to?: string }; metrics: string[] }) => (args.range.to === undefined ? this.history(args, hostFigures) : this.past.host(args)),
    };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { query, variables } = JSON.parse(Buffer.concat(chunks).toString()) as { query: string; variables?: Record<string, unknown> };
    const result = await graphql({ schema: this.schema, source: query, rootValue: this.roots(), variableValues: variables ?? {} });
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(result));
  }
}
