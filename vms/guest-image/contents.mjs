// Owns what the initramfs holds: busybox and its names, kernel modules with what they need, the guest agent with its
// libraries, and the files of rootfs/. Reads an unpacked package tree; writes nothing.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { character, file, folder, link } from "./cpio.mjs";
import { filesBelow, MODULES, ROOTFS_DIR } from "./inputs.mjs";

/** @typedef {import("./cpio.mjs").Entry} Entry */

const LOADER = "lib64/ld-linux-x86-64.so.2";
const LIBRARY_DIR = "lib/x86_64-linux-gnu";
const AGENT = "usr/sbin/qemu-ga";
/** The terminal description that etc/profile names: every console of the dashboard understands it. */
const TERMINAL = "lib/terminfo/x/xterm";
/** Folders that the boot mounts on or writes to. */
const EMPTY_FOLDERS = ["proc", "sys", "dev", "run", "tmp", "mnt", "root", "var"];
/** The loader and busybox answer in milliseconds; this only ends a hang. */
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * @param {string} tree the folder into which the packages were unpacked
 * @returns {Entry[]}
 */
export function guestEntries(tree) {
  return [
    ...EMPTY_FOLDERS.map(folder),
    // The kernel opens this for PID 1 before anything is mounted.
    character("dev/console", 5, 1),
    link("var/run", "../run"),
    ...busyboxEntries(join(tree, "bin/busybox")),
    file("bin/bash", readFileSync(join(tree, "bin/bash-static")), 0o755),
    file(TERMINAL, readFileSync(join(tree, TERMINAL)), 0o644),
    ...moduleEntries(join(tree, "lib/modules")),
    ...agentEntries(tree),
    ...rootfsEntries(),
  ];
}

/** @param {string} busybox @returns {Entry[]} */
function busyboxEntries(busybox) {
  const applets = execFileSync(busybox, ["--list-full"], { encoding: "utf8", timeout: ANSWER_TIMEOUT_MS }).trim().split("\n");
  const names = applets.filter((name) => name !== "bin/busybox" && name !== "linuxrc").map((name) => link(name, "/bin/busybox"));
  return [...names, file("bin/busybox", readFileSync(busybox), 0o755)];
}

/** @param {string} dir @returns {Entry[]} */
function moduleEntries(dir) {
  const paths = new Map(filesBelow(dir).filter((path) => path.endsWith(".ko")).map((path) => [moduleName(path), path]));
  /** @type {Map<string, Buffer>} in loading order */
  const chosen = new Map();
  /** @param {string} name */
  const choose = (name) => {
    const path = paths.get(name);
    if (!path || chosen.has(name)) return;
    const content = readFileSync(path);
    for (const needed of neededModules(content)) choose(needed);
    chosen.set(name, content);
  };
  for (const name of MODULES) choose(moduleName(name));
  if (!chosen.has("virtio_pci")) throw new Error("The kernel package holds no virtio_pci module: its layout has changed, see vms/guest-image/contents.mjs.");
  const order = [...chosen.keys()].map((name) => `${name}.ko\n`).join("");
  return [
    ...[...chosen].map(([name, content]) => file(`lib/modules/${name}.ko`, content, 0o644)),
    file("lib/modules/order", Buffer.from(order), 0o644),
  ];
}

/** A module's file may spell its name with dashes; the kernel knows it with underscores. @param {string} path */
const moduleName = (path) => basename(path, ".ko").replaceAll("-", "_");

/** The kernel build writes `depends=a,b` into a module's .modinfo section. @param {Buffer} module @returns {string[]} */
function neededModules(module) {
  const start = module.indexOf("\0depends=") + "\0depends=".length;
  if (start < "\0depends=".length) return [];
  return module.toString("latin1", start, module.indexOf(0, start)).split(",").filter(Boolean).map(moduleName);
}

/**
 * The agent's libraries are asked of the unpacked tree's own loader, so that the builder's machine has no say.
 *
 * @param {string} tree
 * @returns {Entry[]}
 */
function agentEntries(tree) {
  const search = [LIBRARY_DIR, `usr/${LIBRARY_DIR}`].map((dir) => join(tree, dir)).join(":");
  const listing = execFileSync(join(tree, LOADER), ["--library-path", search, "--list", join(tree, AGENT)], { encoding: "utf8", timeout: ANSWER_TIMEOUT_MS });
  const libraries = [...listing.matchAll(/^\s*(\S+) => (\/\S+)/gm)].map(([, name = "", path = ""]) => ({ name: basename(name), path }));
  const foreign = libraries.find(({ path }) => relative(tree, path).startsWith(".."));
  if (foreign) throw new Error(`The guest agent needs ${foreign.name}, which none of the packages in vms/guest-image/inputs.mjs holds: add its package there.`);
  const loader = basename(LOADER);
  return [
    file(AGENT, readFileSync(join(tree, AGENT)), 0o755),
    file(LOADER, readFileSync(join(tree, LOADER)), 0o755),
    ...libraries.filter(({ name }) => name !== loader).map(({ name, path }) => file(`${LIBRARY_DIR}/${name}`, readFileSync(path), 0o755)),
  ];
}

/** @returns {Entry[]} */
function rootfsEntries() {
  return filesBelow(ROOTFS_DIR).map((path) => {
    const content = readFileSync(path);
    return file(relative(ROOTFS_DIR, path), content, content.subarray(0, 2).toString() === "#!" ? 0o755 : 0o644);
  });
}
