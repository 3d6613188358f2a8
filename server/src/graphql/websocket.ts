// GraphQL over WebSocket (graphql-transport-ws): the protocol is graphql-ws', the execution shared where it can be.
// Compression is off: it would cost a core for what a loopback or an SSH tunnel carries for nothing.
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { GraphQLError, validate, type DocumentNode, type ExecutionArgs, type GraphQLSchema } from "graphql";
import { handleProtocols, makeServer, type Context, type SubscribePayload } from "graphql-ws";
import { WebSocketServer } from "ws";
import type { TokenService } from "../token/service.js";
import type { Viewer } from "../token/model.js";
import type { Services } from "./context.js";
import { contextOf, type Executor } from "./execute.js";
import { GRAPHQL_PATH, MAX_BODY_BYTES, unauthenticated, viewerOf } from "./http.js";
import { checkLimits, parseLimited } from "./limits.js";
import { Peer } from "./peer.js";
import { PreparedResult, SharedSubscriptions } from "./sharing.js";

/** A dashboard holds about ten; more than this is a leak in the client. */
const MAX_SUBSCRIPTIONS_PER_CONNECTION = 200;
const MAX_CONNECTIONS = 2_000;
/** Documents whose parsing and validation are remembered; clients send the same few again and again. */
const MAX_KNOWN_DOCUMENTS = 500;
/** How often connections are asked for a sign of life, and expired tokens looked for. */
const HEARTBEAT_MS = 30_000;
const CLOSE_UNAUTHORIZED = 4401;
const CLOSE_TOO_MANY = 4429;
const CLOSE_GOING_AWAY = 1001;

export interface WebSocketParts {
  readonly schema: GraphQLSchema;
  readonly executor: Executor;
  readonly services: Services;
  readonly tokens: TokenService;
}

interface Extra {
  readonly peer: Peer;
  readonly authorization: string | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
  viewer: Viewer | null;
}
type WsContext = Context<Record<string, unknown>, Extra>;

export class GraphqlWebSockets implements AsyncDisposable {
  readonly #sockets = new WebSocketServer({
    noServer: true, perMessageDeflate: false, maxPayload: MAX_BODY_BYTES, handleProtocols: (protocols) => handleProtocols(protocols),
  });
  readonly #open = new Set<Extra>();
  readonly #known = new Map<string, DocumentNode | readonly GraphQLError[]>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #revocations: Disposable;
  readonly shared: SharedSubscriptions;
  readonly #protocol;

  constructor(private readonly parts: WebSocketParts) {
    this.shared = new SharedSubscriptions(parts.schema, parts.executor);
    this.#protocol = makeServer<Record<string, unknown>, Extra>({
      onConnect: (ctx) => this.#admit(ctx),
      onSubscribe: (ctx, _, payload) => this.#prepare(ctx, payload),
      execute: (args) => parts.executor.execute(args),
      subscribe: (args) => this.#subscribe(args),
      onNext: (ctx, _id, _payload, _args, result) => (result instanceof PreparedResult ? ctx.extra.peer.stub(result) : undefined),
      onError: (_ctx, id, _payload, errors) => errors.map((error) => parts.executor.present(error, id).toJSON()),
    });
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#heartbeat.unref();
    this.#revocations = parts.tokens.onRevoked((tokenId) => {
      for (const extra of this.#open) if (extra.viewer?.tokenId === tokenId) extra.peer.close(CLOSE_UNAUTHORIZED, "The token was revoked");
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = new URL(request.url ?? "/", "http://server").pathname;
    if (path !== GRAPHQL_PATH || this.#open.size >= MAX_CONNECTIONS) {
      socket.end(`HTTP/1.1 ${path === GRAPHQL_PATH ? "503 Service Unavailable" : "404 Not Found"}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const peer = new Peer(webSocket, socket);
      const extra: Extra = { peer, authorization: request.headers.authorization, socket: request.socket, viewer: null };
      this.#open.add(extra);
      const closed = this.#protocol.opened(peer, extra);
      webSocket.once("close", (code, reason) => {
        this.#open.delete(extra);
        void closed(code, reason.toString());
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#revocations[Symbol.dispose]();
    for (const { peer } of this.#open) peer.close(CLOSE_GOING_AWAY, "The server is going down");
    await new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
  }

  #admit(ctx: WsContext): boolean {
    const given = ctx.connectionParams?.["authorization"] ?? ctx.connectionParams?.["Authorization"] ?? ctx.extra.authorization;
    const authorization = typeof given === "string" ? given : undefined;
    ctx.extra.viewer = viewerOf(this.parts.tokens, authorization, ctx.extra.socket);
    if (ctx.extra.viewer === null) ctx.extra.peer.close(CLOSE_UNAUTHORIZED, unauthenticated(authorization).slice(0, 120));
    return ctx.extra.viewer !== null;
  }

  #prepare(ctx: WsContext, payload: SubscribePayload): ExecutionArgs | readonly GraphQLError[] {
    const { viewer, peer } = ctx.extra;
    if (viewer === null || isExpired(viewer)) {
      peer.close(CLOSE_UNAUTHORIZED, "The token has expired");
      return [new GraphQLError("The token has expired.", { extensions: { code: "UNAUTHENTICATED" } })];
    }
    if (Object.keys(ctx.subscriptions).length > MAX_SUBSCRIPTIONS_PER_CONNECTION) {
      peer.close(CLOSE_TOO_MANY, "Too many subscriptions on one connection");
      return [new GraphQLError(`A connection has at most ${MAX_SUBSCRIPTIONS_PER_CONNECTION} subscriptions.`, { extensions: { code: "TOO_MANY_SUBSCRIPTIONS" } })];
    }
    const document = this.#document(payload.query);
    if (Array.isArray(document)) return document as readonly GraphQLError[];
    const args = document as DocumentNode;
    const refusal = checkLimits(this.parts.schema, args, payload.operationName, payload.variables);
    if (refusal !== null) return [refusal];
    return {
      schema: this.parts.schema, document: args, operationName: payload.operationName ?? null, variableValues: payload.variables ?? null,
      contextValue: { viewer, services: this.parts.services, requestId: randomUUID(), part: "whole" },
    };
  }

  #document(source: string): DocumentNode | readonly GraphQLError[] {
    const known = this.#known.get(source);
    if (known !== undefined) return known;
    const judged = judge(this.parts.schema, source);
    const oldest = this.#known.keys().next();
    if (this.#known.size >= MAX_KNOWN_DOCUMENTS && oldest.done !== true) this.#known.delete(oldest.value);
    this.#known.set(source, judged);
    return judged;
  }

  #subscribe(args: ExecutionArgs) {
    const policy = this.shared.policy(args);
    return policy === null || contextOf(args).part !== "whole" ? this.parts.executor.subscribe(args) : this.shared.subscribe(args, policy);
  }

  #beat(): void {
    for (const { peer, viewer } of this.#open) {
      if (viewer !== null && isExpired(viewer)) peer.close(CLOSE_UNAUTHORIZED, "The token has expired");
      else peer.heartbeat();
    }
  }
}

function judge(schema: GraphQLSchema, source: string): DocumentNode | readonly GraphQLError[] {
  try {
    const document = parseLimited(source);
    const errors = validate(schema, document);
    return errors.length > 0 ? errors : document;
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

function isExpired(viewer: Viewer): boolean {
  return viewer.expiresAt !== null && viewer.expiresAt <= new Date();
}
