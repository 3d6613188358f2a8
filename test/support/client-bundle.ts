// The command line as it ships, one bundle, built into a folder of its own: what contract tests and stories start.
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "../..");

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

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
