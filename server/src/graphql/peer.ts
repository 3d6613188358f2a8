// One WebSocket as graphql-ws sees it: sends wait for a slow client instead of filling memory, and a prepared payload is
// written as it is, without being serialised or copied again for this client.
import type { Duplex } from "node:stream";
import type { FormattedExecutionResult } from "graphql";
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, type CloseCode } from "graphql-ws";
import type { RawData, WebSocket } from "ws";
import type { PreparedResult } from "./sharing.js";

/** More than this on its way to one client: its subscriptions wait, and those that want only the latest skip. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** What graphql-ws serialises in place of a prepared payload. */
const STUB = /^(\{"id":.*,"type":"next","payload":)\{"prepared":(\d+)\}\}$/s;

export class Peer {
  readonly #prepared = new Map<number, Buffer>();
  #lastStub = 0;
  #alive = true;

  constructor(
    private readonly webSocket: WebSocket,
    private readonly socket: Duplex,
  ) {
    webSocket.on("pong", () => (this.#alive = true));
    // An error is followed by close, which is where it is dealt with.
    webSocket.on("error", () => undefined);
  }

  get protocol(): string {
    return this.webSocket.protocol === "" ? GRAPHQL_TRANSPORT_WS_PROTOCOL : this.webSocket.protocol;
  }

  /** A place-holder for the payload, which `send` puts in its stead. */
  stub(result: PreparedResult): FormattedExecutionResult {
    this.#lastStub += 1;
    this.#prepared.set(this.#lastStub, result.payload);
    return { prepared: this.#lastStub } as FormattedExecutionResult;
  }

  /** Resolves at once, or when a client that is behind has taken what it was sent. */
  send(text: string): Promise<void> | undefined {
    if (this.webSocket.readyState !== this.webSocket.OPEN) return undefined;
    const stub = this.#prepared.size > 0 ? STUB.exec(text) : null;
    const payload = stub === null ? undefined : this.#prepared.get(Number(stub[2]));
    if (stub === null || payload === undefined) {
      return this.#sent((done) => this.webSocket.send(text, done));
    }
    this.#prepared.delete(Number(stub[2]));
    return this.#sent((done) => {
      // Three fragments of one message, handed to the kernel in one call; the large one is shared by all clients.
      this.socket.cork();
      this.webSocket.send(stub[1] ?? "", { fin: false });
      this.webSocket.send(payload, { fin: false, binary: false });
      this.webSocket.send("}", { fin: true }, done);
      this.socket.uncork();
    });
  }

  close(code?: CloseCode | number, reason?: string): void {
    this.webSocket.close(code, reason);
  }

  onMessage(listener: (text: string) => Promise<void>): void {
    this.webSocket.on("message", (data: RawData) => {
      listener(textOf(data)).catch(() => this.webSocket.close(4500, "Internal error"));
    });
  }

  /** Ends a connection that gave no sign of life since the last call, and asks for one. */
  heartbeat(): void {
    if (!this.#alive) { this.webSocket.terminate(); return; }
    this.#alive = false;
    this.webSocket.ping();
  }

  #sent(write: (done?: () => void) => void): Promise<void> | undefined {
    if (this.webSocket.bufferedAmount < MAX_BUFFERED_BYTES) {
      write();
      return undefined;
    }
    return new Promise((resolve) => write(() => resolve()));
  }
}

/** ws hands over one Buffer unless told otherwise; the other forms are of its types only. */
function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString();
  return Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data).toString();
}
