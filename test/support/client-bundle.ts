// The command line as it ships, one bundle, built into a folder of its own: what contract tests and stories start.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "../..");

/** A one-shot command is done in a second; this ends one that hangs. */
const RUN_TIMEOUT_MS = 30_000;

export interface Ran { readonly code: number; readonly out: string; readonly err: string }

export class ClientBundle implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "qz-"));
  /** The program to start with Node. */
  readonly path = join(this.folder, "quetzal.js");

  static async build(): Promise<ClientBundle> {
    const bundle = new ClientBundle();
    // What stays outside of the bundle is found as beside dist/.
    symlinkSync(join(root, "node_modules"), join(bundle.folder, "node_modules"));
    await build({
      entryPoints: { quetzal: join(root, "tui/src/main.ts") },
      outdir: bundle.folder,
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
    return bundle;
  }

  /** Runs `quetzal ARGS…` to its end, `input` on its standard input. */
  run(args: readonly string[], env: NodeJS.ProcessEnv, input = ""): Promise<Ran> {
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [this.path, ...args], { env, timeout: RUN_TIMEOUT_MS }, (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }));
      child.stdin?.on("error", () => undefined).end(input);
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
