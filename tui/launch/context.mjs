// Owns what every launcher command is told: whose state, which clone, which terminal. Built once in main.mjs, the only
// reader of the environment; nothing here starts or writes anything.
import { join, resolve } from "node:path";
import { resolveCacheDir, resolvePaths } from "./paths.mjs";

/**
 * @typedef {object} Context
 * @property {string} repoDir     the clone
 * @property {string} distDir     bundles
 * @property {string} targetDir   cargo's output folder
 * @property {string} cacheDir    what may be made again: images and builds of test runs
 * @property {import("./paths.mjs").Paths} paths
 * @property {Readonly<Record<string, string | undefined>>} env
 * @property {number} uid         0 is root
 * @property {boolean} isTerminal whether a person's terminal is on both ends, one that can be painted on
 * @property {string[]} arguments what follows the command's name
 */

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {{uid: number, isTerminal: boolean, arguments: string[]}} facts
 * @returns {Context}
 */
export function makeContext(env, facts) {
  const repoDir = resolve(import.meta.dirname, "../..");
  return {
    ...facts,
    repoDir,
    distDir: join(repoDir, "dist"),
    targetDir: resolve(env["CARGO_TARGET_DIR"] || join(repoDir, "hypervisor", "target")),
    cacheDir: resolveCacheDir(env),
    paths: resolvePaths(env, facts.uid),
    env,
  };
}

/** @param {Context} context @returns {string} the daemon's release binary */
export const daemonBinary = (context) => join(context.targetDir, "release", "quetzald");

/** @param {Context} context @returns {string} the client's bundle */
export const clientBundle = (context) => join(context.distDir, "quetzal.js");

/** @param {Context} context @returns {string} the server's bundle */
export const serverBundle = (context) => join(context.distDir, "server.js");

/** @param {Context} context @returns {string} the log of every set-up step */
export const setupLog = (context) => join(context.paths.logsDir, "setup.log");
