// Consoles: reading a serial port, and writing to it under a pen that a session holds while its stream to the daemon is
// open. Calls of a session are put into the order of their sequence. Knows no GraphQL.
import { ConsoleBusy, InvalidInput, VmNotFound } from "../errors.js";
import type { EventService } from "../event/service.js";
import type { HostService } from "../host/service.js";
import { faultReason, isUnreachable } from "../hypervisor/fault.js";
import { refusalError } from "../hypervisor/refusal.js";
import { interruptible } from "../streams.js";
import { requireRole, type Viewer } from "../token/model.js";
import type { Vm } from "../vm/model.js";
import type { VmRegistry } from "../vm/registry.js";
import { WriterStream } from "./writer.js";

const DEFAULT_REPLAY_BYTES = 65_536;
const MAX_INPUT_BYTES = 32 * 1024;
const PORTS = new Set(["ttyS0", "hvc0"]);
/** Longer than any name a client needs; it is shown to others as who holds the pen. */
const MAX_SESSION_CHARACTERS = 64;
const MAX_SESSIONS = 1_000;
/** How long the daemon may take to say who holds the pen. */
const AUDIENCE_TIMEOUT_MS = 2_000;

export type ConsoleOutput =
  | { readonly kind: "chunk"; readonly offset: number; readonly data: string; readonly skippedBytes: number }
  | { readonly kind: "audience"; readonly writer: string | null; readonly readers: number }
  | { readonly kind: "closed"; readonly reason: string };

export interface ReadArgs {
  readonly vm: string;
  readonly port: string | null;
  readonly fromOffset: number | null;
  readonly lastBytes: number | null;
}
export interface WriteArgs {
  readonly vm: string;
  readonly port: string | null;
  readonly session: string;
  readonly sequence: number;
  readonly data: string;
  readonly takeOver: boolean;
}

export class ConsoleService implements Disposable {
  readonly #writers = new Map<string, WriterStream>();
  /** Last acknowledged sequence of sessions whose stream has ended: they may go on. */
  readonly #acknowledged = new Map<string, number>();

  constructor(
    private readonly registry: VmRegistry,
    private readonly hosts: HostService,
    private readonly events: Pick<EventService, "record">,
  ) {}

