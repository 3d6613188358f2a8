// The one WebSocket of a client (graphql-transport-ws): opened by the first subscription, made again for ever, its
// subscriptions renewed with variables asked for afresh. It must not know what is subscribed to.
import { setMaxListeners } from "node:events";
import { createClient } from "graphql-ws/client";
import type { Client as GraphqlWsClient, FormattedExecutionResult, SubscribePayload } from "graphql-ws/client";
import { WebSocket } from "ws";
import type { Endpoint, EndpointSource } from "./endpoint.js";
import { webSocketUrl } from "./endpoint.js";
import { ClientError, connectionCause, fromGraphqlErrors } from "./error.js";
import { PullQueue } from "./queue.js";
import { backoffMs } from "./status.js";

/** Silence after which the server is asked whether it lives. */
const PING_AFTER_MS = 10_000;
/** Time it has to answer; then the connection is given up and made again. */
const PONG_WITHIN_MS = 10_000;
/** Time for the handshake, the upgrade included. */
const ACKNOWLEDGE_WITHIN_MS = 10_000;
/** A server answers a goodbye within a round trip. */
const GOODBYE_MS = 250;
/** Largest message accepted, in bytes: a batch of samples of 10,000 VMs. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
/** The discard port of this machine: what a client that is closing "connects" to; nothing is sent. */
const NOWHERE = "ws://127.0.0.1:9/";
/** Close codes by which a server refuses the token. */
const REFUSED_CLOSE_CODES: readonly unknown[] = [4401, 4403];

export interface SocketEvents {
  connected(): void;
  lost(reason: string): void;
}

export interface Socket {
  stream<T>(query: string, variables: () => unknown, signal?: AbortSignal): AsyncIterableIterator<T>;
  /** One result over the open socket; on a lost connection it is sent again, so it must be repeatable. */
  once(query: string, variables: unknown): Promise<unknown>;
  close(): Promise<void>;
}

class HeldWebSocket extends WebSocket {
  constructor(address: string | URL, protocols?: string | string[]) {
    super(address, protocols, { perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES, handshakeTimeout: ACKNOWLEDGE_WITHIN_MS });
  }
}

export function openSocket(endpoint: EndpointSource, events: SocketEvents): Socket {
  const closing = new AbortController();
  // Each call under way listens; that they are many is no leak.
  setMaxListeners(0, closing.signal);
  const flow = new Flow();
  const ws = makeClient(endpoint, events, flow, closing.signal);
  return {
    stream<T>(query: string, variables: () => unknown, signal?: AbortSignal) {
      return stream<T>(ws, flow, payloadOf(query, variables), AbortSignal.any([closing.signal, ...(signal ? [signal] : [])]));
    },
    once: (query, variables) => once(ws, payloadOf(query, () => variables), closing.signal),
    async close() {
      closing.abort();
      // An attempt under way ends in an error that concerns nobody any more.
      Promise.resolve(ws.dispose()).catch(() => undefined);
      await flow.end();
    },
  };
}

/** graphql-ws prints the payload at each (re)subscription, so a getter gives the variables of that moment. */
function payloadOf(query: string, variables: () => unknown): SubscribePayload {
  return {
    query,
    get variables() {
      return variables() as Record<string, unknown>;
    },
  };
}

/** The live socket, its pauses (one for each reader that is behind) and its heartbeat. */
class Flow {
  #socket: WebSocket | undefined;
  #pauses = 0;
  #deadline: NodeJS.Timeout | undefined;

