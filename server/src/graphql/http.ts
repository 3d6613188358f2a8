// The HTTP face: /graphql (POST, server-sent events, GraphiQL), /health, /ready, and everything that is refused before GraphQL is
// reached: no token, a wrong one, a body too large. Knows no noun.
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createYoga, type Plugin } from "graphql-yoga";
import type { ExecutionArgs, GraphQLSchema } from "graphql";
import type { Log } from "../log.js";
import type { TokenService } from "../token/service.js";
import type { Viewer } from "../token/model.js";
import { bodyFaults } from "./body.js";
import type { GraphqlContext, Services } from "./context.js";
import type { Executor } from "./execute.js";
import { checkLimits, parseLimited } from "./limits.js";

/** A thousand large definitions fit; nothing honest is larger. */
export const MAX_BODY_BYTES = 1024 * 1024;
export const GRAPHQL_PATH = "/graphql";

export interface HttpParts {
  readonly schema: GraphQLSchema;
  readonly executor: Executor;
  readonly services: Services;
  readonly tokens: TokenService;
  readonly log: Log;
}

interface YogaContext {
  readonly viewer: Viewer;
  readonly requestId: string;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export function createRequestHandler(parts: HttpParts): RequestHandler {
  const yoga = yogaServer(parts);
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? "/", "http://server").pathname;
    if (path === "/health") { sendJson(response, 200, { status: "ok" }); return; }
    if (path === "/ready") { answerReady(response, parts.services); return; }
    if (path !== GRAPHQL_PATH) { refuse(response, 404, "NOT_FOUND", `Nothing is at ${path.slice(0, 200)}; GraphQL is at ${GRAPHQL_PATH}.`); return; }
    const requestId = randomUUID();
    response.setHeader("x-request-id", requestId);
    const wantsPage = request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
    const viewer = wantsPage ? NOBODY : viewerOf(parts.tokens, request.headers.authorization, request.socket);
    if (viewer === null) {
      response.setHeader("www-authenticate", 'Bearer realm="quetzal"');
      refuse(response, 401, "UNAUTHENTICATED", unauthenticated(request.headers.authorization)); return;
    }
    const body = await readBody(request);
    if (body === null) {
      refuse(response, 413, "BODY_TOO_LARGE", `The request's body is larger than ${MAX_BODY_BYTES} bytes; send less at once.`); return;
    }
    await answer(yoga, request, response, body, { viewer, requestId });
  };
  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      parts.log.error("a request could not be answered", error, { path: request.url ?? "" });
      if (response.headersSent) response.destroy();
      else refuse(response, 500, "INTERNAL", "Something unexpected went wrong; the server's log has it.");
    });
  };
}

/** Health says that the server lives; ready, that a daemon is behind it, so that verbs will be carried out. */
function answerReady(response: ServerResponse, { hosts }: Services): void {
  const isReady = hosts.list().some((host) => host.connected);
  sendJson(response, isReady ? 200 : 503, { status: isReady ? "ready" : "no daemon is connected yet" });
}

/** Enough for a client on a slow line to see the answer and stop. */
const LINGER_MS = 1_000;

/** GraphiQL's page is for everybody; what it then asks needs a token. */
const NOBODY: Viewer = { tokenId: "", name: "nobody", role: "VIEWER", expiresAt: null };

/** `socket` is where the request came from, for the record of who is refused. */
export function viewerOf(tokens: TokenService, authorization: string | undefined, socket: { readonly remoteAddress?: string | undefined }): Viewer | null {
  const secret = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (secret === undefined) return null;
  // An IPv4 address as a socket for both families writes it.
  return tokens.authenticate(secret, socket.remoteAddress?.replace(/^::ffff:/, "") ?? "an address that is gone");
}

export function unauthenticated(authorization: string | undefined): string {
  return authorization === undefined
    ? "A token is missing: send `Authorization: Bearer TOKEN`; the local one is in the file server/token of the state folder."
    : "The token is wrong, revoked or expired; the local one is in the file server/token of the state folder.";
}

function yogaServer({ schema, executor, services }: HttpParts) {
  return createYoga<YogaContext>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    landingPage: false,
    cors: false,
    logging: false,
    maskedErrors: false,
    graphiql: { title: "QuetzalCore", headers: JSON.stringify({ Authorization: "Bearer TOKEN" }), subscriptionsProtocol: "SSE" },
    // Served from here, because a host may reach no other: nine megabytes, read when somebody first opens the page.
    renderGraphiQL: async (options) => (await import("@graphql-yoga/render-graphiql")).renderGraphiQL(options),
    context: ({ viewer, requestId }): GraphqlContext => ({ viewer, requestId, services, part: "whole" }),
    plugins: [bodyFaults(), limits(executor)],
  });
}

/** Puts our parser, limits and executor in the place of yoga's. */
function limits(executor: Executor): Plugin {
  const refusal = ({ schema, document, operationName, variableValues }: ExecutionArgs) => checkLimits(schema, document, operationName, variableValues);
  return {
    onParse: ({ setParseFn }) => setParseFn((source: string) => parseLimited(source)),
    onExecute({ args, setExecuteFn, setResultAndStopExecution }) {
      const refused = refusal(args);
      if (refused === null) setExecuteFn(executor.execute);
      else setResultAndStopExecution({ errors: [refused] });
    },
    onSubscribe({ args, setSubscribeFn, setResultAndStopExecution }) {
      const refused = refusal(args);
      if (refused === null) setSubscribeFn(executor.subscribe);
      else setResultAndStopExecution({ errors: [refused] });
    },
  };
}

/** Null when there is more of it than may be. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return null;
  const parts: Buffer[] = [];
  let size = 0;
  // A request that is left early must stay: destroyed, it would take the answer's connection with it.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY_BYTES) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function answer(yoga: ReturnType<typeof yogaServer>, request: IncomingMessage, response: ServerResponse, body: Buffer, context: YogaContext): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]]));
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  const answered = await yoga.fetch(`http://server${request.url ?? "/"}`, {
    method: request.method ?? "GET", headers, signal: gone.signal, ...(hasBody ? { body: new Uint8Array(body) } : {}),
  }, context);
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  if (answered.body === null) return void response.end();
  for await (const part of answered.body) {
    if (gone.signal.aborted) return;
    if (!response.write(part)) await drained(response, gone.signal);
  }
  response.end();
}

function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    gone.addEventListener("abort", () => resolve(), { once: true });
  });
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  const text = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(text), connection: "close" });
  response.write(text);
  lingerThenEnd(response);
}

/** Who still sends hears a closed connection before the answer, so what is sent is thrown away for a moment. */
function lingerThenEnd(response: ServerResponse): void {
  const { req: request } = response;
  if (request.complete) return void response.end();
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.once("end", end).once("close", end).resume();
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}
