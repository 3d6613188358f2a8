import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.js";
import { describeRun, readCheckout, type RunFacts } from "./run-facts.js";

const FACTS: RunFacts = {
  begun: new Date("2026-11-24T01:02:03.456Z"), checkout: { commit: "0123456789abcdef0123456789abcdef01234567", date: "2026-11-23T12:00:00+00:00", changedFiles: 0 },
  cpuCount: 2, cpuModel: "AMD EPYC", memoryGibibytes: 23.46, load: 0.345, kernel: "6.18.1", node: "v20.20.0", qemu: "QEMU emulator version 7.2.22", libvirt: "libvirt: 9.0.0, with virt-top",
};

describe("describeRun", () => {
  it("names commit, date, host and peers", () => {
    expect(describeRun(FACTS)).toEqual([
      "run: 2026-11-24T01:02:03Z, commit 0123456789ab of 2026-11-23T12:00:00+00:00, tree clean",
      "host: 2 × AMD EPYC, 23.5 GiB, load 0.34, Linux 6.18.1, Node v20.20.0, QEMU emulator version 7.2.22",
      "libvirt: 9.0.0, with virt-top",
    ]);
  });

  it.each([[1, "tree dirty: 1 file changed"], [12, "tree dirty: 12 files changed"]])("says of %d changed files that the commit alone does not name the run", (changedFiles, words) => {
    expect(describeRun({ ...FACTS, checkout: { commit: "abc", date: "d", changedFiles } })[0]).toContain(words);
  });

  it("says that it does not know the commit", () => { expect(describeRun({ ...FACTS, checkout: null })[0]).toContain("unknown commit"); });
});

describe("readCheckout", () => {
  let folder: string;
  beforeEach(() => { folder = temporaryFolder(); });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const git = (...args: string[]): string => execFileSync("git", ["-C", folder, "-c", "user.name=b", "-c", "user.email=b@localhost", ...args], { encoding: "utf8" }).trim();

  it("is the commit, and counts what differs from it and what git does not know", () => {
    git("init", "-q");
    writeFileSync(join(folder, "a"), "1");
    git("add", "a");
    git("commit", "-q", "-m", "a");
    expect(readCheckout(folder)).toMatchObject({ commit: git("rev-parse", "HEAD"), changedFiles: 0 });
    writeFileSync(join(folder, "a"), "2");
    writeFileSync(join(folder, "b"), "1");
    expect(readCheckout(folder)?.changedFiles).toBe(2);
  });

  it("is unknown where nothing is checked out", () => {
    expect(readCheckout(folder)).toBeNull();
    git("init", "-q");
    expect(readCheckout(folder)).toBeNull();
  });
});
