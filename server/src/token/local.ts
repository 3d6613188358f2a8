// The token file of the machine's own user: whoever may read it is an admin here. Knows nothing of requests.
import { randomUUID } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Db } from "../db/client.js";
import { LOCAL_TOKEN_NAME, TOKEN_PREFIX, hashSecret, newSecret } from "./store.js";

/**
 * Makes sure that the file (one line, mode 0600) holds a secret the database knows as the admin token "local". A missing,
 * empty or unknown file is written anew and the earlier secret stops working; a good one is left alone but for its mode.
 */
export async function ensureLocalToken(db: Db, path: string): Promise<"kept" | "made"> {
  const stored = await db.token.findUnique({ where: { name: LOCAL_TOKEN_NAME } });
  const secret = await readSecret(path);
  if (secret !== null && stored?.secretHash === hashSecret(secret) && stored.role === "ADMIN" && stored.expiresAt === null) {
    await chmod(path, 0o600);
    return "kept";
  }
  const fresh = newSecret();
  const secretHash = hashSecret(fresh);
  // The database first: a file without its token would lock the user out, a token without its file is made anew.
  await db.token.upsert({
    where: { name: LOCAL_TOKEN_NAME },
    create: { id: randomUUID(), name: LOCAL_TOKEN_NAME, role: "ADMIN", secretHash },
    update: { role: "ADMIN", secretHash, expiresAt: null, lastUsedAt: null },
  });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const partial = `${path}.${process.pid}.new`;
  try {
    await writeFile(partial, `${fresh}\n`, { mode: 0o600, flag: "wx" });
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
  return "made";
}

async function readSecret(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, "utf8")).trim();
    return text.startsWith(TOKEN_PREFIX) ? text : null;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new Error(`The local token file ${path} cannot be read (${error instanceof Error ? error.message : String(error)}); give its folder to the user the server runs as.`, { cause: error });
  }
}
