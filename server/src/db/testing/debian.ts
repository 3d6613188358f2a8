// A private cluster of the newest Postgres that Debian has installed, in a folder of its own: what DATABASE_URL points to
// in tests, and what they may stop and start under a running server.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { chooseOwner, type Owner } from "../postgres/owner.js";
import { findPostmaster } from "../postgres/postmaster.js";

const DEBIAN_ROOT = "/usr/lib/postgresql";
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 20;

export class DebianPostgres implements AsyncDisposable {
  #running: { readonly child: ChildProcess; readonly exited: Promise<void> } | undefined;

  private constructor(readonly version: string, private readonly folder: string, private readonly who: Partial<Owner>) {}

  /** The newest version that is installed; null without any. */
  static installed(): string | null {
    const versions = existsSync(DEBIAN_ROOT) ? readdirSync(DEBIAN_ROOT).filter((version) => existsSync(join(DEBIAN_ROOT, version, "bin/initdb"))) : [];
    return versions.sort((a, b) => Number(a) - Number(b)).at(-1) ?? null;
  }

  /** Makes the folder (short, for the socket's path) and a cluster in it, and starts it; null where none is installed. */
  static async create(folder: string): Promise<DebianPostgres | null> {
    const version = DebianPostgres.installed();
    if (version === null) return null;
    const owner = await chooseOwner("postgres");
    await mkdir(folder, { mode: 0o755 });
    if (owner !== null) await chown(folder, owner.uid, owner.gid);
    const cluster = new DebianPostgres(version, folder, owner === null ? {} : { uid: owner.uid, gid: owner.gid });
    const settings = ["-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
    await promisify(execFile)(cluster.#program("initdb"), ["-D", cluster.#data, ...settings], { ...cluster.who, cwd: "/" });
    await cluster.start();
    return cluster;
  }

  get url(): string {
    return `postgresql://tester@localhost/postgres?host=${encodeURIComponent(this.folder)}`;
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const settings = ["-c", "listen_addresses=", "-c", `unix_socket_directories=${this.folder}`, "-c", "fsync=off"];
    const child = spawn(this.#program("postgres"), ["-D", this.#data, ...settings], { ...this.who, cwd: "/", stdio: "ignore" });
    this.#running = { child, exited: new Promise<void>((resolve) => child.once("exit", () => resolve())) };
    const deadline = Date.now() + START_TIMEOUT_MS;
    while ((await findPostmaster(this.#data))?.status !== "ready") {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Debian's Postgres in ${this.folder} did not start.`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Cuts every session and ends it. */
  async stop(): Promise<void> {
    this.#running?.child.kill("SIGINT");
    await this.#running?.exited;
    this.#running = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #data(): string {
    return join(this.folder, "data");
  }

  #program(name: string): string {
    return join(DEBIAN_ROOT, this.version, "bin", name);
  }
}
