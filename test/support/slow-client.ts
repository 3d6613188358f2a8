// A GraphQL client over WebSocket that can stop reading, like a terminal on a bad line. It speaks the protocol by hand,
// because a client library would read on behind the test's back.
import WebSocket from "ws";

interface Message { readonly type: string; readonly payload?: unknown }
interface ErrorSeen { readonly message: string; readonly extensions?: { readonly code?: string } }

export class SlowClient<T> implements AsyncDisposable {
  readonly items: T[] = [];
  /** What the subscription ended with; undefined while it goes on. */
  errors: readonly ErrorSeen[] | undefined;
  readonly #socket: WebSocket;

  constructor(url: string, token: string, query: string, variables: Record<string, unknown> = {}) {
    this.#socket = new WebSocket(url.replace(/^http/, "ws"), "graphql-transport-ws");
    this.#socket.on("open", () => this.#send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }));
    this.#socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Message;
      if (message.type === "connection_ack") this.#send({ id: "1", type: "subscribe", payload: { query, variables } });
      if (message.type === "next") this.items.push((message.payload as { data: T }).data);
      if (message.type === "error") this.errors = message.payload as readonly ErrorSeen[];
    });
  }

  /** Takes nothing more from the connection: the kernel's buffers fill, then the server's. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.terminate();
    await closed;
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }
}
