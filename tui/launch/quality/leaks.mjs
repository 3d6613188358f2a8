// Owns the last check of a test run: nothing of it may be left on the machine. Looks for processes that carry the run's
// mark, network interfaces and cgroups that were not there before, and sockets or state folders in its temporary folder.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { endProcess, identify, waitUntil } from "../services/process.mjs";

/** Every process of a run inherits this variable. */
export const RUN_MARK = "QUETZAL_TEST_RUN";
/** Processes that are on their way out may take this long. */
const GRACE_MS = 5_000;
/** cgroups of ours lie this deep at most: controller, quetzal, VM. */
const CGROUP_DEPTH = 3;

/** What our tests call their temporary folders, and what Rust's tempfile calls one that has no name. */
const FOLDER_OF_TEST = /^(qz|\.tmp)/;

/** @typedef {{interfaces: Set<string>, cgroups: Set<string>}} Before */

/** @returns {Before} */
export const lookBefore = () => ({ interfaces: new Set(interfaces()), cgroups: new Set(cgroups("/sys/fs/cgroup", CGROUP_DEPTH)) });

/**
 * @param {Before} before
 * @param {{mark: string, tempDir: string}} run
 * @returns {Promise<string[]>} a sentence for each thing left; processes among them have been ended
 */
export async function findLeaks(before, run) {
  await waitUntil(() => markedProcesses(run).length === 0, GRACE_MS);
  const processes = markedProcesses(run);
  const left = [
    ...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
    ...interfaces().filter((name) => !before.interfaces.has(name)).map((name) => `network interface ${name}`),
    ...cgroups("/sys/fs/cgroup", CGROUP_DEPTH).filter((path) => !before.cgroups.has(path)).map((path) => `cgroup ${path}`),
    ...leftFiles(run.tempDir),
  ];
  for (const { pid } of processes) {
    const id = identify(pid);
    if (id) await endProcess(id, GRACE_MS);
  }
  return left;
}

/** @param {{mark: string, tempDir: string}} run @returns {{pid: number, command: string}[]} */
function markedProcesses({ mark, tempDir }) {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    const pid = Number(name);
    if (pid === process.pid || !identify(pid)) return [];
    const command = readProc(pid, "cmdline").replaceAll("\0", " ").trim();
    const isOurs = command.includes(`${tempDir}/`) || readProc(pid, "environ").split("\0").includes(`${RUN_MARK}=${mark}`);
    return isOurs ? [{ pid, command }] : [];
  });
}

/** @param {number} pid @param {string} name */
function readProc(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return ""; // gone, or another user's
  }
}

const interfaces = () => readdirSync("/sys/class/net");

/** @param {string} dir @param {number} depth @returns {string[]} */
function cgroups(dir, depth) {
  if (depth === 0 || !existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap((entry) => {
    const path = join(dir, entry.name);
    return [...(entry.name.includes("quetzal") ? [path] : []), ...cgroups(path, depth - 1)];
  });
}

/** @param {string} dir @returns {string[]} */
function leftFiles(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isSocket()) return [`socket ${join(dir, entry.name)}`];
    return entry.isDirectory() && FOLDER_OF_TEST.test(entry.name) ? [`state folder ${join(dir, entry.name)}`] : [];
  });
}
