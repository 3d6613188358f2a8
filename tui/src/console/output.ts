// A console's output as one stream of bytes: after a lost connection it goes on at the byte where it was, and no byte
// comes twice. Knows the API's offsets, not the terminal.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import { ClientError } from "../client/error.js";
import { backoffMs } from "../client/status.js";

const CONSOLE_OUTPUT = graphql(`
  subscription ConsoleOutput($vm: ID!, $port: String, $fromOffset: Bytes, $lastBytes: Bytes) {
    consoleOutput(vm: $vm, port: $port, fromOffset: $fromOffset, lastBytes: $lastBytes) {
      __typename
      ... on ConsoleChunk { offset data skippedBytes }
      ... on ConsoleAudience { writer readers }
      ... on ConsoleClosed { reason }
    }
  }
`);

/** Shown when a console is opened: a boot's worth of messages. */
export const REPLAY_BYTES = 64 * 1024;
/** Streams that may end without a byte, one after another, before the console is given up. */
const MAX_EMPTY_STREAMS = 20;
/** What the server answers while the host's daemon is away; it comes back. */
const PASSING_CODES: readonly (string | undefined)[] = ["HOST_UNREACHABLE"];

export type ConsoleItem =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** So many bytes were lost just before the next ones. */
  | { readonly kind: "skipped"; readonly bytes: number }
  /** The VM was started anew: its bytes are counted from 0 again. */
  | { readonly kind: "restarted" }
  | { readonly kind: "audience"; readonly writer: string | null; readonly readers: number }
  | { readonly kind: "closed"; readonly reason: string };

/** Where reading stands; decides what of a chunk is new. */
export class OutputPosition {
  /** Offset of the next byte; undefined before the first. */
  #next: number | undefined;

  get next(): number | undefined {
    return this.#next;
  }

  accept(chunk: { readonly offset: number; readonly data: string }): ConsoleItem[] {
    const bytes = Buffer.from(chunk.data, "base64");
    const expected = this.#next;
    this.#next = chunk.offset + bytes.length;
    if (expected === undefined || chunk.offset === expected) return nonEmpty(bytes);
    if (chunk.offset > expected) return [{ kind: "skipped", bytes: chunk.offset - expected }, ...nonEmpty(bytes)];
    // We ask for what follows `expected`; a chunk at 0 is thus not an old one but the first of a new run.
    if (chunk.offset === 0) return [{ kind: "restarted" }, ...nonEmpty(bytes)];
    this.#next = Math.max(expected, this.#next);
    return nonEmpty(bytes.subarray(Math.min(bytes.length, expected - chunk.offset)));
  }
}

function nonEmpty(bytes: Uint8Array): ConsoleItem[] {
  return bytes.length > 0 ? [{ kind: "bytes", bytes }] : [];
}

export async function* readConsole(client: Client, vm: string, port: string, signal: AbortSignal): AsyncGenerator<ConsoleItem, void> {
  const position = new OutputPosition();
  const variables = (): { vm: string; port: string; fromOffset?: number; lastBytes?: number } =>
    position.next === undefined ? { vm, port, lastBytes: REPLAY_BYTES } : { vm, port, fromOffset: position.next };
  for (let emptyStreams = 0; emptyStreams < MAX_EMPTY_STREAMS && !signal.aborted; ) {
    const before = position.next;
    try {
      for await (const { consoleOutput: item } of client.subscribe(CONSOLE_OUTPUT, variables, signal)) {
        if (item.__typename === "ConsoleChunk") yield* position.accept(item);
        else if (item.__typename === "ConsoleAudience") yield { kind: "audience", writer: item.writer, readers: item.readers };
        else {
          yield { kind: "closed", reason: item.reason };
          return;
        }
      }
    } catch (error) {
      if (!(error instanceof ClientError) || !PASSING_CODES.includes(error.code)) throw error;
    }
    // It ended without a last word: the server is going down or lost its host, so it is asked again.
    emptyStreams = position.next === before ? emptyStreams + 1 : 0;
    await pause(backoffMs(emptyStreams, 0.5), signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });
}
