#!/usr/bin/env node
// Builds the test guest: Debian's kernel for virtual machines and a busybox initramfs with a shell on ttyS0 and hvc0.
// Needs no rights and installs nothing. Alone: node vms/guest-image/build.mjs IMAGES_DIR
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { archive } from "./cpio.mjs";
import { guestEntries } from "./contents.mjs";
import { hashInputs, KERNEL_META_PACKAGE, USERLAND_PACKAGES } from "./inputs.mjs";
import { downloadPackages, resolveMetaPackage, unpackPackages } from "./packages.mjs";

/** The image's folder below STATE/images; definitions name its files so. */
export const IMAGE_NAME = "quetzal-guest";
const OUTPUTS = ["vmlinuz", "initrd.img"];

/**
 * Whether the image there was made from the builder's present files and is whole.
 *
 * @param {string} imagesDir
 * @returns {boolean}
 */
export function isGuestImageCurrent(imagesDir) {
  const dir = join(imagesDir, IMAGE_NAME);
  if (!existsSync(join(dir, "manifest.json"))) return false;
  try {
    const manifest = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
    return manifest.inputs === hashInputs() && OUTPUTS.every((name) => statSync(join(dir, name)).size === manifest.files[name].bytes);
  } catch {
    return false; // torn or foreign: built anew
  }
}

/**
 * Builds the image beside its place, then moves it there whole.
 *
 * @param {string} imagesDir
 * @param {(line: string) => void} progress
 * @returns {Promise<void>}
 */
export async function buildGuestImage(imagesDir, progress) {
  mkdirSync(imagesDir, { recursive: true });
  const work = mkdtempSync(join(imagesDir, ".guest-build-"));
  try {
    const [debs, tree, image] = ["debs", "tree", "image"].map((name) => join(work, name));
    if (!debs || !tree || !image) throw new Error("unreachable: three names give three paths");
    for (const dir of [debs, tree, image]) mkdirSync(dir);
    const kernel = await resolveMetaPackage(KERNEL_META_PACKAGE);
    progress(`downloading ${kernel} and ${USERLAND_PACKAGES.length} packages`);
    const packages = await downloadPackages([kernel, ...USERLAND_PACKAGES], debs);
    progress("unpacking");
    await unpackPackages(debs, tree);
    progress("writing the initramfs");
    copyFileSync(kernelFile(tree), join(image, "vmlinuz"));
    writeFileSync(join(image, "initrd.img"), archive(guestEntries(tree)));
    writeFileSync(join(image, "manifest.json"), `${JSON.stringify(manifestOf(image, packages), undefined, 2)}\n`);
    openToReaders(image);
    const target = join(imagesDir, IMAGE_NAME);
    rmSync(target, { recursive: true, force: true });
    renameSync(image, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** QEMU runs as a user of its own and must read the image, whatever the builder's umask. @param {string} image */
function openToReaders(image) {
  chmodSync(image, 0o755);
  for (const name of readdirSync(image)) chmodSync(join(image, name), 0o644);
}

/** @param {string} tree */
function kernelFile(tree) {
  const name = readdirSync(join(tree, "boot")).find((candidate) => candidate.startsWith("vmlinuz-"));
  if (!name) throw new Error("The kernel package holds no boot/vmlinuz-*: its layout has changed, see vms/guest-image/build.mjs.");
  return join(tree, "boot", name);
}

/** @param {string} image @param {Record<string, string>} packages */
function manifestOf(image, packages) {
  const files = OUTPUTS.map((name) => {
    const content = readFileSync(join(image, name));
    return [name, { bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") }];
  });
  return { inputs: hashInputs(), packages, files: Object.fromEntries(files) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const imagesDir = process.argv[2];
  if (!imagesDir) throw new Error("Say where the images go: node vms/guest-image/build.mjs IMAGES_DIR");
  if (isGuestImageCurrent(resolve(imagesDir))) console.log("The guest image is current.");
  else await buildGuestImage(resolve(imagesDir), (line) => console.log(line));
}
