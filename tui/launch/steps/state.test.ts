// Laws of the state folders.
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../../test/support/temporary.js";
import { makeContext } from "../context.mjs";
import { prepareState, removeEmpty } from "./state.mjs";

const contextFor = (stateDir: string, uid: number) => makeContext({ QUETZAL_STATE_DIR: stateDir }, { uid, isTerminal: false, arguments: [] });

it("names a folder that cannot be made, even where the kernel denies its existence", () => {
  expect(() => prepareState(contextFor("/proc/nowhere", 1000))).toThrow(/\/proc\/nowhere cannot be written/);
});

it.each([0, 1000])("names the file that lies where the state folder shall be, to uid %i", (uid) => {
  const dir = temporaryFolder("everyone");
  try {
    const file = join(dir, "plain");
    writeFileSync(file, "mine");
    for (const wished of [file, join(file, "deep/state")]) expect(() => prepareState(contextFor(wished, uid))).toThrow(`${wished} cannot be written: ${file} is no folder.`);
    expect(readFileSync(file, "utf8")).toBe("mine");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("makes every folder, private to its user unless system users must look inside", () => {
  const dir = temporaryFolder();
  try {
    prepareState(contextFor(join(dir, "deep", "state"), 1000));
    expect(statSync(join(dir, "deep/state/run")).mode & 0o777).toBe(0o700);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("refuses a folder that is closed to system users before it makes anything", () => {
  const dir = temporaryFolder();
  try {
    expect(() => prepareState(contextFor(join(dir, "state"), 0))).toThrow(`The folder ${dir} is closed to the system users`);
    expect(() => statSync(join(dir, "state"))).toThrow();
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("leaves nothing empty behind of what a refused start made, and keeps what was there and what holds something", () => {
  const dir = temporaryFolder();
  try {
    const context = contextFor(join(dir, "deep", "state"), 1000);
    removeEmpty(prepareState(context));
    expect(readdirSync(dir)).toEqual([]);
    const made = prepareState(context);
    writeFileSync(join(context.paths.logsDir, "setup.log"), "");
    expect(prepareState(context)).toEqual([]);
    removeEmpty(made);
    expect(readdirSync(context.paths.stateDir)).toEqual(["logs"]);
    expect(existsSync(join(context.paths.logsDir, "setup.log"))).toBe(true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
