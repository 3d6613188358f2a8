// Laws of the initramfs writer, read back by the system's own cpio.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { archive, file, folder, link } from "./cpio.mjs";

const entries = [file("etc/rc", Buffer.from("#!/bin/sh\n"), 0o755), link("bin/sh", "/bin/busybox"), folder("tmp"), file("empty", Buffer.alloc(0), 0o644)];

it("writes an archive that cpio unpacks with its modes and links", () => {
  const dir = mkdtempSync(join(tmpdir(), "qz-"));
  try {
    execFileSync("cpio", ["--extract", "--quiet", "--make-directories"], { cwd: dir, input: archive(entries) });
    expect(readFileSync(join(dir, "etc/rc"), "utf8")).toBe("#!/bin/sh\n");
    expect(statSync(join(dir, "etc/rc")).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(dir, "bin/sh"))).toBe("/bin/busybox");
    expect(statSync(join(dir, "tmp")).isDirectory()).toBe(true);
    expect(statSync(join(dir, "empty")).size).toBe(0);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("gives the same bytes for the same entries in any order", () => {
  expect(archive([...entries].reverse())).toEqual(archive(entries));
});
