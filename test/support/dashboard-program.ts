// The recorded dashboard as one bundle: it starts in a quarter of the processor time that the TypeScript loader takes,
// and tests start dozens. Built once a process, gone with it.
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll } from "vitest";

const root = resolve(import.meta.dirname, "../..");

const folder = mkdtempSync(join(tmpdir(), "qz-dash-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let built: Promise<string> | undefined;

/** The program to start with Node: test/support/recorded-main.ts. */
export function dashboardProgram(): Promise<string> {
  return (built ??= bundle());
}

async function bundle(): Promise<string> {
  // What stays outside of the bundle is found as beside the sources.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  await build({
    entryPoints: { dashboard: join(root, "test/support/recorded-main.ts") },
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
  return join(folder, "dashboard.js");
}
