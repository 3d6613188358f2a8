// Laws of the state folders.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeContext } from "../context.mjs";
import { prepareState } from "./state.mjs";

const contextFor = (stateDir: string, uid: number) => makeContext({ QUETZAL_STATE_DIR: stateDir }, { uid, isTerminal: false, arguments: [] });

it("names a folder that cannot be made, even where the kernel denies its existence", () => {
  expect(() => prepareState(contextFor("/proc/nowhere", 1000))).toThrow(/\/proc\/nowhere cannot be written/);
});

it("makes every folder, private to its user unless system users must look inside", () => {
  const dir = mkdtempSync("/tmp/qz-");
  try {
    prepareState(contextFor(join(dir, "deep", "state"), 1000));
    expect(statSync(join(dir, "deep/state/run")).mode & 0o777).toBe(0o700);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("refuses a folder that is closed to system users before it makes anything", () => {
  const dir = mkdtempSync("/tmp/qz-");
  try {
    expect(() => prepareState(contextFor(join(dir, "state"), 0))).toThrow(`The folder ${dir} is closed to the system users`);
    expect(() => statSync(join(dir, "state"))).toThrow();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
