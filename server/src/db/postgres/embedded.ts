// The embedded Postgres: made on first start, started or adopted, started again when it was killed, stopped. It owns
// STATE/postgres and RUN/postgres, and knows nothing of what is stored inside.
//
//   nothing ──initdb──► stopped ⇄ running          kill -9 of the server leaves it running: the next start adopts it
import { execFile, spawn } from "node:child_process";
import { chmod, chown, mkdir, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { DatabaseAddress } from "../client.js";
import { DatabaseRefused } from "../errors.js";
import { copiedBinaries, packagedBinaries, type Binaries } from "./binaries.js";
import { chooseOwner, requireReachable, type Owner } from "./owner.js";
import { findPostmaster, isAlive, type Postmaster } from "./postmaster.js";
import { SOCKET_PATH_MAX_BYTES, SOCKET_PORT, initdbArguments, postgresArguments } from "./settings.js";

/** Superuser of the cluster; only its socket's owner can be it. */
const DATABASE_USER = "quetzal";
/** initdb makes this database; one of our own would be one more step that can be left half done. */
const DATABASE_NAME = "postgres";
/** Crash recovery replays at most max_wal_size; a slow disk needs its time. */
const START_TIMEOUT_MS = 60_000;
const INITDB_TIMEOUT_MS = 120_000;
/** A fast shutdown ends sessions and writes a checkpoint. */
const STOP_TIMEOUT_MS = 20_000;
const KILL_TIMEOUT_MS = 5_000;
const POLL_MS = 10;
/** A killed postmaster's children keep its shared memory for a moment, and a new one refuses to start until they are gone. */
const ORPHANS_GONE_TIMEOUT_MS = 10_000;
const ORPHANS_RETRY_MS = 200;
/** A log that grew above this is put aside as .1 at the next start. */
const LOG_MAX_BYTES = 8 * 1024 * 1024;
const LOG_TAIL_BYTES = 2_000;

export interface EmbeddedOptions {
  /** STATE: data goes to postgres/, the programs' copy to build/, the log to logs/postgres.log. */
  readonly stateDirectory: string;
  /** RUN: the socket goes to postgres/. */
  readonly runDirectory: string;
  /** Unprivileged user to run as when this process is root. */
  readonly user: string;
}

/** created: first start; started: from its data folder; adopted: it was running already. */
export type StartOutcome = "created" | "started" | "adopted";

export class EmbeddedPostgres {
  readonly address: DatabaseAddress;
  readonly outcome: StartOutcome;
  readonly #place: Place;
  #pid: number;

  private constructor(place: Place, pid: number, outcome: StartOutcome) {
    this.#place = place;
    this.#pid = pid;
    this.outcome = outcome;
    this.address = { kind: "socket", directory: place.socketDirectory, user: DATABASE_USER, database: DATABASE_NAME };
  }

  /** Makes the cluster if there is none, and starts it or adopts the running one. Throws DatabaseRefused with the mend. */
  static async start(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
    const place = await preparePlace(options);
    const running = await settle(place);
    if (running !== null) return new EmbeddedPostgres(place, running.pid, "adopted");
    const made = await ensureCluster(place);
    return new EmbeddedPostgres(place, await launch(place), made);
  }

  /** Of the postmaster. */
  get pid(): number {
    return this.#pid;
  }

  /** Starts it again if it was killed; cheap when it runs. */
  async ensureRunning(): Promise<void> {
    const running = await settle(this.#place);
    this.#pid = running?.pid ?? (await launch(this.#place));
  }

  /** Shuts it down, clients or not, and returns when it is gone. */
  async stop(): Promise<void> {
    const running = await findPostmaster(this.#place.dataDirectory);
    if (running !== null) await endPostmaster(running.pid);
  }
}

interface Place {
  readonly owner: Owner | null;
  readonly binaries: Binaries;
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly logPath: string;
}

/** Folders with their owner and mode, and the programs. */
async function preparePlace(options: EmbeddedOptions): Promise<Place> {
  const clusterDirectory = join(options.stateDirectory, "postgres");
  const owner = await chooseOwner(options.user, join(clusterDirectory, "data"));
  const socketDirectory = join(options.runDirectory, "postgres");
  const socketPath = join(socketDirectory, `.s.PGSQL.${SOCKET_PORT}`);
  if (Buffer.byteLength(socketPath) > SOCKET_PATH_MAX_BYTES) {
    throw new DatabaseRefused(`The socket ${socketPath} has a longer path than Linux allows (${SOCKET_PATH_MAX_BYTES} bytes): choose a shorter QUETZAL_STATE_DIR.`);
  }
  for (const directory of [clusterDirectory, socketDirectory]) {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o700);
    if (owner !== null) {
      await chown(directory, owner.uid, owner.gid);
      await requireReachable(directory, owner);
    }
  }
  const packaged = await packagedBinaries();
  const binaries = owner === null ? packaged : await copiedBinaries(packaged, join(options.stateDirectory, "build"));
  if (owner !== null) await requireReachable(binaries.directory, owner);
  // Postgres' working folder has no symbolic links in it, and it is known by that.
  const dataDirectory = join(await realpath(clusterDirectory), "data");
  return { owner, binaries, dataDirectory, socketDirectory, logPath: join(options.stateDirectory, "logs/postgres.log") };
}

/** Waits for a postmaster that is coming or going; null when none runs, and when one had to be stopped to move its socket. */
async function settle(place: Place): Promise<Postmaster | null> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const found = await findPostmaster(place.dataDirectory);
    if (found === null) return null;
    if (found.status === "ready" && found.socketDirectory === place.socketDirectory) return found;
    if (found.status === "ready") await endPostmaster(found.pid);
    if (Date.now() > deadline) throw new DatabaseRefused(`Postgres (pid ${found.pid}) is ${found.status} for over ${START_TIMEOUT_MS / 1000} s: see ${place.logPath}.`);
    await pause(POLL_MS);
  }
}

