// Laws of the launcher's command line, run as npm runs it; none of these calls starts or changes anything.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

let stateDir: string;
beforeEach(() => { stateDir = join(mkdtempSync(join(tmpdir(), "qz-")), "state"); });
afterEach(() => { rmSync(join(stateDir, ".."), { recursive: true, force: true }); });

function launcher(words: readonly string[], wished = stateDir): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "main.mjs"), ...words], { encoding: "utf8", cwd: join(stateDir, ".."), env: { ...process.env, QUETZAL_STATE_DIR: wished } });
  return { status, stderr };
}

it.each([["start", "npm start"], ["status", "npm run status"], ["doctor", "npm run doctor"]])("%s refuses a word that it does not know", (name, typed) => {
  expect(launcher([name, "--bogus"])).toEqual({ status: 2, stderr: `${typed} does not know "--bogus": it takes no arguments.\n` });
  expect(existsSync(stateDir)).toBe(false);
});

it.each(["start", "stop", "status"])("%s refuses a relative state folder in one sentence", (name) => {
  const ran = launcher([name], "state");
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(/^QUETZAL_STATE_DIR is "state", a relative path: .*\n$/);
  expect(existsSync(stateDir)).toBe(false);
});

it("doctor names what is missing with the line that mends it, Rust and a mistyped address too", () => {
  const env = { PATH: "/nonexistent", QUETZAL_STATE_DIR: stateDir, CARGO_TARGET_DIR: join(stateDir, "target"), QUETZAL_LISTEN: "foo" };
  const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, "main.mjs"), "doctor"], { encoding: "utf8", env });
  expect(status).toBe(1);
  expect(stdout).toMatch(/✗ cargo +Rust's cargo is not on the PATH\.\n +→ install a current Rust with rustup/);
  expect(stdout).toMatch(/✗ port +QUETZAL_LISTEN is "foo", .*\n +→ write it like 127\.0\.0\.1:4560\./);
});

it("says nothing to a reader that is gone, and keeps its exit code", () => {
  // The reader leaves before Node has so much as started.
  const line = `"${process.execPath}" "${join(import.meta.dirname, "main.mjs")}" status | true; exit "\${PIPESTATUS[0]}"`;
  const { status, stderr } = spawnSync("bash", ["-c", line], { encoding: "utf8", env: { ...process.env, QUETZAL_STATE_DIR: stateDir } });
  expect({ status, stderr }).toEqual({ status: 3, stderr: "" });
});

it("stop with nothing running says so, made folders or not, and leaves no lock", () => {
  const nothing = { status: 0, stderr: "Nothing runs: there is nothing to stop.\n" };
  expect(launcher(["stop"])).toEqual(nothing);
  mkdirSync(join(stateDir, "run"), { recursive: true });
  expect(launcher(["stop"])).toEqual(nothing);
  expect(launcher(["stop", "--vms"])).toEqual(nothing);
  expect(readdirSync(join(stateDir, "run"))).toEqual([]);
});
