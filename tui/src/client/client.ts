// The client of the GraphQL API: requests over held HTTP connections, subscriptions over one WebSocket that is made
// again for ever. Everything of tui/ reaches the server through this; it must not know any screen or command.
import { documentText } from "./document.js";
import type { TypedDocument } from "./document.js";
import type { Endpoint, EndpointSource } from "./endpoint.js";
import { ClientError } from "./error.js";
import { openHttp } from "./http.js";
import type { Socket } from "./socket.js";
import { connected, lost } from "./status.js";
import type { ConnectionStatus } from "./status.js";

export interface Client extends AsyncDisposable {
  /** One answer over HTTP. Throws a ClientError; never repeats a request by itself. */
  request<Result, Variables>(document: TypedDocument<Result, Variables>, variables: NoInfer<Variables>, signal?: AbortSignal): Promise<Result>;
  /**
   * Results until the server completes, `signal` aborts or the loop is left. It outlives lost connections: variables
   * given as a function are asked for again at each new subscription, so that a reader can go on where it was.
   * Throws a ClientError when the server refuses the token or the document.
   */
  subscribe<Result, Variables>(
    document: TypedDocument<Result, Variables>,
    variables: NoInfer<Variables> | (() => NoInfer<Variables>),
    signal?: AbortSignal,
  ): AsyncIterableIterator<Result>;
  /**
   * One answer over the WebSocket of the subscriptions, without a wait for those before it. It is sent again after a
   * lost connection, so only for what may be repeated (it carries a sequence or a key).
   */
  send<Result, Variables>(document: TypedDocument<Result, Variables>, variables: NoInfer<Variables>): Promise<Result>;
  /** The WebSocket as it is now. */
  readonly status: ConnectionStatus;
  /** Called at every change of the status. */
  onStatus(listener: (status: ConnectionStatus) => void): Disposable;
  close(): Promise<void>;
}

export function createClient(endpoint: Endpoint | EndpointSource): Client {
  const source: EndpointSource = typeof endpoint === "function" ? endpoint : () => endpoint;
  const http = openHttp();
  const listeners = new Set<(status: ConnectionStatus) => void>();
  let status: ConnectionStatus = { state: "waiting", sinceMs: Date.now(), attempts: 0, reason: null };
  let socket: Promise<Socket> | undefined;
  let isClosed = false;

  function publish(next: ConnectionStatus): void {
    status = next;
    for (const listener of listeners) listener(next);
  }
  function theSocket(): Promise<Socket> {
    if (isClosed) return Promise.reject(new ClientError("closed", "The client was closed."));
    // Loaded at the first subscription: one-shot commands start without it.
    socket ??= import("./socket.js").then(({ openSocket }) =>
      openSocket(source, {
        connected: () => publish(connected(Date.now())),
        lost: (reason) => publish(lost(status, reason, Date.now())),
      }),
    );
    return socket;
  }

  const client: Client = {
    async request<Result, Variables>(document: TypedDocument<Result, Variables>, variables: Variables, signal?: AbortSignal) {
      if (isClosed) throw new ClientError("closed", "The client was closed.");
      return (await http.post(source(), documentText(document), variables, signal)) as Result;
    },
    subscribe<Result, Variables>(document: TypedDocument<Result, Variables>, variables: Variables | (() => Variables), signal?: AbortSignal) {
      const ask = typeof variables === "function" ? (variables as () => Variables) : () => variables;
      return deferred<Result>(theSocket().then((open) => open.stream<Result>(documentText(document), ask, signal)));
    },
    async send<Result, Variables>(document: TypedDocument<Result, Variables>, variables: Variables) {
      return (await (await theSocket()).once(documentText(document), variables)) as Result;
    },
    get status() {
      return status;
    },
    onStatus(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    async close() {
      isClosed = true;
      listeners.clear();
      http[Symbol.dispose]();
      if (socket) await (await socket).close();
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
  return client;
}

/** The iterator that `opening` will give; the subscription starts at once, not at the first pull. */
function deferred<T>(opening: Promise<AsyncIterableIterator<T>>): AsyncIterableIterator<T> {
  // A failure is thrown by next(); without a reader it concerns nobody.
  opening.catch(() => undefined);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: async () => (await opening).next(),
    return: async () => (await (await opening).return?.()) ?? { done: true, value: undefined },
  };
}
