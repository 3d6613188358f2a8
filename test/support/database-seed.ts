// A cluster made and migrated once a test run, by the server's own code: stacks begin with a copy of it, which spares each
// of them what only a first start does. How that goes has stories of its own (start.test.ts, embedded.db.test.ts).
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../../server/src/config.js";
import { openServerDatabase } from "../../server/src/db/open.js";
import { temporaryFolder } from "./temporary.js";

/** Names the folder for the workers; without it a stack makes its own cluster, as benches do. */
const SEED = "QUETZAL_TEST_DATABASE_SEED";

/** vitest's hook: makes the seed, and returns how to remove it. */
export default async function setup(): Promise<() => void> {
  const folder = temporaryFolder("everyone");
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const runDirectory = join(folder, "run");
    const { postgresUser, migrationsDirectory } = readConfig({ QUETZAL_STATE_DIR_RESOLVED: folder, QUETZAL_RUN_DIR_RESOLVED: runDirectory });
    const opened = await openServerDatabase({ url: null, stateDirectory: folder, runDirectory, postgresUser, migrationsDirectory, onClose: "stopPostgres" });
    await opened[Symbol.asyncDispose]();
  } catch (error) {
    remove();
    throw error;
  }
  process.env[SEED] = folder;
  return remove;
}

/** Puts the cluster into a new state folder, with its owner, and the programs with it. */
export function seedDatabase(stateDir: string): void {
  const folder = process.env[SEED];
  if (folder === undefined) return;
  const parts = ["postgres", "build"].map((name) => join(folder, name)).filter((path) => existsSync(path));
  execFileSync("cp", ["-a", "--reflink=auto", ...parts, stateDir]);
}
