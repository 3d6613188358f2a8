// A GraphQL server of the committed schema whose answers a test scripts, for the clients' contract: HTTP and WebSocket
// on one port, a token, and a port that can go away and come back. No rule of the real server lives here.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join, resolve } from "node:path";
import { useServer } from "graphql-ws/use/ws";
import { createSchema, createYoga } from "graphql-yoga";
import { afterAll, beforeAll } from "vitest";
import { WebSocketServer } from "ws";

export type Resolver = (parent: never, args: never) => unknown;
export type Script = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export const TOKEN = "qz_test";
const typeDefs = readFileSync(resolve(import.meta.dirname, "../../server/schema.graphql"), "utf8");

export class ScriptedServer implements AsyncDisposable {
  port = 0;
  /** HTTP connections accepted so far. */
  connections = 0;
  #server: Server | undefined;
  #webSockets: WebSocketServer | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const server = new ScriptedServer(script);
    await server.start();
    return server;
  }

  /** One for all tests of the file that calls this, up from before the first until after the last. */
  static forFile(script: Script): ScriptedServer {
    const server = new ScriptedServer(script);
    beforeAll(() => server.start());
    afterAll(() => server[Symbol.asyncDispose]());
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, QUETZAL_URL: this.url, QUETZAL_TOKEN: TOKEN };
  }

  /** Listens on the port it had before, or on a free one at first. */
  async start(): Promise<void> {
    const schema = createSchema({ typeDefs, resolvers: this.#script as never, resolverValidationOptions: { requireResolversForResolveType: "ignore" } });
    const yoga = createYoga({ schema, logging: false, maskedErrors: false });
    const server = createServer((request, response) => {
      if (request.headers.authorization !== `Bearer ${TOKEN}`) {
        response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify({ errors: [{ message: "The token is not valid.", extensions: { code: "UNAUTHENTICATED" } }] }));
        return;
      }
      void yoga(request, response);
    });
    server.on("connection", (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#webSockets = new WebSocketServer({ server, path: "/graphql" });
    useServer({ schema, onConnect: (context) => context.connectionParams?.["authorization"] === `Bearer ${TOKEN}` }, this.#webSockets);
    await new Promise<void>((listening) => server.listen(this.port, "127.0.0.1", listening));
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Goes away as a killed process does: every connection is cut. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.cut();
    this.#webSockets?.close();
    if (server) await new Promise<void>((closed) => server.close(() => closed()));
  }

  /** Cuts every connection; the server stays. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

export const cliSource = join(resolve(import.meta.dirname, "../.."), "tui/src/main.ts");
