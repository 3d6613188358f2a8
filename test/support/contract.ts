// A server in this process on a real Postgres, over a scripted daemon: for contract tests and for benches of the server.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig, type ServerConfig } from "../../server/src/config.js";
import type { Log } from "../../server/src/log.js";
import { startServer, type RunningServer } from "../../server/src/server.js";
import { seedDatabase } from "./database-seed.js";
import { connect, type GraphqlPeer } from "./graphql.js";
import { ScriptedDaemon, type ScriptedOptions } from "./scripted-daemon.js";

const DEADLINE_MS = 15_000;

export interface LogLine { readonly level: "info" | "warn" | "error"; readonly message: string; readonly error?: unknown }

export class ContractStack implements AsyncDisposable {
  readonly stateDir = mkdtempSync(join(tmpdir(), "qz-"));
  readonly logged: LogLine[] = [];
  readonly daemon: ScriptedDaemon;
  readonly #peers: GraphqlPeer[] = [];
  #server: RunningServer | undefined;

  private constructor(options: Omit<ScriptedOptions, "socket">) {
    // Open, because Postgres runs as another user when the tests run as root.
    chmodSync(this.stateDir, 0o755);
    mkdirSync(join(this.stateDir, "run"));
    seedDatabase(this.stateDir);
    this.daemon = new ScriptedDaemon({ ...options, socket: this.socket });
  }

  static async start(prepare: (daemon: ScriptedDaemon) => void = () => undefined, options: Omit<ScriptedOptions, "socket"> = {}): Promise<ContractStack> {
    const stack = new ContractStack(options);
    try {
      prepare(stack.daemon);
      await stack.daemon.listen();
      await stack.startServer();
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  get socket(): string { return join(this.stateDir, "run/quetzald.sock"); }
  get server(): RunningServer {
    if (this.#server === undefined) throw new Error("the server is not started");
    return this.#server;
  }
  get token(): string { return readFileSync(join(this.stateDir, "server/token"), "utf8").trim(); }
  get config(): ServerConfig {
    return readConfig({ QUETZAL_STATE_DIR_RESOLVED: this.stateDir, QUETZAL_RUN_DIR_RESOLVED: join(this.stateDir, "run"), QUETZAL_LISTEN: "127.0.0.1:0" });
  }

  async startServer(): Promise<void> {
    this.#server = await startServer(this.config, this.#log());
    await until("the host is connected", async () => (await this.peer().query<{ hosts: { connected: boolean }[] }>("{ hosts { connected } }")).hosts[0]?.connected === true);
  }

  async stopServer(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  /** A client with this token; the local admin's unless told otherwise. */
  peer(token = this.token): GraphqlPeer {
    const peer = connect(this.server.url, token);
    this.#peers.push(peer);
    return peer;
  }

  /** A client with a fresh token of this role. */
  async peerAs(role: "VIEWER" | "OPERATOR" | "ADMIN"): Promise<GraphqlPeer & { token: string; tokenId: string }> {
    const made = await this.peer().query<{ createToken: { secret: string; token: { id: string } } }>(
      "mutation ($name: String!, $role: Role!) { createToken(input: { name: $name, role: $role }) { ... on CreateTokenSuccess { secret token { id } } } }",
      { name: `${role.toLowerCase()}-${Math.random().toString(36).slice(2)}`, role },
    );
    return Object.assign(this.peer(made.createToken.secret), { token: made.createToken.secret, tokenId: made.createToken.token.id });
  }

  /** Kills the embedded Postgres and keeps it from being started again, until `start`. */
  postgres(): { readonly stop: () => void; readonly start: () => void } {
    const folder = join(this.stateDir, "postgres");
    return {
      stop: () => {
        const file = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((path) => path.endsWith("postmaster.pid"));
        const pid = Number(readFileSync(join(folder, file ?? "postmaster.pid"), "utf8").split("\n")[0]);
        renameSync(folder, `${folder}.away`);
        process.kill(pid, "SIGKILL");
      },
      start: () => renameSync(`${folder}.away`, folder),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) await peer[Symbol.asyncDispose]();
    await this.stopServer().catch(() => undefined);
    await this.daemon[Symbol.asyncDispose]();
    rmSync(this.stateDir, { recursive: true, force: true });
  }

  #log(): Log {
    return {
      info: (message) => void this.logged.push({ level: "info", message }),
      warn: (message) => void this.logged.push({ level: "warn", message }),
      error: (message, error) => void this.logged.push({ level: "error", message, error }),
    };
  }
}

/** Waits for a condition with a deadline. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, deadlineMs = DEADLINE_MS): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Reads a subscription into a list, from now on. */
export function collect<T>(items: AsyncIterableIterator<T>): { readonly items: T[]; readonly failure: () => unknown; stop(): Promise<void> } {
  const seen: T[] = [];
  let failure: unknown;
  const reading = (async () => {
    try {
      for await (const item of items) seen.push(item);
    } catch (error) {
      failure = error;
    }
  })();
  return {
    items: seen,
    failure: () => failure,
    async stop() {
      await items.return?.();
      await reading;
    },
  };
}
