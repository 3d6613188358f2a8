// A bench that is interrupted leaves nothing: no process, no folder.
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { eventually, isAlive } from "../support/process.js";
import { root } from "../support/stack.js";

/** What a shell shows for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qzb-"));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Living processes that this bench's folder is an argument or a variable of. */
function ours(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isAlive(Number(name))).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return `${line}${readFileSync(`/proc/${pid}/environ`, "utf8")}`.includes(folder) ? [`${pid} ${line}`] : [];
    } catch {
      return [];
    }
  });
}

it.each([["its own services come up", "qz-"], ["a QEMU of the peer's starts", "qzraw-"]])("ended by Ctrl-C while %s, it leaves neither process nor folder", async (_, prefix) => {
  const bench = spawn(process.execPath, ["--import", "tsx", "test/bench/main.ts", "lifecycle"], { cwd: root, env: { ...process.env, TMPDIR: folder }, stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => bench.once("close", resolve));
  await eventually(`a folder ${prefix}… of the bench`, () => readdirSync(folder).some((name) => name.startsWith(prefix)));
  bench.kill("SIGINT");
  expect(await ended).toBe(INTERRUPTED);
  await eventually("its processes to end", () => ours().length === 0, 5_000).catch(() => undefined);
  expect(ours()).toEqual([]);
  expect(readdirSync(folder).filter((name) => name.startsWith("qz"))).toEqual([]);
});
