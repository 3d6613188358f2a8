// For the tests that start programs of ours: the command line as it ships and the dashboard before a recorded server,
// bundled once a run into a folder of their own. Translated at each start they would take ten times as long to come up.
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import type { TestProject } from "vitest/node";

const root = resolve(import.meta.dirname, "../..");

/** Paths of what to start with Node. */
export interface Programs { readonly quetzal: string; readonly recordedDashboard: string }

declare module "vitest" {
  export interface ProvidedContext {
    programs: Programs;
  }
}

/** vitest's hook: builds them, and returns how to remove them. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "qz-programs-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    // What stays outside of the bundles is found as beside dist/.
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    await build({
      entryPoints: { quetzal: join(root, "tui/src/main.ts"), recorded: join(root, "test/support/recorded-main.ts") },
      outdir: folder,
      bundle: true,
      splitting: true,
      platform: "node",
      target: "node20",
      format: "esm",
      logLevel: "error",
      absWorkingDir: root,
      external: ["node-pty", "blessed", "blessed-contrib"],
      banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
    });
  } catch (error) {
    remove();
    throw error;
  }
  project.provide("programs", { quetzal: join(folder, "quetzal.js"), recordedDashboard: join(folder, "recorded.js") });
  return remove;
}
