// Owns node_modules: exactly what package-lock.json says. npm keeps a lock of what it installed; comparing the two
// tells whether anything is to be done without starting npm.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setupLog } from "../context.mjs";
import { runLogged } from "../run.mjs";

/** @type {import("../step.mjs").Step} */
export const nodeModulesStep = {
  title: "npm packages",
  isDone: ({ repoDir }) => isInstalled(join(repoDir, "package-lock.json"), join(repoDir, "node_modules", ".package-lock.json")),
  async run(context, report) {
    await runLogged({
      title: "Installing npm packages",
      program: "npm",
      arguments: ["ci", "--no-audit", "--no-fund", "--loglevel=http"],
      cwd: context.repoDir,
      env: context.env,
      log: setupLog(context),
      mend: "check the network and npm's registry, then npm start again.",
      onLine: (line) => report(fetched(line)),
    });
  },
};

/** @param {string} wantedPath @param {string} installedPath */
function isInstalled(wantedPath, installedPath) {
  if (!existsSync(installedPath)) return false;
  const wanted = packagesOf(wantedPath);
  const installed = packagesOf(installedPath);
  // An optional package of another platform is rightly absent.
  return Object.entries(wanted).every(([path, entry]) => path === "" || (installed[path] ? installed[path].version === entry.version : entry.optional === true));
}

/** @param {string} path @returns {Record<string, {version?: string, optional?: boolean}>} */
function packagesOf(path) {
  return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
}

/** `npm http fetch GET 200 https://…/name.tgz 12ms` says more to npm than to a person. @param {string} line */
function fetched(line) {
  const name = /\/([^/]+)\.tgz/.exec(line)?.[1];
  return name ? `fetched ${name}` : line.replace(/^npm \w+ /, "");
}
