// As whom Postgres runs. It refuses to run as root, so root lends it an unprivileged user; everybody else runs it as
// themselves. Knows users and folder modes, and nothing of Postgres.
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DatabaseRefused } from "../errors.js";

/** A system user that is not root. */
export interface Owner {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Tried after the wanted user: what Debian makes for its own Postgres, and what every system has. */
const FALLBACK_USERS = ["postgres", "nobody"];

/**
 * The user to run Postgres as; null when this process is not root and Postgres runs as the same user. A data folder that
 * exists keeps its owner: the wanted user may have been made after it.
 */
export async function chooseOwner(wantedUser: string, dataDirectory?: string): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null;
  const passwd = await readFile("/etc/passwd", "utf8");
  const existing = dataDirectory === undefined ? null : await stat(dataDirectory).catch(() => null);
  if (existing !== null && existing.uid !== 0) return { name: findUserName(passwd, existing.uid), uid: existing.uid, gid: existing.gid };
  for (const name of [wantedUser, ...FALLBACK_USERS]) {
    const owner = findUser(passwd, name);
    if (owner !== null && owner.uid !== 0) return owner;
  }
  throw new DatabaseRefused(`Postgres does not run as root and no user ${wantedUser} exists: make one with "useradd --system ${wantedUser}", or set DATABASE_URL.`);
}

/** A line of /etc/passwd as an owner; null when the user is not in it. */
export function findUser(passwd: string, name: string): Owner | null {
  for (const line of passwd.split("\n")) {
    const [user, , uid, gid] = line.split(":");
    if (user === name && uid !== undefined && gid !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

function findUserName(passwd: string, uid: number): string {
  const line = passwd.split("\n").find((each) => Number(each.split(":")[2]) === uid);
  return line?.split(":")[0] ?? `user ${uid}`;
}

/** Throws, naming the folder in the way, when the owner cannot enter `path` or one of the folders above it. */
export async function requireReachable(path: string, owner: Owner): Promise<void> {
  const folders = [resolve(path)];
  for (let at = resolve(path); at !== "/"; at = dirname(at)) folders.unshift(dirname(at));
  for (const folder of folders) {
    const { mode, uid, gid } = await stat(folder);
    const execute = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001;
    if ((mode & execute) === 0) {
      throw new DatabaseRefused(`Postgres runs as ${owner.name}, who cannot enter ${folder}: choose another QUETZAL_STATE_DIR, or run "chmod o+x ${folder}".`);
    }
  }
}
