// Laws of telling why something cannot be written.
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/support/temporary.js";
import { faultOfFile, writeFault } from "./writable.mjs";

let dir = "";
beforeEach(() => (dir = temporaryFolder()));
afterEach(() => rmSync(dir, { recursive: true }));

const refused = (code: string, path?: string): Error => Object.assign(new Error(`${code}: what the system says`), { code, path });
const told = (path: string, code: string, uid: number): string => writeFault("The state folder", path, refused(code), uid).describe();

describe("what cannot be written is named with the mend", () => {
  const elsewhere = "or set QUETZAL_STATE_DIR to a folder of yours.";

  it("where it belongs to somebody else", () => {
    const { uid } = statSync(dir);
    const owner = uid === 0 ? "root" : `uid ${uid}`;
    expect(told(dir, "EACCES", 4321)).toBe(`The state folder ${dir} cannot be written: it belongs to ${owner} and this is uid 4321.\nMend: go on as that user, ${elsewhere}`);
    expect(told(join(dir, "deep/state"), "EACCES", 4321)).toContain(`${join(dir, "deep/state")} cannot be written: ${dir} belongs to ${owner} and this is uid 4321.`);
  });

  it("where its owner has closed it", () => {
    expect(told(join(dir, "state"), "EACCES", statSync(dir).uid)).toContain(`${dir} is closed to its own user.\nMend: chmod u+rwX ${dir}, ${elsewhere}`);
  });

  it("where the file system is mounted read-only or is full", () => {
    expect(told(dir, "EROFS", 0)).toBe(`The state folder ${dir} cannot be written: its file system is mounted read-only.\nMend: mount it writable, ${elsewhere}`);
    expect(told(dir, "ENOSPC", 0)).toBe(`The state folder ${dir} cannot be written: its file system is full.\nMend: make room there, ${elsewhere}`);
  });

  it("where a file is in the way", () => {
    const file = join(dir, "plain");
    writeFileSync(file, "");
    expect(told(join(file, "state"), "ENOTDIR", 0)).toContain(`${file} is no folder.\nMend: move that away, ${elsewhere}`);
    expect(told(join(file, "state"), "EACCES", 4321)).toContain(`${file} is no folder.`);
    expect(told(file, "ENOTDIR", 0)).toContain(`${file} is no folder.`);
  });

  it("where the system says something else, in its words", () => {
    expect(told("/proc/nowhere", "ENOENT", 0)).toContain("/proc/nowhere cannot be written: ENOENT: what the system says.\nMend: give yourself the right to write there,");
  });
});

it("knows a system's error about a file from any other", () => {
  expect(faultOfFile(refused("EROFS", "/x/setup.log"))?.message).toBe("The file /x/setup.log cannot be written: its file system is mounted read-only.");
  for (const other of [refused("EACCES"), refused("ECONNREFUSED", "/x/sock"), new Error("no code"), "no error"]) expect(faultOfFile(other)).toBeUndefined();
});

it.runIf(process.getuid?.() === 0)("names the file that another user left in a folder of one's own", () => {
  const file = join(dir, "logs/setup.log");
  mkdirSync(join(dir, "logs"));
  writeFileSync(file, "theirs");
  chmodSync(file, 0o600);
  chownSync(file, 4321, 4321);
  expect(writeFault("The file", file, refused("EACCES"), 65_534).message).toBe(`The file ${file} cannot be written: it belongs to uid 4321 and this is uid 65534.`);
  expect(readFileSync(file, "utf8")).toBe("theirs");
});
