// Reaches into a stopped stack's embedded Postgres for what no API may do: pretend that a newer release migrated it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { eventually } from "./process.js";
import type { Stack } from "./stack.js";

const SOCKET_FOLDER = "pg";

/** Adds a migration that this release does not know, as a newer one would have. */
export async function markSchemaNewer(stack: Stack): Promise<void> {
  const folder = dataFolder(join(stack.stateDir, "postgres"));
  const owner = statSync(folder).uid;
  const socketFolder = join(stack.stateDir, SOCKET_FOLDER);
  mkdirSync(socketFolder);
  // Postgres runs as its own user, whatever this process's mask says.
  chownSync(socketFolder, owner, statSync(folder).gid);
  const binary = postgresBinary(stack.stateDir);
  const child = spawn(binary, ["-D", folder, "-k", socketFolder, "-c", "listen_addresses="], { uid: owner, gid: statSync(folder).gid, stdio: "ignore" });
  const gone = once(child, "exit");
  try {
    const database = await eventually("Postgres to answer", async () => {
      const client = new pg.Client({ host: socketFolder, user: "quetzal", database: "postgres" });
      await client.connect();
      return client;
    });
    await database.query(`INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES ('99999999-0000-0000-0000-000000000000', 'x', '29990101000000_from_the_future', now(), now(), 1)`);
    await database.end();
  } finally {
    child.kill("SIGINT");
    await gone;
  }
}

function dataFolder(below: string): string {
  return [below, ...readdirSync(below).map((name) => join(below, name))].find((path) => existsSync(join(path, "PG_VERSION"))) ?? below;
}

function postgresBinary(stateDir: string): string {
  const search = (folder: string): string | undefined => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isFile() && entry.name === "postgres") return path;
      const below = entry.isDirectory() ? search(path) : undefined;
      if (below !== undefined) return below;
    }
    return undefined;
  };
  const found = search(join(stateDir, "build"));
  if (found === undefined) throw new Error(`no postgres binary below ${stateDir}/build`);
  return found;
}
