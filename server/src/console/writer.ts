// One session's stream to a console: holds the pen while it is open, puts inputs into order, and resolves each when the
// daemon says that its bytes are with QEMU. Knows nothing of who writes.
import { InvalidInput } from "../errors.js";
import type { ConsoleInput, ConsoleServiceClient } from "../hypervisor/generated/quetzal/v1/console.js";
import type { Refusal } from "../hypervisor/generated/quetzal/v1/refusal.js";

/** Inputs that may wait for an earlier one of their session. */
const MAX_WAITING_INPUTS = 256;
/** An earlier input that has not come by then is not coming. */
const ORDER_TIMEOUT_MS = 5_000;
/** A session may be older than our memory of it; when nothing lower has come by then, it goes on from where it is. */
const FIRST_INPUT_WAIT_MS = 200;
/** Nobody types for this long: the pen is laid down; the session's next input takes it up again. */
const IDLE_RELEASE_MS = 120_000;

export interface WriterOptions {
  readonly vmId: string;
  readonly port: string;
  readonly writer: string;
  readonly takeOver: boolean;
  /** The session's next sequence as far as is known: one after the last that was acknowledged, or 1. */
  readonly nextSequence: number;
}

interface Waiting {
  readonly data: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class WriterStream {
  readonly vmId: string;
  readonly port: string;
  /** Why the daemon ended the stream; null while it has not. */
  refusal: Refusal | null = null;
  closed = false;
  /** Whether it has been told who holds the pen by this stream. */
  isTold = false;
  /** The session's inputs up to this one are with QEMU. */
  acknowledged: number;
  /** Not sent yet, by sequence. */
  readonly #waiting = new Map<number, Waiting>();
  /** Sent, not yet acknowledged, by sequence on the wire. */
  readonly #sent = new Map<bigint, Waiting>();
  readonly #outgoing: ConsoleInput[] = [];
  #next: number;
  #wireSequence = 0n;
  #wake: (() => void) | undefined;
  #idle: NodeJS.Timeout | undefined;
  readonly #abort = new AbortController();

  constructor(client: ConsoleServiceClient, private readonly options: WriterOptions, private readonly onClosed: () => void) {
    this.vmId = options.vmId;
    this.port = options.port;
    this.#next = options.nextSequence;
    this.acknowledged = options.nextSequence - 1;
    void this.#run(client);
  }

  /** Resolves when the bytes are with QEMU or the daemon has refused (see `refusal`). A sequence seen before is not sent twice. */
  async send(sequence: number, data: Buffer): Promise<void> {
    if (sequence < this.#next || this.closed) return;
    if (this.#waiting.has(sequence)) return;
    if (this.#waiting.size >= MAX_WAITING_INPUTS) throw new InvalidInput(`${MAX_WAITING_INPUTS} inputs wait for input ${this.#next}; send that one first.`, "sequence");
    this.#stayAwake();
    const timer = this.#wireSequence === 0n
      ? setTimeout(() => this.#beginAtLowest(), FIRST_INPUT_WAIT_MS)
      : setTimeout(() => this.#giveUp(sequence), ORDER_TIMEOUT_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.set(sequence, { data, resolve, reject });
        this.#release();
      });
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.#idle);
    this.#wake?.();
    this.onClosed();
    for (const waiting of [...this.#waiting.values(), ...this.#sent.values()]) waiting.resolve();
    this.#waiting.clear();
    this.#sent.clear();
  }

  /** Hands on every input whose turn has come. */
  #release(): void {
    for (let input = this.#waiting.get(this.#next); input !== undefined; input = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next);
      this.#next += 1;
      this.#wireSequence += 1n;
      this.#sent.set(this.#wireSequence, input);
      const { vmId, port, writer, takeOver } = this.options;
      this.#outgoing.push({ vmId, port, writer, takeOver, data: input.data, sequence: this.#wireSequence });
    }
    this.#wake?.();
  }

  #beginAtLowest(): void {
    if (this.#wireSequence > 0n || this.#waiting.size === 0) return;
    this.#next = Math.min(...this.#waiting.keys());
    this.acknowledged = this.#next - 1;
    this.#release();
  }

  #giveUp(sequence: number): void {
    const waiting = this.#waiting.get(sequence);
    if (waiting === undefined) return;
    this.#waiting.delete(sequence);
    waiting.reject(new InvalidInput(`Input ${this.#next} of this session did not come, so input ${sequence} was dropped; count without holes.`, "sequence"));
  }

  async #run(client: ConsoleServiceClient): Promise<void> {
    try {
      for await (const { item } of client.writeConsole(this.#inputs(), { signal: this.#abort.signal })) {
        if (item?.$case === "acceptedSequence") this.#acknowledge(item.value);
        else if (item?.$case === "refusal") this.refusal = item.value;
      }
      this.close();
    } catch (error) {
      for (const waiting of [...this.#waiting.values(), ...this.#sent.values()]) waiting.reject(error);
      this.#waiting.clear();
      this.#sent.clear();
      this.close();
    }
  }

  #acknowledge(upTo: bigint): void {
    for (const [sequence, waiting] of this.#sent) {
      if (sequence > upTo) return;
      this.#sent.delete(sequence);
      this.acknowledged += 1;
      waiting.resolve();
    }
  }

  async *#inputs(): AsyncGenerator<ConsoleInput, void, undefined> {
    while (!this.closed) {
      const input = this.#outgoing.shift();
      if (input !== undefined) {
        yield input;
        continue;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  #stayAwake(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), IDLE_RELEASE_MS);
    this.#idle.unref();
  }
}
