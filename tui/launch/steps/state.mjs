// Owns the folders of the state: there, writable, short enough for sockets and, for root, open to the system users
// that QEMU and Postgres run as. Checked first, since every later step writes there.
import { accessSync, constants, existsSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { LaunchFault } from "../fault.mjs";
import { socketPathFault } from "../paths.mjs";
import { writeFault } from "../writable.mjs";

/** @type {import("../step.mjs").Step} */
export const stateStep = {
  title: "State folders",
  // Cheap enough to be done anew at every start, which also notices a folder that was closed meanwhile.
  isDone: (context) => {
    prepareState(context);
    return true;
  },
  run: async () => undefined,
};

/**
 * @param {import("../context.mjs").Context} context
 * @returns {string[]} the folders that were not there, each before what lies in it
 */
export function prepareState({ paths, uid }) {
  const tooLong = socketPathFault(paths.runDir);
  if (tooLong) throw new LaunchFault(tooLong);
  // Before anything is made, so that a refusal leaves nothing behind.
  for (const dir of [paths.stateDir, paths.runDir]) checkWay(dir, uid);
  return [paths.stateDir, paths.runDir, paths.logsDir, paths.imagesDir, paths.buildDir].flatMap((dir) => makeWritable(dir, uid));
}

/** For a start that was refused: of what it made nothing empty stays. @param {string[]} made what prepareState answered */
export function removeEmpty(made) {
  for (const dir of made.toReversed()) {
    try {
      rmdirSync(dir);
    } catch {
      // It holds something by now (a log, another start's lock), and so do those around it.
    }
  }
}

/** @param {string} dir @param {number} uid @returns {string[]} the folders that were made */
function makeWritable(dir, uid) {
  try {
    // System users look up images and sockets below; secrets have folders of their own (0700).
    const made = makeFolders(dir, uid === 0 ? 0o755 : 0o700);
    accessSync(dir, constants.W_OK | constants.X_OK);
    return made;
  } catch (error) {
    throw writeFault("The state folder", dir, error, uid);
  }
}

/**
 * Level by level: Node's own recursive mkdir never returns where the kernel refuses new entries with ENOENT, as /proc does.
 *
 * @param {string} dir
 * @param {number} mode
 * @returns {string[]} the folders that were made, each before what lies in it
 */
function makeFolders(dir, mode) {
  if (existsSync(dir)) return [];
  const above = makeFolders(dirname(dir), mode);
  try {
    mkdirSync(dir, { mode });
    return [...above, dir];
  } catch (error) {
    // Another start made it first.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    return above;
  }
}

/** @param {string} dir @param {number} uid */
function checkWay(dir, uid) {
  for (let folder = dir; ; folder = dirname(folder)) {
    const stat = statOf(folder);
    if (stat && !stat.isDirectory()) throw writeFault("The state folder", dir, Object.assign(new Error("a file is in the way"), { code: "ENOTDIR" }));
    if (uid === 0 && stat && (stat.mode & 0o001) === 0) {
      throw new LaunchFault(`The folder ${folder} is closed to the system users that QEMU and Postgres run as.`, { mend: `chmod o+x ${folder}, or set QUETZAL_STATE_DIR to a folder outside it.` });
    }
    if (folder === dirname(folder)) return;
  }
}

/** @param {string} path */
function statOf(path) {
  try {
    return statSync(path);
  } catch {
    return undefined; // not there, or below a file: the folder above tells
  }
}
