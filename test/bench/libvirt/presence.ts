// Whether this host has libvirt, and what to say where it has not. Starts nothing but `--version`.
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Paths of libvirt's programs; virt-top is optional. */
export interface LibvirtPrograms { readonly daemon: string; readonly virsh: string; readonly virtTop: string | undefined }

/** The daemon of all drivers first; where a distribution has only the modular ones, QEMU's does. */
const DAEMONS = ["libvirtd", "virtqemud"];
/** Where Debian puts daemons, which an ordinary user's PATH leaves out. */
const DAEMON_FOLDERS = ["/usr/sbin", "/sbin"];
/** Not libvirt-daemon-system, which would start a system instance and its bridge. */
const INSTALL = "apt-get install --no-install-recommends libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients";

export function findLibvirt(path = process.env["PATH"] ?? "", more: readonly string[] = DAEMON_FOLDERS): LibvirtPrograms | undefined {
  const folders = [...path.split(delimiter), ...more].filter((folder) => folder !== "");
  const daemon = DAEMONS.map((name) => programIn(folders, name)).find((found) => found !== undefined);
  const virsh = programIn(folders, "virsh");
  return daemon === undefined || virsh === undefined ? undefined : { daemon, virsh, virtTop: programIn(folders, "virt-top") };
}

/** The run's one line about this peer. */
export function describeLibvirt(found: LibvirtPrograms | undefined): string {
  if (found === undefined) return `libvirt: not present (${INSTALL}), compared with raw QEMU only`;
  const version = execFileSync(found.virsh, ["--version"], { encoding: "utf8" }).trim();
  return `libvirt: ${version}, ${found.virtTop === undefined ? "virt-top not present (Debian 13 has it): virsh domstats once a second stands in for it" : "with virt-top"}`;
}

function programIn(folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
