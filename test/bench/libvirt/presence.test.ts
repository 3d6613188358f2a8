import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeLibvirt, findLibvirt } from "./presence.js";

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), "qz-path-")); });
afterEach(() => { rmSync(folder, { recursive: true }); });

function program(name: string, mode = 0o755): string {
  const file = join(folder, name);
  writeFileSync(file, "#!/bin/sh\necho 9.9.9\n");
  chmodSync(file, mode);
  return file;
}

describe("findLibvirt", () => {
  it("needs the daemon and virsh", () => {
    expect(findLibvirt(folder, [])).toBeUndefined();
    program("virsh");
    expect(findLibvirt(folder, [])).toBeUndefined();
    program("virtqemud");
    expect(findLibvirt(folder, [])).toEqual({ daemon: join(folder, "virtqemud"), virsh: join(folder, "virsh"), virtTop: undefined });
  });

  it("prefers the daemon of all drivers, and finds daemons where PATH does not lead", () => {
    program("virtqemud");
    const [daemon, virsh, virtTop] = [program("libvirtd"), program("virsh"), program("virt-top")];
    expect(findLibvirt(folder, [])).toEqual({ daemon, virsh, virtTop });
    expect(findLibvirt("", [folder])).toEqual({ daemon, virsh, virtTop });
  });

  it("takes a file that cannot be run for no program", () => {
    program("virsh", 0o644);
    program("libvirtd", 0o644);
    expect(findLibvirt(folder, [])).toBeUndefined();
  });
});

describe("describeLibvirt", () => {
  it("says how to get what is missing", () => { expect(describeLibvirt(undefined)).toBe("libvirt: not present (apt-get install --no-install-recommends libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients), compared with raw QEMU only"); });

  it.each([[undefined, /^libvirt: 9\.9\.9, virt-top not present/], ["/usr/bin/virt-top", /^libvirt: 9\.9\.9, with virt-top$/]])("names the version and whether virt-top is there (%s)", (virtTop, expected) => {
    expect(describeLibvirt({ daemon: "", virsh: program("virsh"), virtTop })).toMatch(expected);
  });
});
