// Laws of the system's packages, with a machine made of scripts: which programs it has, and an apt-get that notes how it
// was called. No package is installed.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { daemonBinary, makeContext, setupLog, type Context } from "../context.mjs";
import type { LaunchFault } from "../fault.mjs";
import { runSteps } from "../step.mjs";
import { packagesStep, SYSTEM_NEEDS } from "./packages.mjs";

/** The program that the machine of scripts lacks: no folder of root's holds it on a real one. */
const QEMU = "qemu-system-x86_64";
/** The backports' suffix stands where this machine uses them. */
const QEMU_PACKAGE = String.raw`qemu-system-x86(?:/bookworm-backports)?`;

let folder: string;
let programs: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qz-"));
  programs = join(folder, "bin");
  mkdirSync(programs);
  for (const { program } of SYSTEM_NEEDS) if (program !== QEMU) install(program, "exit 0");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function install(name: string, script: string): void {
  writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(programs, name), 0o755);
}

/** Somebody on the machine of scripts, with a daemon that is built already, so that Rust is nobody's matter. */
function somebody(uid: number): Context {
  const env = { PATH: programs, QUETZAL_STATE_DIR: join(folder, "state"), CARGO_TARGET_DIR: join(folder, "target") };
  const context = makeContext(env, { uid, isTerminal: false, arguments: [] });
  mkdirSync(join(folder, "target/release"), { recursive: true });
  writeFileSync(daemonBinary(context), "");
  return context;
}

const root = (): Context => somebody(0);
/** How apt-get was called, one call a line. */
const calls = (): string => readFileSync(join(folder, "calls"), "utf8");
const installApt = (rest: string): void => install("apt-get", `echo "$DEBIAN_FRONTEND: $*" >> '${join(folder, "calls")}'\n${rest}`);
async function faultOf(context: Context): Promise<string> {
  const fault = await runSteps(context, [packagesStep]).then(() => undefined, (error: unknown) => error as LaunchFault);
  return fault?.describe() ?? "";
}

describe("packagesStep", () => {
  it("has root's apt-get install just what is missing, and asks nothing", async () => {
    installApt("");
    const said: string[] = [];
    expect(packagesStep.isDone(root())).toBe(false);
    expect(await packagesStep.run(root(), (detail) => said.push(detail))).toBe("qemu-system-x86");
    expect(calls()).toMatch(new RegExp(`^noninteractive: update -q\nnoninteractive: install -y --no-install-recommends ${QEMU_PACKAGE}\n$`));
  });

  it("prints the one command to anybody else, and runs nothing", async () => {
    installApt("");
    const text = await faultOf(somebody(1000));
    expect(text).toMatch(/^Missing on this machine: qemu-system-x86\.$/m);
    expect(text).toMatch(new RegExp(`^ {4}sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends ${QEMU_PACKAGE}'$`, "m"));
    expect(existsSync(join(folder, "calls"))).toBe(false);
  });

  it("prints the command without sudo to root where there is no apt-get", async () => {
    expect(await faultOf(root())).toMatch(/^ {4}sh -c 'apt-get update /m);
  });

  it("names itself, apt's last words, the log and the mend when apt fails", async () => {
    installApt(`case $1 in install) echo "E: Unable to fetch some archives" >&2; exit 100 ;; esac`);
    const text = await faultOf(root());
    expect(text).toContain("Installing system packages failed: apt-get exited 100.");
    expect(text).toContain("E: Unable to fetch some archives");
    expect(text).toContain(`Log: ${setupLog(root())}`);
    expect(text).toMatch(/^Mend: see the log, mend apt, then try again; by hand it is: sh -c 'apt-get update/m);
  });

  it("is gone on from by the next start once the person has mended it", async () => {
    expect(await faultOf(somebody(1000))).not.toBe("");
    install(QEMU, "exit 0");
    expect(packagesStep.isDone(somebody(1000))).toBe(true);
    expect(await faultOf(somebody(1000))).toBe("");
  });
});
