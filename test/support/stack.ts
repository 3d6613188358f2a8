// A whole private QuetzalCore (quetzald, server, embedded Postgres) in a state folder of its own, for stories and benches.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { removeControlGroups } from "./control-groups.js";
import { seedDatabase } from "./database-seed.js";
import { connect, type GraphqlPeer } from "./graphql.js";
import type { User } from "./ordinary-user.js";
import { eventually, isAlive, type Service, startService } from "./process.js";

export const root = resolve(import.meta.dirname, "../..");
export const cliPath = join(root, "dist/quetzal.js");
export const serverPath = join(root, "dist/server.js");
export const daemonPath = join(process.env["CARGO_TARGET_DIR"] ?? join(root, "hypervisor/target"), "release/quetzald");

/** Where set-up keeps the bootable test guest between runs. */
export function guestImagesDir(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return process.env["QUETZAL_TEST_IMAGES"] ?? join(cache, "quetzal/images");
}

export interface StackOptions {
  readonly databaseUrl?: string;
  readonly daemonArgs?: readonly string[];
  /** A command that the daemon is started through, e.g. one that gives it a namespace of its own. */
  readonly daemonWrapper?: readonly string[];
  /** Whom everything runs as and whose the state folder is; ourselves unless said. */
  readonly user?: User | undefined;
}
export interface GrantedPeer extends GraphqlPeer { readonly token: string; readonly tokenId: string; readonly tokenName: string }

export class Stack implements AsyncDisposable {
  /** Those that run: whoever is interrupted ends them. */
  static readonly open = new Set<Stack>();
  readonly stateDir: string;
  readonly runDir: string;
  daemon: Service | undefined;
  server: Service | undefined;
  #peer: GraphqlPeer | undefined;
  readonly #others: GraphqlPeer[] = [];
  #daemonPath = daemonPath;
  #isOver = false;

  constructor(private readonly options: StackOptions = {}) {
    for (const path of [daemonPath, serverPath, cliPath]) {
      if (!existsSync(path)) throw new Error(`${path} is missing: run 'npm test' or 'npm start' once, which build it`);
    }
    // Short, because a unix socket's path must stay below 107 bytes; open, because QEMU and Postgres run as other users.
    this.stateDir = mkdtempSync(join(tmpdir(), "qz-"));
    Stack.open.add(this);
    chmodSync(this.stateDir, 0o755);
    this.runDir = join(this.stateDir, "run");
    mkdirSync(join(this.stateDir, "logs"), { recursive: true });
    mkdirSync(this.runDir, { recursive: true });
    // Copied, not linked: the cache lies in a home folder that the unprivileged QEMU user cannot enter.
    if (existsSync(guestImagesDir())) cpSync(guestImagesDir(), join(this.stateDir, "images"), { recursive: true });
    if (options.user !== undefined) this.#giveTo(options.user);
    else if (options.databaseUrl === undefined) seedDatabase(this.stateDir);
  }

  /** The state folder becomes the user's and nobody else's; the daemon's binary, often built in root's home, goes along. */
  #giveTo({ uid, gid }: User): void {
    this.#daemonPath = join(this.stateDir, "quetzald");
    copyFileSync(daemonPath, this.#daemonPath);
    chmodSync(this.stateDir, 0o700);
    execFileSync("chown", ["-R", `${uid}:${gid}`, this.stateDir]);
  }