/** Makes the cluster beside its place and moves it there whole, so that an interrupted first start leaves none behind. */
async function ensureCluster(place: Place): Promise<StartOutcome> {
  const version = await readFile(join(place.dataDirectory, "PG_VERSION"), "utf8").catch(() => null);
  if (version !== null) {
    if (version.trim() === place.binaries.major) return "started";
    throw new DatabaseRefused(`The database in ${place.dataDirectory} was made by Postgres ${version.trim()}, and this version brings Postgres ${place.binaries.major}: install the version that made it, or dump and restore it.`);
  }
  const partial = `${place.dataDirectory}.new`;
  await rm(partial, { recursive: true, force: true });
  try {
    await promisify(execFile)(join(place.binaries.directory, "bin/initdb"), initdbArguments(partial, DATABASE_USER), {
      ...identity(place.owner), cwd: "/", env: postgresEnvironment(), timeout: INITDB_TIMEOUT_MS,
    });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim().split("\n").at(-1) : String(error);
    throw new DatabaseRefused(`Postgres could not make its database in ${place.dataDirectory}: ${said ?? "no reason given"}.`, { cause: error });
  }
  await rename(partial, place.dataDirectory);
  return "created";
}

async function launch(place: Place): Promise<number> {
  const deadline = Date.now() + ORPHANS_GONE_TIMEOUT_MS;
  for (;;) {
    const end = await launchOnce(place);
    if (typeof end === "number") return end;
    if (!/shared memory block|lock file .* already exists/.test(end.logTail) || Date.now() > deadline) {
      throw new DatabaseRefused(`Postgres did not start: ${lastComplaint(end.logTail)} (see ${place.logPath}).`);
    }
    await pause(ORPHANS_RETRY_MS);
  }
}

/** The pid of a Postgres that takes connections, or the last words of one that ended. */
async function launchOnce(place: Place): Promise<number | { logTail: string }> {
  await mkdir(dirname(place.logPath), { recursive: true });
  await putAsideLongLog(place.logPath);
  const log = await open(place.logPath, "a", 0o640);
  try {
    const before = (await log.stat()).size;
    const child = spawn(join(place.binaries.directory, "bin/postgres"), postgresArguments(place.dataDirectory, place.socketDirectory), {
      ...identity(place.owner), cwd: "/", env: postgresEnvironment(), detached: true, stdio: ["ignore", log.fd, log.fd],
    });
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", () => resolve(""));
    });
    child.unref();
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const end = await Promise.race([ended, pause(POLL_MS)]);
      if (end !== null) return { logTail: end === "" ? await readTail(place.logPath, before) : end };
      const found = await findPostmaster(place.dataDirectory);
      if (found?.pid === child.pid && found?.status === "ready") return found.pid;
    }
    if (child.pid !== undefined) await endPostmaster(child.pid);
    return { logTail: `it was not ready after ${START_TIMEOUT_MS / 1000} s` };
  } finally {
    await log.close();
  }
}

/** Fast shutdown, then without a checkpoint, then by force. */
async function endPostmaster(pid: number): Promise<void> {
  for (const [signal, timeoutMs] of [["SIGINT", STOP_TIMEOUT_MS], ["SIGQUIT", KILL_TIMEOUT_MS], ["SIGKILL", KILL_TIMEOUT_MS]] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      if (!(await isAlive(pid))) return;
      await pause(POLL_MS);
    }
  }
  throw new Error(`Postgres (pid ${pid}) does not end, not even by SIGKILL; its disk may hang.`);
}

function identity(owner: Owner | null): { uid: number; gid: number } | Record<string, never> {
  return owner === null ? {} : { uid: owner.uid, gid: owner.gid };
}

/** Nothing of ours: Postgres would take PG* variables for settings. */
function postgresEnvironment(): Record<string, string> {
  return { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}

async function putAsideLongLog(path: string): Promise<void> {
  const size = await stat(path).then((found) => found.size, () => 0);
  if (size > LOG_MAX_BYTES) await rename(path, `${path}.1`);
}

async function readTail(path: string, from: number): Promise<string> {
  const text = await readFile(path, "utf8");
  return text.slice(Math.max(from, text.length - LOG_TAIL_BYTES));
}

/** The last line that tells of a fault, without its time and pid. */
function lastComplaint(tail: string): string {
  const lines = tail.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const fault = lines.findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? lines.at(-1) ?? "it said nothing";
  return fault.replace(/^.*?(FATAL|PANIC|ERROR):\s*/, "");
}

function pause(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, ms, null));
}
