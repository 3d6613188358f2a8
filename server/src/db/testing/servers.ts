// For the database tests: real Postgres servers for one test run. The embedded one always; beside it Debian's, and the
// one of DATABASE_URL, where there are such. Everything lies in a folder of its own and is gone afterwards.
import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import type { DatabaseAddress } from "../client.js";
import { EmbeddedPostgres } from "../postgres/embedded.js";
import { chooseOwner, type Owner } from "../postgres/owner.js";
import { findPostmaster } from "../postgres/postmaster.js";
import { externalDatabaseUrl } from "./config.js";

export interface TestServer {
  /** For the names of tests. */
  readonly name: string;
  readonly address: DatabaseAddress;
}

declare module "vitest" {
  export interface ProvidedContext {
    postgresServers: TestServer[];
  }
}

const DEBIAN_ROOT = "/usr/lib/postgresql";
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 20;
/** Short, for the socket's path. */
const FOLDER_PREFIX = "/tmp/qz-db-";

/** vitest's hook of the "db" project: starts the servers, and returns how to end them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(FOLDER_PREFIX);
  await chmod(folder, 0o755);
  const ends: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const end = async (): Promise<void> => {
    for (const step of ends.reverse()) await step();
  };
  try {
    const embedded = await EmbeddedPostgres.start({ stateDirectory: join(folder, "e"), runDirectory: join(folder, "e/run"), user: "quetzal-db" });
    ends.push(() => embedded.stop());
    const servers: TestServer[] = [{ name: "embedded", address: embedded.address }];
    const debian = await startDebianPostgres(join(folder, "d"), ends);
    if (debian === null) console.warn("Tests on Debian's Postgres are left out: install postgresql to have them.");
    else servers.push(debian);
    const url = externalDatabaseUrl();
    if (url !== null) servers.push({ name: "DATABASE_URL", address: { kind: "url", url } });
    project.provide("postgresServers", servers);
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

/** A private cluster of the newest Postgres that the system has; null when it has none. */
async function startDebianPostgres(folder: string, ends: (() => Promise<void>)[]): Promise<TestServer | null> {
  const versions = existsSync(DEBIAN_ROOT) ? readdirSync(DEBIAN_ROOT).filter((version) => existsSync(join(DEBIAN_ROOT, version, "bin/initdb"))) : [];
  const version = versions.sort((a, b) => Number(a) - Number(b)).at(-1);
  if (version === undefined) return null;
  const bin = join(DEBIAN_ROOT, version, "bin");
  const owner = await chooseOwner("postgres");
  await mkdir(folder, { mode: 0o755 });
  if (owner !== null) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  const who: Partial<Owner> = owner === null ? {} : { uid: owner.uid, gid: owner.gid };
  await promisify(execFile)(join(bin, "initdb"), ["-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], { ...who, cwd: "/" });
  const settings = ["-c", "listen_addresses=", "-c", `unix_socket_directories=${folder}`, "-c", "fsync=off"];
  const child = spawn(join(bin, "postgres"), ["-D", data, ...settings], { ...who, cwd: "/", stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  ends.push(async () => {
    child.kill("SIGINT");
    await exited;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while ((await findPostmaster(data))?.status !== "ready") {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Debian's Postgres in ${folder} did not start.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { name: `Debian's ${version}`, address: { kind: "url", url: `postgresql://tester@localhost/postgres?host=${encodeURIComponent(folder)}` } };
}
