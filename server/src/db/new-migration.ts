// For developers: writes the migration from the committed ones to prisma/schema.prisma, by Prisma's own engine against a
// Postgres that lives as long as this program. Usage: npx tsx server/src/db/new-migration.ts NAME
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { poolConfig } from "./client.js";
import { migrate } from "./migrations.js";
import { EmbeddedPostgres } from "./postgres/embedded.js";
import { schemaDifference, withSchemaEngine } from "./schema-engine.js";

const folder = fileURLToPath(new URL("../../../prisma/", import.meta.url));
const name = process.argv[2];
if (name === undefined || !/^[a-z0-9_]+$/.test(name)) {
  console.error("Give the migration a name of lower-case letters, digits and underscores: npx tsx server/src/db/new-migration.ts NAME");
  process.exit(2);
}

const schemaPath = join(folder, "schema.prisma");
const migrations = join(folder, "migrations");
const state = await mkdtemp(join(tmpdir(), "qz-migration-"));
await chmod(state, 0o755);
const postgres = await EmbeddedPostgres.start({ stateDirectory: state, runDirectory: join(state, "run"), user: "quetzal-db" });
try {
  await mkdir(migrations, { recursive: true });
  await migrate(postgres.address, migrations);
  const schema = await readFile(schemaPath, "utf8");
  const script = await withSchemaEngine(poolConfig(postgres.address), (engine) => schemaDifference(engine, schemaPath, schema));
  if (script === null) console.log("The migrations already make what prisma/schema.prisma describes.");
  else {
    const time = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
    const target = join(migrations, `${time}_${name}`);
    await mkdir(target);
    await writeFile(join(target, "migration.sql"), script);
    await writeFile(join(migrations, "migration_lock.toml"), 'provider = "postgresql"\n');
    console.log(`Written: ${join(target, "migration.sql")}. Read it before committing it.`);
  }
} finally {
  await postgres.stop();
  await rm(state, { recursive: true, force: true });
}
