// Keystrokes on their way to a console: sent at once, several under way, in order by their sequence, gathered into
// larger calls when the link is slow. Knows who holds the pen as far as the server's answers tell.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";

const CONSOLE_INPUT = graphql(`
  mutation ConsoleInput($input: ConsoleInputInput!) {
    consoleInput(input: $input) {
      __typename
      ... on ConsoleInputAccepted { sequence }
      ... on ConsoleBusy { message writer }
      ... on Error { message }
    }
  }
`);
const RELEASE = graphql(`mutation ReleaseConsole($session: ID!) { releaseConsole(session: $session) }`);

export type InputAnswer = ResultOf<typeof CONSOLE_INPUT>["consoleInput"];

export interface InputCall {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly takeOver: boolean;
}

/** Calls under way at once: typing never waits, a paste is gathered. */
export const MAX_CALLS_UNDER_WAY = 16;
/** Bytes a call: the API's limit (ConsoleInputInput.data). */
export const MAX_CALL_BYTES = 32 * 1024;
/** Bytes waiting at which the source is asked to pause: a large paste. */
const PAUSE_ABOVE_BYTES = 256 * 1024;

export interface InputEvents {
  /** Someone else holds the pen; what was typed since is dropped. */
  busy(writer: string): void;
  /** The pen is ours (again). */
  accepted(): void;
  /** The server refused for another reason, or cannot be asked. */
  failed(error: Error): void;
  /** The source is ahead, or may go on. */
  flow(wish: "pause" | "resume"): void;
}

export type Pen = "free" | "ours" | "theirs";

export class ConsoleInput {
  readonly #send: (call: InputCall) => Promise<InputAnswer>;
  readonly #events: InputEvents;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #sequence = 0;
  #underWay = 0;
  #takeOver = false;
  #pen: Pen = "free";
  #isPaused = false;
  #idle: (() => void)[] = [];

  constructor(send: (call: InputCall) => Promise<InputAnswer>, events: InputEvents) {
    this.#send = send;
    this.#events = events;
  }

  get pen(): Pen {
    return this.#pen;
  }

  /** Sends bytes; while another writes they are dropped, for they would come out of context later. */
  write(bytes: Uint8Array): void {
    if (this.#pen === "theirs" || bytes.length === 0) return;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#flush();
    this.#pace();
  }

  /** Takes the pen from whoever holds it. */
  take(): void {
    this.#pen = "free";
    this.#takeOver = true;
    this.#call(new Uint8Array());
  }

  /** Told by the audience that another took the pen. */
  lost(writer: string): void {
    if (this.#pen === "theirs") return;
    this.#pen = "theirs";
    this.#drop();
    this.#events.busy(writer);
  }

  /** Told by the audience that nobody writes. */
  freed(): void {
    if (this.#pen === "theirs") this.#pen = "free";
  }

  /** Resolves when all that was written has been answered. */
  drained(): Promise<void> {
    if (this.#underWay === 0 && this.#pendingBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #flush(): void {
    while (this.#pendingBytes > 0 && this.#underWay < MAX_CALLS_UNDER_WAY) this.#call(this.#gather());
  }

  /** As much of what waits as a call may carry. */
  #gather(): Uint8Array {
    const all = this.#pending.length === 1 && this.#pending[0] ? this.#pending[0] : Buffer.concat(this.#pending);
    const rest = all.subarray(MAX_CALL_BYTES);
    this.#pending = rest.length > 0 ? [rest] : [];
    this.#pendingBytes = rest.length;
    return all.subarray(0, MAX_CALL_BYTES);
  }

  #call(bytes: Uint8Array): void {
    const takeOver = this.#takeOver;
    this.#takeOver = false;
    this.#sequence += 1;
    this.#underWay += 1;
    this.#send({ sequence: this.#sequence, bytes, takeOver })
      .then((answer) => this.#answered(answer))
      .catch((error: unknown) => this.#events.failed(error instanceof Error ? error : new Error(String(error))))
      .finally(() => this.#settled());
  }

  #answered(answer: InputAnswer): void {
    if (answer.__typename === "ConsoleBusy") {
      this.lost(answer.writer);
    } else if (answer.__typename !== "ConsoleInputAccepted") {
      this.#drop();
      this.#events.failed(new Error(answer.message));
    } else if (this.#pen !== "ours") {
      this.#pen = "ours";
      this.#events.accepted();
    }
  }

  #settled(): void {
    this.#underWay -= 1;
    this.#flush();
    this.#pace();
    if (this.#underWay > 0 || this.#pendingBytes > 0) return;
    for (const wake of this.#idle.splice(0)) wake();
  }

  #drop(): void {
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#pace();
  }

  #pace(): void {
    const shouldPause = this.#pendingBytes > PAUSE_ABOVE_BYTES;
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    this.#events.flow(shouldPause ? "pause" : "resume");
  }
}

/** Sends calls of one session over the client's open WebSocket. */
export function inputSender(client: Client, vm: string, port: string, session: string): (call: InputCall) => Promise<InputAnswer> {
  return async ({ sequence, bytes, takeOver }) => {
    const input = { vm, port, session, sequence, data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"), takeOver };
    return (await client.send(CONSOLE_INPUT, { input })).consoleInput;
  };
}

export async function releaseConsole(client: Client, session: string): Promise<void> {
  await client.send(RELEASE, { session });
}
