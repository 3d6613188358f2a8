// What bundling leaves behind: the bundles, and no process that holds memory beside the dashboard.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { eventually } from "../../../test/support/process.js";
import { temporaryFolder } from "../../../test/support/temporary.js";
import { clientBundle, makeContext, serverBundle } from "../context.mjs";
import { bundlesStep } from "./bundles.mjs";

/** Command lines of this process's children. */
function children(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const [, parent] = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
      return Number(parent) === process.pid ? [readFileSync(`/proc/${pid}/cmdline`, "latin1")] : [];
    } catch {
      return []; // gone meanwhile
    }
  });
}
const bundlers = (): string[] => children().filter((line) => line.includes("esbuild"));

it.each([["sound", "export {};", true], ["broken", "export {", false]])("ends the bundler after a %s source", async (_, source, isSound) => {
  const folder = temporaryFolder();
  try {
    const repoDir = join(folder, "clone");
    for (const tier of ["tui", "server"]) {
      mkdirSync(join(repoDir, tier, "src"), { recursive: true });
      writeFileSync(join(repoDir, tier, "src/main.ts"), source);
    }
    const context = { ...makeContext({ QUETZAL_STATE_DIR: folder }, { uid: 1000, isTerminal: false, arguments: [] }), repoDir, distDir: join(folder, "dist") };
    const ran = Promise.resolve(bundlesStep.run(context, () => undefined));
    if (isSound) await ran;
    else await expect(ran).rejects.toThrow(/^Bundling failed: /);
    expect([clientBundle(context), serverBundle(context)].map((path) => existsSync(path))).toEqual([isSound, isSound]);
    await eventually("the bundler to end", () => bundlers().length === 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