  read(args: ReadArgs): AsyncGenerator<ConsoleOutput, void, undefined> {
    const stop = new AbortController();
    return interruptible(this.#output(args, stop.signal), () => stop.abort());
  }

  async write(viewer: Viewer, args: WriteArgs): Promise<{ sequence: number }> {
    requireRole(viewer, "OPERATOR", "Writing to a console");
    const vm = this.#vm(args.vm);
    const data = inputBytes(args);
    const key = `${viewer.tokenId}/${args.session}`;
    let writer = this.#writers.get(key);
    if (writer !== undefined && (writer.closed || writer.vmId !== vm.id || writer.port !== (args.port ?? "ttyS0") || args.takeOver)) {
      writer.close();
      writer = undefined;
    }
    if (writer === undefined) {
      if (this.#writers.size >= MAX_SESSIONS) throw new InvalidInput(`${MAX_SESSIONS} console sessions are open; release some with releaseConsole.`, "session");
      const client = this.hosts.client(vm.hostId);
      writer = new WriterStream(client.consoles, { vmId: vm.id, port: args.port ?? "ttyS0", writer: args.session, takeOver: args.takeOver, nextSequence: (this.#acknowledged.get(key) ?? 0) + 1 }, () => {
        if (writer !== undefined) this.#remember(key, writer.acknowledged);
        if (this.#writers.get(key) === writer) this.#writers.delete(key);
      });
      this.#writers.set(key, writer);
    }
    try {
      await writer.send(args.sequence, data);
    } catch (error) {
      if (isUnreachable(error)) throw this.hosts.unreachable(vm.hostId, faultReason(error));
      throw error;
    }
    const refusal = writer.refusal;
    if (refusal !== null) {
      const error = refusalError(refusal, { vmId: vm.id, state: vm.state });
      throw error instanceof ConsoleBusy ? new ConsoleBusy(await this.#penHolder(vm, args.port), error.message) : error;
    }
    if (!writer.isTold && !writer.closed) this.#tell(viewer, vm, args, writer);
    return { sequence: args.sequence };
  }

  release(viewer: Viewer, session: string): boolean {
    const key = `${viewer.tokenId}/${session}`;
    const writer = this.#writers.get(key);
    writer?.close();
    this.#acknowledged.delete(key);
    return writer !== undefined;
  }

  [Symbol.dispose](): void {
    for (const writer of [...this.#writers.values()]) writer.close();
  }

  /** The pen is an act of somebody; the keystrokes under it are not recorded one by one. */
  #tell(viewer: Viewer, vm: Vm, { session }: WriteArgs, writer: WriterStream): void {
    writer.isTold = true;
    this.events.record({ kind: "CONSOLE_TAKEN", actor: viewer.name, vmId: vm.id, hostId: vm.hostId, message: `${viewer.name} took the pen of ${vm.id}'s ${writer.port} (session ${session}).` });
  }

  #remember(key: string, acknowledged: number): void {
    this.#acknowledged.delete(key);
    this.#acknowledged.set(key, acknowledged);
    const oldest = this.#acknowledged.keys().next();
    if (this.#acknowledged.size > MAX_SESSIONS && oldest.done !== true) this.#acknowledged.delete(oldest.value);
  }

  async *#output(args: ReadArgs, signal: AbortSignal): AsyncGenerator<ConsoleOutput, void, undefined> {
    const vm = this.#vm(args.vm);
    const client = this.hosts.client(vm.hostId);
    checkPort(args.port);
    const from = args.fromOffset === null
      ? ({ $case: "lastBytes", value: BigInt(args.lastBytes ?? DEFAULT_REPLAY_BYTES) } as const)
      : ({ $case: "offset", value: BigInt(args.fromOffset) } as const);
    try {
      for await (const { item } of client.consoles.readConsole({ vmId: vm.id, port: args.port ?? "", from }, { signal })) {
        if (item?.$case === "chunk") {
          const { offset, data, skippedBytes } = item.value;
          yield { kind: "chunk", offset: Number(offset), data: data.toString("base64"), skippedBytes: Number(skippedBytes) };
        } else if (item?.$case === "audience") {
          yield { kind: "audience", writer: item.value.writer === "" ? null : item.value.writer, readers: item.value.readers };
        } else if (item?.$case === "refusal") throw refusalError(item.value, { vmId: vm.id, state: vm.state });
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isUnreachable(error)) throw this.hosts.unreachable(vm.hostId, faultReason(error));
      throw error;
    }
    yield { kind: "closed", reason: `${vm.id} is no longer running.` };
  }

  async #penHolder(vm: Vm, port: string | null): Promise<string> {
    try {
      const signal = AbortSignal.timeout(AUDIENCE_TIMEOUT_MS);
      for await (const { item } of this.hosts.client(vm.hostId).consoles.readConsole({ vmId: vm.id, port: port ?? "", from: { $case: "lastBytes", value: 0n } }, { signal })) {
        if (item?.$case === "audience") return item.value.writer;
      }
    } catch {
      // Who it is could not be told; that it is somebody has been.
    }
    return "";
  }

  #vm(id: string): Vm {
    const vm = this.registry.get(id);
    if (vm === null) throw new VmNotFound(id);
    return vm;
  }
}

function checkPort(port: string | null): void {
  if (port !== null && !PORTS.has(port)) throw new InvalidInput(`No serial port is called ${JSON.stringify(port.slice(0, 32))}; there are ${[...PORTS].join(" and ")}.`, "port");
}

function inputBytes(args: WriteArgs): Buffer {
  checkPort(args.port);
  if (!/^[\x21-\x7e]+$/.test(args.session) || args.session.length > MAX_SESSION_CHARACTERS) {
    throw new InvalidInput(`A session has 1 to ${MAX_SESSION_CHARACTERS} printable ASCII characters without spaces.`, "session");
  }
  if (args.sequence < 1) throw new InvalidInput("A session's calls are counted from 1.", "sequence");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(args.data)) throw new InvalidInput("data must be base64.", "data");
  const data = Buffer.from(args.data, "base64");
  if (data.length > MAX_INPUT_BYTES) throw new InvalidInput(`data has ${data.length} bytes; send at most ${MAX_INPUT_BYTES} at once.`, "data");
  return data;
}