  opened(socket: WebSocket): void {
    this.#socket = socket;
    if (this.#pauses > 0) socket.pause();
  }
  pause(): void {
    if (this.#pauses++ === 0) this.#socket?.pause();
  }
  resume(): void {
    if (this.#pauses > 0 && --this.#pauses === 0) this.#socket?.resume();
  }
  /** A paused socket cannot hear the answer, so it is not judged by it. */
  expectPong(terminate: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => (this.#pauses > 0 ? undefined : terminate()), PONG_WITHIN_MS);
    this.#deadline.unref();
  }
  heard(): void {
    clearTimeout(this.#deadline);
  }
  /** Lets the server hear the goodbye, but waits for no server that does not answer. */
  async end(): Promise<void> {
    clearTimeout(this.#deadline);
    const socket = this.#socket;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    this.#pauses = 0;
    socket.resume();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.terminate(), GOODBYE_MS);
      socket.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Waits, but no longer than until `closing`. */
function pause(milliseconds: number, closing: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      closing.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    closing.addEventListener("abort", done, { once: true });
    if (closing.aborted) done();
  });
}

/** Asks where the server is until it is known: while it restarts there is no answer. Undefined when closing. */
async function findServer(endpoint: EndpointSource, events: SocketEvents, closing: AbortSignal): Promise<Endpoint | undefined> {
  for (let failed = 0; !closing.aborted; failed++) {
    try {
      return endpoint();
    } catch (error) {
      events.lost(connectionCause(error));
      await pause(backoffMs(failed, Math.random()), closing);
    }
  }
  return undefined;
}

function makeClient(endpoint: EndpointSource, events: SocketEvents, flow: Flow, closing: AbortSignal): GraphqlWsClient {
  let isFirstAttempt = true;
  let cause: unknown;
  let server: Endpoint | undefined;
  const client: GraphqlWsClient = createClient({
    webSocketImpl: HeldWebSocket,
    url: async () => {
      server = await findServer(endpoint, events, closing);
      return server ? webSocketUrl(server).href : NOWHERE;
    },
    connectionParams: () => (server?.token === undefined ? {} : { authorization: `Bearer ${server.token}` }),
    // Stays open between one subscription and the next; close() ends it. Each subscription hears of a refusal itself.
    lazy: false,
    onNonLazyError: () => undefined,
    keepAlive: PING_AFTER_MS,
    connectionAckWaitTimeout: ACKNOWLEDGE_WITHIN_MS,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (cause) => !closing.aborted && !isRefusal(cause),
    retryWait: async (failedAttempts) => {
      const wait = isFirstAttempt ? 0 : backoffMs(failedAttempts, Math.random());
      isFirstAttempt = false;
      await pause(wait, closing);
    },
    on: {
      opened: (socket) => flow.opened(socket as WebSocket),
      connected: () => {
        isFirstAttempt = true;
        events.connected();
      },
      // An error is always followed by the close, but only it knows the cause.
      error: (error) => (cause = (error as { error?: unknown }).error ?? error),
      closed: (event) => {
        flow.heard();
        if (!closing.aborted) events.lost(connectionCause(cause ?? event));
        cause = undefined;
      },
      ping: (received) => {
        if (!received) flow.expectPong(() => client.terminate());
      },
      message: () => flow.heard(),
    },
  });
  return client;
}

function isRefusal(cause: unknown): boolean {
  return typeof cause === "object" && cause !== null && "code" in cause && REFUSED_CLOSE_CODES.includes(cause.code);
}

function stream<T>(ws: GraphqlWsClient, flow: Flow, payload: SubscribePayload, signal: AbortSignal): AsyncIterableIterator<T> {
  let unsubscribe = (): void => undefined;
  const queue = new PullQueue<T>(flow, () => {
    signal.removeEventListener("abort", abort);
    unsubscribe();
  });
  const abort = (): void => void queue.return();
  if (signal.aborted) {
    abort();
    return queue;
  }
  signal.addEventListener("abort", abort, { once: true });
  unsubscribe = ws.subscribe(payload, {
    next: (result: FormattedExecutionResult) => {
      if (result.errors && result.errors.length > 0) queue.finish(fromGraphqlErrors(result.errors));
      else queue.push(result.data as T);
    },
    error: (error) => queue.finish(toClientError(error)),
    complete: () => queue.finish(),
  });
  return queue;
}

function once(ws: GraphqlWsClient, payload: SubscribePayload, closing: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new ClientError("closed", "The client was closed."));
    closing.addEventListener("abort", closed, { once: true });
    const settle = (act: () => void): void => {
      closing.removeEventListener("abort", closed);
      act();
    };
    ws.subscribe(payload, {
      next: (result: FormattedExecutionResult) => {
        const { errors } = result;
        settle(() => (errors && errors.length > 0 ? reject(fromGraphqlErrors(errors)) : resolve(result.data)));
      },
      error: (error) => settle(() => reject(toClientError(error))),
      complete: () => settle(() => reject(new ClientError("graphql", "The server gave no answer."))),
    });
  });
}

function toClientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  if (Array.isArray(error)) return fromGraphqlErrors(error as { message: string }[]);
  if (isRefusal(error)) return new ClientError("unauthorised", `The server refused the token (${connectionCause(error)}).`);
  return new ClientError("unreachable", `The connection to the server failed (${connectionCause(error)}).`, { cause: error });
}
