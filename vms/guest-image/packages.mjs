// Owns getting Debian packages without installing them: apt-get downloads (no rights needed), dpkg-deb unpacks.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A slow mirror gives 27 MB of kernel in this time even at 100 kB/s. */
const DOWNLOAD_TIMEOUT_MS = 300_000;
const UNPACK_TIMEOUT_MS = 60_000;
/** apt-cache answers with a few hundred lines at most. */
const OUTPUT_MAX_BYTES = 4 * 1024 * 1024;

/**
 * The concrete package behind a meta package, e.g. linux-image-6.1.0-9-cloud-amd64.
 *
 * @param {string} meta
 * @returns {Promise<string>}
 */
export async function resolveMetaPackage(meta) {
  const { stdout } = await apt("apt-cache", ["show", "--no-all-versions", meta]);
  const name = /^Depends: ([a-z0-9.+-]+)/m.exec(stdout)?.[1];
  if (!name) throw new Error(`Debian's package list does not say what ${meta} stands for. Run 'apt-get update' as root, then again.`);
  return name;
}

/**
 * @param {string[]} names
 * @param {string} dir an empty folder
 * @returns {Promise<Record<string, string>>} each package's name and version
 */
export async function downloadPackages(names, dir) {
  await apt("apt-get", ["download", "-qq", ...names], dir);
  const versions = readdirSync(dir).filter((name) => name.endsWith(".deb")).map((name) => name.split("_"));
  return Object.fromEntries(versions.map(([name, version]) => [name, decodeURIComponent(version ?? "")]).sort());
}

/** @param {string} debDir @param {string} rootDir made by dpkg-deb where missing @returns {Promise<void>} */
export async function unpackPackages(debDir, rootDir) {
  for (const name of readdirSync(debDir).sort()) {
    await run("dpkg-deb", ["-x", join(debDir, name), rootDir], { timeout: UNPACK_TIMEOUT_MS });
  }
}

/** @param {string} program @param {string[]} args @param {string} [cwd] */
async function apt(program, args, cwd) {
  try {
    return await run(program, args, { cwd, timeout: DOWNLOAD_TIMEOUT_MS, maxBuffer: OUTPUT_MAX_BYTES });
  } catch (error) {
    const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    const cause = stderr.split("\n").at(-1) || String(error);
    throw new Error(`${program} ${args.join(" ")} failed: ${cause} The guest image is made of Debian packages: run 'apt-get update' as root and check the network, then again.`, { cause: error });
  }
}
