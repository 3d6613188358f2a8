// Laws of building the guest image where Debian's package lists are empty, with an apt made of scripts. Nothing is fetched.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeContext, type Context } from "../context.mjs";
import type { LaunchFault } from "../fault.mjs";
import { guestImageStep } from "./guest-image.mjs";

let folder: string;
let programs: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qz-"));
  programs = join(folder, "bin");
  mkdirSync(programs);
  // What asks for packages is a child of ours and finds its programs as we do.
  vi.stubEnv("PATH", programs);
  for (const name of ["apt-get", "apt-cache"]) install(name, `echo "${name} $*" >> '${join(folder, "calls")}'`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function install(name: string, script: string): void {
  writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(programs, name), 0o755);
}
const calls = (): string[] => readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n").map((line) => line.split(" ").slice(0, 2).join(" "));
function somebody(uid: number): Context {
  return makeContext({ PATH: programs, QUETZAL_STATE_DIR: join(folder, "state") }, { uid, isTerminal: false, arguments: [] });
}
async function fault(context: Context): Promise<string> {
  return Promise.resolve(guestImageStep.run(context, () => undefined)).then(() => "", (error: unknown) => (error as LaunchFault).describe());
}

it("renews root's lists once, and tells what is still missing", async () => {
  expect(await fault(somebody(0))).toContain("Debian's package list does not say what");
  expect(calls()).toEqual(["apt-cache show", "apt-get update", "apt-cache show"]);
});

it("leaves them alone for anybody else, who is told what to run", async () => {
  expect(await fault(somebody(1000))).toContain("Run 'apt-get update' as root, then again.");
  expect(calls()).toEqual(["apt-cache show"]);
});

it("names the lists that could not be renewed", async () => {
  install("apt-get", "echo 'E: no route to the archive' >&2; exit 100");
  expect(await fault(somebody(0))).toMatch(/^Renewing the package lists[^]*no route to the archive[^]*mend apt/);
});
