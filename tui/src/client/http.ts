// GraphQL over HTTP POST on connections that are kept open: one round trip a request, no GraphQL or WebSocket code
// loaded. It must not retry: the caller knows whether a request may be repeated.
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { AgentOptions, IncomingMessage } from "node:http";
import type { Endpoint } from "./endpoint.js";
import { httpUrl } from "./endpoint.js";
import { ClientError, connectionCause, fromGraphqlErrors } from "./error.js";

/** A server that says nothing for so long is taken for dead. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Connections held to a server: a client of one person asks little at once. */
const MAX_SOCKETS = 4;
/** Largest answer accepted, in bytes: 10,000 VMs with their definitions fit several times. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface HttpConnections extends Disposable {
  post(endpoint: Endpoint, query: string, variables: unknown, signal?: AbortSignal): Promise<unknown>;
}

export function openHttp(): HttpConnections {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS, noDelay: true };
  const transports = new Map<string, Transport>();
  return {
    async post(endpoint, query, variables, signal) {
      const url = httpUrl(endpoint);
      const transport = transports.get(url.protocol) ?? (await openTransport(url.protocol, options));
      transports.set(url.protocol, transport);
      const answer = await exchange(url, transport, endpoint.token, JSON.stringify({ query, variables }), signal);
      return readAnswer(url, answer);
    },
    [Symbol.dispose]() {
      for (const { agent } of transports.values()) agent.destroy();
    },
  };
}

interface Transport {
  readonly agent: HttpAgent;
  readonly send: typeof httpRequest;
}

/** TLS is loaded for https only: a local command starts without it. */
async function openTransport(protocol: string, options: AgentOptions): Promise<Transport> {
  if (protocol !== "https:") return { agent: new HttpAgent(options), send: httpRequest };
  const https = await import("node:https");
  return { agent: new https.Agent(options), send: https.request };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function exchange(url: URL, transport: Transport, token: string | undefined, body: string, signal: AbortSignal | undefined): Promise<Answer> {
  const { agent, send } = transport;
  const headers: Record<string, string | number> = {
    "content-type": "application/json",
    accept: "application/graphql-response+json, application/json",
    "content-length": Buffer.byteLength(body),
  };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      if (error instanceof ClientError) reject(error);
      else if (signal?.aborted) reject(new ClientError("closed", "The request was given up.", { cause: error }));
      else reject(unreachable(url, error));
    };
    const request = send(url, { method: "POST", agent, headers, timeout: REQUEST_TIMEOUT_MS, ...(signal ? { signal } : {}) }, (response) => {
      collect(response).then((text) => resolve({ status: response.statusCode ?? 0, body: text }), fail);
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)));
    request.on("error", fail);
    request.end(body);
  });
}

async function collect(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`an answer above ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readAnswer(url: URL, answer: Answer): unknown {
  const parsed = parse(answer.body);
  const errors = parsed?.errors;
  if (answer.status === 401 || answer.status === 403) {
    throw new ClientError("unauthorised", messageOf(errors) ?? `The server at ${url.origin} refused the token (HTTP ${answer.status}).`);
  }
  if (Array.isArray(errors) && errors.length > 0) throw fromGraphqlErrors(errors as { message: string }[]);
  if (parsed?.data === undefined || parsed.data === null) {
    throw new ClientError("unreachable", `What answers at ${url.origin} is not a QuetzalCore server (HTTP ${answer.status}): check QUETZAL_URL.`);
  }
  return parsed.data;
}

function parse(body: string): { data?: unknown; errors?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(errors: unknown): string | undefined {
  if (!Array.isArray(errors)) return undefined;
  const first: unknown = errors[0];
  return typeof first === "object" && first !== null && "message" in first && typeof first.message === "string" ? first.message : undefined;
}

/** The error for a server that cannot be reached, with the mend. */
export function unreachable(url: URL, error: unknown): ClientError {
  const message = `The server at ${url.origin} cannot be reached (${connectionCause(error)}): start it with 'npm start' or set QUETZAL_URL.`;
  return new ClientError("unreachable", message, { cause: error });
}
