// Laws of the cheap change check.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fingerprint, readStamp, writeStamp } from "./fingerprint.mjs";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "qz-"));
  mkdirSync(join(dir, "src"));
  writeFileSync(join(dir, "src", "a.ts"), "one");
});
afterEach(() => rmSync(dir, { recursive: true }));

it("stays the same while nothing changes", () => {
  expect(fingerprint([dir])).toBe(fingerprint([dir]));
});

it.each([
  ["a file grows", () => writeFileSync(join(dir, "src", "a.ts"), "one more")],
  ["a file is touched", () => utimesSync(join(dir, "src", "a.ts"), 1, 1)],
  ["a file is added", () => writeFileSync(join(dir, "src", "b.ts"), "")],
  ["a file is removed", () => rmSync(join(dir, "src", "a.ts"))],
])("changes when %s", (_what, change) => {
  const before = fingerprint([dir]);
  change();
  expect(fingerprint([dir])).not.toBe(before);
});

it("passes over what tools make and what is not source", () => {
  const before = fingerprint([dir], (path) => path.endsWith(".ts"));
  mkdirSync(join(dir, "target"));
  writeFileSync(join(dir, "target", "x.ts"), "");
  writeFileSync(join(dir, "src", "notes.md"), "");
  expect(fingerprint([dir], (path) => path.endsWith(".ts"))).toBe(before);
});

it("reads back a stamp, and nothing where there is none", () => {
  const path = join(dir, "deep", "stamp");
  expect(readStamp(path)).toBeUndefined();
  writeStamp(path, "abc");
  expect(readStamp(path)).toBe("abc");
});
