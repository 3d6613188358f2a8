// Owns which services there are: how the daemon and the server are started, when each is ready, and what makes a
// running one out of date. The order of the list is the order of starting.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { daemonBinary, serverBundle } from "../context.mjs";
import { LaunchFault } from "../fault.mjs";
import { DATABASE_USER, QEMU_USER } from "../steps/users.mjs";
import { proveDatabase } from "./database.mjs";
import { listenFault, wishedListen } from "./listen.mjs";
import { waitUntil } from "./process.mjs";
import { readRunning } from "./service.mjs";

/** @typedef {import("../context.mjs").Context} Context */
/** @typedef {import("./service.mjs").Service} Service */

export const DAEMON = "daemon";
export const SERVER = "server";
/** The daemon listens within 0.1 s; probing KVM and adopting many VMs on a busy machine takes a few seconds. */
const DAEMON_READY_MS = 30_000;
/** A first start makes the database and migrates it: 2 s, longer on a slow disk. */
const SERVER_READY_MS = 90_000;
/** Both end in well under a second; Postgres writes a checkpoint first. */
export const END_MS = 20_000;
/** The server tries a daemon that was started anew twice a second. */
const LINK_MS = 15_000;
/** Loopback answers at once or not at all. */
const ANSWER_TIMEOUT_MS = 1_000;
/** The variables that change what the server is; another value means another server. */
const SERVER_SETTINGS = ["QUETZAL_LISTEN", "QUETZAL_TLS_CERT", "QUETZAL_TLS_KEY", "DATABASE_URL", "QUETZAL_DB_USER"];

/** @param {Context} context @returns {Service[]} */
export const servicePlan = (context) => [daemonService(context), serverService(context)];

/** @param {Context} context @returns {Service} */
function daemonService(context) {
  const { paths, uid } = context;
  const program = daemonBinary(context);
  const asRoot = uid === 0 ? ["--vm-user", QEMU_USER] : [];
  const args = ["--state-dir", paths.stateDir, "--run-dir", paths.runDir, ...asRoot];
  return {
    name: DAEMON,
    program,
    arguments: args,
    env: context.env,
    cwd: "/",
    log: join(paths.logsDir, "quetzald.log"),
    build: digest([program, ...args, fileVersion(program)]),
    isReady: async (pid) => (readNumber(paths.quetzaldPid) ?? pid) === pid && (await accepts({ path: paths.quetzaldSocket })),
    readyDeadlineMs: DAEMON_READY_MS,
    endDeadlineMs: END_MS,
  };
}

/** @param {Context} context @returns {Service} */
function serverService(context) {
  const { paths } = context;
  const program = serverBundle(context);
  const env = {
    QUETZAL_DB_USER: DATABASE_USER,
    ...context.env,
    QUETZAL_LISTEN: wishedListen(context.env),
    NODE_ENV: "production",
    QUETZAL_STATE_DIR_RESOLVED: paths.stateDir,
    QUETZAL_RUN_DIR_RESOLVED: paths.runDir,
  };
  const command = { program: process.execPath, arguments: ["--enable-source-maps", program], env, cwd: context.repoDir };
  return {
    name: SERVER,
    ...command,
    log: join(paths.logsDir, "server.log"),
    build: digest([process.execPath, program, fileVersion(program), ...SERVER_SETTINGS.map((name) => env[/** @type {keyof typeof env} */ (name)] ?? "")]),
    prove: async () => {
      await proveListen(context);
      await proveDatabase(command);
    },
    isReady: async (pid) => {
      const server = readServer(paths.serverJson);
      return server?.pid === pid && (await answersWell(server.url, "/health"));
    },
    readyDeadlineMs: SERVER_READY_MS,
    endDeadlineMs: END_MS,
  };
}

/**
 * @param {string} path
 * @returns {{url: string, pid: number, version?: string, startedAt?: string} | undefined} what the running server wrote about itself
 */
export function readServer(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined; // not written yet, or removed by a clean end
  }
}

/**
 * @param {Context} context
 * @returns {{host: string, port: number} | undefined} where our own server listens; undefined when it does not run
 */
export function ownAddress({ paths }) {
  const server = readServer(paths.serverJson);
  if (server === undefined || readRunning(paths.runDir, SERVER)?.pid !== server.pid) return undefined;
  const { protocol, hostname, port } = new URL(server.url);
  // A URL leaves out the port that its protocol stands for.
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || (protocol === "https:" ? 443 : 80) };
}

/** @param {Context} context @returns {Promise<void>} rejects when no server could listen where it is wished */
export async function proveListen(context) {
  const fault = await listenFault(context.env, ownAddress(context));
  if (fault) throw fault;
}

/** @param {{path: string} | {host: string, port: number}} address @returns {Promise<boolean>} whether something listens there */
export function accepts(address) {
  return new Promise((resolve) => {
    const socket = connect({ ...address, timeout: ANSWER_TIMEOUT_MS });
    /** @param {boolean} answer */
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false)).once("timeout", () => end(false));
  });
}

/**
 * Waits until the running server has a daemon behind it: after either was started anew this takes a moment, in which
 * VMs are shown but refuse every verb.
 *
 * @param {Context} context
 * @param {string} again what to do once the cause is mended
 * @returns {Promise<void>}
 * @throws {LaunchFault} it came to nothing
 */
export async function waitForLink({ paths }, again) {
  const isLinked = async () => {
    const server = readServer(paths.serverJson);
    return server !== undefined && (await answersWell(server.url, "/ready"));
  };
  if (await waitUntil(isLinked, LINK_MS)) return;
  throw new LaunchFault(`The server did not reach the daemon within ${LINK_MS / 1000} s.`, { log: paths.logsDir, mend: `look into quetzald.log and server.log there, then ${again}` });
}

/** @param {string} url @param {string} path */
async function answersWell(url, path) {
  try {
    const answer = await fetch(new URL(path, url), { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

/** @param {string[]} parts */
const digest = (parts) => createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);

/** @param {string} path */
function fileVersion(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.size} ${stat.mtimeMs}` : "missing";
}

/** @param {string} path */
function readNumber(path) {
  try {
    return Number.parseInt(readFileSync(path, "utf8"), 10);
  } catch {
    return undefined;
  }
}
