// A scripted serial port behind the console fields of the API: a ring that echoes, one pen, offsets from 0. It stands in
// for the server and the daemon where the client's part is what a test is about.
import { setTimeout as sleep } from "node:timers/promises";

interface Input { readonly session: string; readonly sequence: number; readonly data: string; readonly takeOver: boolean }

/** Largest chunk, as the daemon cuts its output. */
const CHUNK_BYTES = 32 * 1024;

export class ScriptedConsole {
  output = Buffer.alloc(0);
  writer: string | null = null;
  /** What arrived at the port. */
  typed = "";
  /** Offsets that readers asked for; null for "the newest so many bytes". */
  readonly askedOffsets: (number | null)[] = [];
  readers = 0;
  isClosed = false;
  readonly #seen = new Map<string, number>();
  #wake: (() => void)[] = [];

  /** The guest prints. */
  print(text: string | Buffer): void {
    this.output = Buffer.concat([this.output, Buffer.from(text)]);
    this.#notify();
  }

  /** QEMU ends. */
  close(): void {
    this.isClosed = true;
    this.#notify();
  }

  setWriter(writer: string | null): void {
    this.writer = writer;
    this.#notify();
  }

  input(call: Input): object {
    if (this.writer !== null && this.writer !== call.session && !call.takeOver) return { __typename: "ConsoleBusy", message: `${this.writer} writes here.`, writer: this.writer };
    if (this.writer !== call.session) this.setWriter(call.session);
    // A repeated call (sent again after a lost connection) counts once.
    if (call.sequence > (this.#seen.get(call.session) ?? 0)) {
      this.#seen.set(call.session, call.sequence);
      const text = Buffer.from(call.data, "base64").toString();
      this.typed += text;
      this.print(text.replaceAll("\r", "\r\n"));
    }
    return { __typename: "ConsoleInputAccepted", sequence: call.sequence };
  }

  async *read(args: { fromOffset?: number | null; lastBytes?: number | null }): AsyncGenerator<object> {
    this.askedOffsets.push(args.fromOffset ?? null);
    this.readers += 1;
    let at = args.fromOffset ?? Math.max(0, this.output.length - (args.lastBytes ?? 65_536));
    let told: string | null | undefined;
    try {
      for (;;) {
        if (told !== this.writer) {
          told = this.writer;
          yield { consoleOutput: { __typename: "ConsoleAudience", writer: told, readers: this.readers } };
        }
        while (at < this.output.length) {
          const data = this.output.subarray(at, at + CHUNK_BYTES);
          yield { consoleOutput: { __typename: "ConsoleChunk", offset: at, data: data.toString("base64"), skippedBytes: 0 } };
          at += data.length;
        }
        if (this.isClosed) {
          yield { consoleOutput: { __typename: "ConsoleClosed", reason: "QEMU exited 0." } };
          return;
        }
        // The timeout lets the generator be stopped while nothing happens.
        if (told === this.writer && at >= this.output.length) await Promise.race([new Promise<void>((resolve) => this.#wake.push(resolve)), sleep(1_000, undefined, { ref: false })]);
      }
    } finally {
      this.readers -= 1;
    }
  }

  /** The fields of the schema that this port answers. */
  script(vm: object = { id: "vm", name: "vm", state: "RUNNING" }): Record<string, Record<string, unknown>> {
    return {
      Query: { vm: (_: unknown, { id }: { id: string }) => (id === "vm" ? vm : null), vms: () => ({ nodes: [] }) },
      Mutation: {
        consoleInput: (_: unknown, { input }: { input: Input }) => this.input(input),
        releaseConsole: (_: unknown, { session }: { session: string }) => {
          if (this.writer === session) this.setWriter(null);
          return true;
        },
      },
      Subscription: { consoleOutput: { subscribe: (_: unknown, args: { fromOffset?: number; lastBytes?: number }) => this.read(args) } },
    };
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
