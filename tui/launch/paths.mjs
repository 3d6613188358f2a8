// Owns where QuetzalCore keeps its files: state, run-time files, logs and images. Pure: it reads no environment and
// touches no disk, so that the launcher and the clients agree about every path.
import { isAbsolute, join, resolve } from "node:path";

/**
 * @typedef {object} Paths
 * @property {string} stateDir       everything that outlives a restart
 * @property {string} runDir         sockets and pid files; may vanish at a reboot, and at nothing else
 * @property {string} logsDir        one log a service, and setup.log
 * @property {string} imagesDir      guest images; a definition's boot paths are relative to it
 * @property {string} buildDir       stamps of finished set-up steps
 * @property {string} poolDir        the default pool of VM disks
 * @property {string} serverJson     {url, wsUrl, pid, version, startedAt} of the running server
 * @property {string} tokenFile      the local admin token, one line, mode 0600
 * @property {string} quetzaldSocket the daemon's gRPC socket
 * @property {string} quetzaldPid    the daemon's own pid file
 */

/**
 * The largest path of a unix socket, in bytes: sun_path is 108 with its closing zero (unix(7)).
 */
export const SOCKET_PATH_MAX_BYTES = 107;

/**
 * The longest name that the services put below the run folder: "/vms/", a VM id of 64 characters, "/ttyS0.sock".
 */
const LONGEST_SOCKET_BELOW_RUN_BYTES = "/vms/".length + 64 + "/ttyS0.sock".length;

/**
 * Room a run folder needs so that the control socket and the VMs of everyday names fit.
 */
const EVERYDAY_SOCKET_BELOW_RUN_BYTES = LONGEST_SOCKET_BELOW_RUN_BYTES - 40;

/**
 * Where the state of the user `uid` lives. `QUETZAL_STATE_DIR` wins; root uses the system folders; others use XDG.
 *
 * @param {Readonly<Record<string, string | undefined>>} env the process environment
 * @param {number} uid the effective user id; 0 is root
 * @returns {Paths}
 */
export function resolvePaths(env, uid) {
  const { stateDir, runDir } = resolveRoots(env, uid);
  return {
    stateDir,
    runDir,
    logsDir: join(stateDir, "logs"),
    imagesDir: join(stateDir, "images"),
    buildDir: join(stateDir, "build"),
    poolDir: join(stateDir, "pools", "default"),
    serverJson: join(runDir, "server.json"),
    tokenFile: join(stateDir, "server", "token"),
    quetzaldSocket: join(runDir, "quetzald.sock"),
    quetzaldPid: join(runDir, "quetzald.pid"),
  };
}

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {number} uid
 * @returns {{stateDir: string, runDir: string}}
 */
function resolveRoots(env, uid) {
  const override = env["QUETZAL_STATE_DIR"];
  if (override) {
    const stateDir = resolve(override);
    return { stateDir, runDir: join(stateDir, "run") };
  }
  if (uid === 0) return { stateDir: "/var/lib/quetzal", runDir: "/run/quetzal" };
  const home = env["HOME"] ?? "/";
  const stateDir = join(env["XDG_STATE_HOME"] || join(home, ".local", "state"), "quetzal");
  // Not XDG_RUNTIME_DIR: that one is taken away when the person logs out, and services and VMs run on.
  return { stateDir, runDir: join(stateDir, "run") };
}

/**
 * Why the wished state folder cannot be taken, or undefined when it can. A relative one would be another folder for
 * each place that a command is typed in: npm works in the clone, the client where the person is.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string | undefined}
 */
export function stateDirFault(env) {
  const wished = env["QUETZAL_STATE_DIR"];
  if (!wished || isAbsolute(wished)) return undefined;
  return `QUETZAL_STATE_DIR is ${JSON.stringify(wished)}, a relative path: give the whole path, beginning with "/".`;
}

/**
 * The folder for what may be thrown away and made again: images and build results of test runs.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string}
 */
export function resolveCacheDir(env) {
  return join(env["XDG_CACHE_HOME"] || join(env["HOME"] ?? "/", ".cache"), "quetzal");
}

/**
 * Why sockets would not fit below this run folder, or undefined when they do.
 *
 * @param {string} runDir
 * @returns {string | undefined}
 */
export function socketPathFault(runDir) {
  const room = SOCKET_PATH_MAX_BYTES - Buffer.byteLength(runDir);
  if (room >= EVERYDAY_SOCKET_BELOW_RUN_BYTES) return undefined;
  return `The run folder ${runDir} is too long for unix sockets (${SOCKET_PATH_MAX_BYTES} bytes at most, names included): set QUETZAL_STATE_DIR to a shorter path.`;
}
