// Makes the Prisma client in server/src/db/generated from prisma/schema.prisma. Knows nothing of a running database.
// Plain JavaScript without dependencies of its own, because the launcher calls it before anything is compiled.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PACKAGE_ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** A generation takes about 2 s; longer than this means that it hangs. */
const GENERATE_TIMEOUT_MS = 120_000;

/**
 * Generates the client unless the one on disk was made from this very schema by this very Prisma.
 * @param {{ packageRoot?: string, force?: boolean }} [options] packageRoot: folder of package.json.
 * @returns {Promise<"generated" | "current">}
 * @throws {Error} with Prisma's own words when the schema does not hold.
 */
export async function generatePrismaClient({ packageRoot = PACKAGE_ROOT, force = false } = {}) {
  const output = join(packageRoot, "server/src/db/generated");
  const stamp = join(output, ".stamp");
  const wanted = fingerprint(packageRoot);
  if (!force && existsSync(join(output, "client.ts")) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) {
    return "current";
  }
  const cli = join(packageRoot, "node_modules/prisma/build/index.js");
  try {
    // `generate` runs on WASM, yet the command line fetches its native schema engine first unless one is named here.
    // Any executable will do for this command; never run migrations this way (see docs/adr/006).
    const settings = [`PRISMA_SCHEMA_ENGINE_BINARY=${process.execPath}`, "PRISMA_HIDE_UPDATE_MESSAGE=1", "CHECKPOINT_DISABLE=1"];
    await promisify(execFile)("env", [...settings, process.execPath, cli, "generate"], { cwd: packageRoot, timeout: GENERATE_TIMEOUT_MS });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new Error(`The Prisma client could not be generated from prisma/schema.prisma: ${said || String(error)}`, { cause: error });
  }
  writeFileSync(stamp, wanted);
  return "generated";
}

/** @param {string} packageRoot */
function fingerprint(packageRoot) {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(packageRoot, "prisma/schema.prisma")));
  hash.update(readFileSync(join(packageRoot, "node_modules/prisma/package.json")));
  return hash.digest("hex");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await generatePrismaClient({ force: process.argv.includes("--force") });
  console.log(result === "generated" ? "The Prisma client has been generated." : "The Prisma client is current.");
}