  static async start(options: StackOptions = {}): Promise<Stack> {
    const stack = new Stack(options);
    try {
      await stack.startDaemon();
      await stack.startServer();
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  async startDaemon(): Promise<void> {
    this.#mustBeOpen();
    const socket = join(this.runDir, "quetzald.sock");
    rmSync(socket, { force: true });
    const [wrapper, ...words] = this.options.daemonWrapper ?? [];
    const [command, before] = wrapper === undefined ? [this.#daemonPath, []] : [wrapper, [...words, this.#daemonPath]];
    this.daemon = startService(command, [...before, "--state-dir", this.stateDir, "--run-dir", this.runDir, ...(this.options.daemonArgs ?? [])], { log: this.log("quetzald"), user: this.options.user });
    const { pid } = this.daemon;
    await eventually("quetzald's socket", () => { this.mustLive(pid, "quetzald"); return existsSync(socket); });
  }

  /** Ends the daemon, starts another, and waits until the server has heard from that one; `meanwhile` runs without one. */
  async restartDaemon(signal: NodeJS.Signals, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const look = async (): Promise<{ connected: boolean; connectedSince: string } | undefined> =>
      (await this.api.query<{ hosts: { connected: boolean; connectedSince: string }[] }>("{ hosts { connected connectedSince } }")).hosts[0];
    const before = await look();
    await this.daemon?.end(signal);
    await meanwhile();
    await this.startDaemon();
    await eventually("the server to reach the new daemon", async () => {
      const now = await look();
      return now?.connected === true && now.connectedSince !== before?.connectedSince;
    });
  }

  async startServer(): Promise<void> {
    this.#mustBeOpen();
    const file = join(this.runDir, "server.json");
    rmSync(file, { force: true });
    this.server = startService(process.execPath, [serverPath], {
      log: this.log("server"),
      user: this.options.user,
      env: {
        QUETZAL_STATE_DIR_RESOLVED: this.stateDir,
        QUETZAL_RUN_DIR_RESOLVED: this.runDir,
        QUETZAL_LISTEN: "127.0.0.1:0",
        NODE_ENV: "production", // As the launcher starts it.
        ...(this.options.databaseUrl === undefined ? {} : { DATABASE_URL: this.options.databaseUrl }),
      },
    });
    const { pid } = this.server;
    await eventually("the server's address", () => { this.mustLive(pid, "server"); return existsSync(file); });
    await this.#peer?.[Symbol.asyncDispose]();
    this.#peer = connect(this.url, this.token);
    await eventually("the host", async () => (await this.api.query<{ hosts: { connected: boolean }[] }>("{ hosts { connected } }")).hosts[0]?.connected);
  }

  get url(): string {
    return (JSON.parse(readFileSync(join(this.runDir, "server.json"), "utf8")) as { url: string }).url;
  }
  get token(): string {
    return readFileSync(join(this.stateDir, "server/token"), "utf8").trim();
  }
  get api(): GraphqlPeer {
    if (this.#peer === undefined) throw new Error("the server is not started");
    return this.#peer;
  }
  /** A client with this token. */
  peer(token: string): GraphqlPeer {
    const peer = connect(this.url, token);
    this.#others.push(peer);
    return peer;
  }
  /** A client with a fresh token of this role. */
  async peerAs(role: "VIEWER" | "OPERATOR" | "ADMIN", expiresAt: Date | null = null): Promise<GrantedPeer> {
    const tokenName = `${role.toLowerCase()}-${randomUUID().slice(0, 8)}`;
    const { createToken } = await this.api.query<{ createToken: { secret: string; token: { id: string } } }>(
      "mutation ($input: CreateTokenInput!) { createToken(input: $input) { ... on Error { message } ... on CreateTokenSuccess { secret token { id } } } }",
      { input: { name: tokenName, role, expiresAt } },
    );
    return Object.assign(this.peer(createToken.secret), { token: createToken.secret, tokenId: createToken.token.id, tokenName });
  }
  /** Environment for `quetzal` that reaches this stack. */
  get clientEnv(): NodeJS.ProcessEnv {
    return { ...process.env, QUETZAL_STATE_DIR: this.stateDir };
  }
  log(name: string): string {
    return join(this.stateDir, "logs", `${name}.log`);
  }

  /** Pids of the living QEMU processes of this stack, by VM id, from the daemon's run records. */
  qemuPids(): Map<string, number> {
    const folder = join(this.stateDir, "hypervisor/vms");
    const found = new Map<string, number>();
    for (const id of existsSync(folder) ? readdirSync(folder) : []) {
      const record = join(folder, id, "run.json");
      if (!existsSync(record)) continue;
      const { pid } = JSON.parse(readFileSync(record, "utf8")) as { pid: number };
      if (isAlive(pid) && readCommandLine(pid).includes("qemu")) found.set(id, pid);
    }
    return found;
  }

  /** Who is interrupted ends it in the midst of its start: what would come up then, nobody would end. */
  #mustBeOpen(): void {
    if (this.#isOver) throw new Error("the stack is being ended");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const peer of [this.#peer, ...this.#others]) await peer?.[Symbol.asyncDispose]();
    await this.server?.end();
    await this.daemon?.end();
    const pids = [...this.qemuPids().values(), ...this.postgresPids()];
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await eventually("the stack's processes to end", () => pids.every((pid) => !isAlive(pid)));
    await eventually("the stack's control groups to go", () => removeControlGroups(this.stateDir));
    if (process.env["QUETZAL_TEST_KEEP"] !== "1") rmSync(this.stateDir, { recursive: true, force: true });
    Stack.open.delete(this);
  }

  /** Pids of the embedded Postgres. */
  postgresPids(): number[] {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number)
      .filter((pid) => { const line = readCommandLine(pid); return line.includes("postgres") && line.includes(this.stateDir) && isAlive(pid); });
  }

  private mustLive(pid: number, name: string): void {
    if (isAlive(pid)) return;
    throw new Error(`${name} ended at its start: ${readFileSync(this.log(name), "utf8").slice(-2000)}`);
  }
}

function readCommandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
