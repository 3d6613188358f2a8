// Owns what goes into the guest image: the Debian packages, the kernel modules in their loading order, and the hash
// over the builder's own files that tells whether an image is still current.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export const BUILDER_DIR = import.meta.dirname;
export const ROOTFS_DIR = join(BUILDER_DIR, "rootfs");

/** The kernel's meta package: it depends on the present version of Debian's kernel for virtual machines. */
export const KERNEL_META_PACKAGE = "linux-image-cloud-amd64";

/**
 * The userland: busybox, a shell that edits lines without querying the terminal (busybox's asks for the cursor at every
 * prompt, and a console's replay would repeat each question), the guest agent, and the packages of its libraries.
 */
export const USERLAND_PACKAGES = [
  "busybox-static", "bash-static", "ncurses-base", "qemu-guest-agent", "libc6", "libglib2.0-0", "libnuma1", "libudev1", "liburing2", "libpcre2-8-0",
];

/**
 * Modules in an order that loads; what one needs is put before it. Virtio first: the rest of the boot waits for it.
 * One that this kernel has built in or lacks is passed over.
 */
export const MODULES = [
  "virtio_pci", "virtio_console", "virtio_blk", "virtio_net", "virtio_balloon", "virtio_mem", "virtio-rng",
  "button", "evdev", "qemu_fw_cfg", "pvpanic-pci", "crc32c-intel", "crc32c_generic", "ext4",
];

/** @returns {string} hex SHA-256 over every file of the builder, names included */
export function hashInputs() {
  const hash = createHash("sha256");
  for (const path of filesBelow(BUILDER_DIR)) {
    if (path.endsWith(".test.ts")) continue;
    const content = readFileSync(path);
    hash.update(`${relative(BUILDER_DIR, path)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** @param {string} dir @returns {string[]} sorted */
export function filesBelow(dir) {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}
