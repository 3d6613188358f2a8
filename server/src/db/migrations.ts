// Brings a database to this version's schema, or refuses to touch it. Keeps _prisma_migrations as Prisma writes it, so
// that `prisma migrate deploy` and `status` work on the same database.
import { createHash } from "node:crypto";
import pg from "pg";
import { poolConfig, type DatabaseAddress } from "./client.js";
import { DatabaseRefused, DatabaseUnavailable, unavailableReason } from "./errors.js";
import { readMigrations, withSchemaEngine, type MigrationList } from "./schema-engine.js";

/** One server migrates at a time; the number only has to differ from other programs' locks ("qtzl" in ASCII). */
const ADVISORY_LOCK = 0x71747a6c;
/** A migration of a large database takes its time, but one that waits longer than this for another server hangs. */
const LOCK_TIMEOUT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Postgres' code for "no such table". */
const UNDEFINED_TABLE = "42P01";

interface AppliedRow {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
  readonly rolled_back_at: Date | null;
  readonly logs: string | null;
}

/**
 * Applies what is missing and returns the names of the migrations that were applied now.
 * Throws DatabaseRefused for a database that is newer than this version, was changed by hand, or holds a migration that
 * failed; DatabaseUnavailable when it does not answer.
 */
export async function migrate(address: DatabaseAddress, migrationsDirectory: string): Promise<string[]> {
  const migrations = await readMigrations(migrationsDirectory);
  const client = newClient(address);
  try {
    await client.connect();
    // The usual start finds nothing to do, and need neither wait for a lock nor load the engine. Another server may be
    // half-way through a migration, which looks like a failed one: that is judged under the lock.
    const glance = await readApplied(client);
    if (glance.every((row) => row.finished_at !== null) && missing(migrations, glance).length === 0) return [];
    await client.query("SELECT pg_advisory_lock($1)", [ADVISORY_LOCK]);
    if (missing(migrations, await readApplied(client)).length === 0) return [];
    const filters = { externalTables: [], externalEnums: [] };
    const result = await withSchemaEngine(poolConfig(address), (engine) => engine.applyMigrations({ migrationsList: migrations, filters }));
    return result.appliedMigrationNames;
  } catch (error) {
    if (error instanceof DatabaseRefused) throw error;
    const reason = unavailableReason(error);
    if (reason !== null) throw new DatabaseUnavailable(reason, { cause: error });
    throw new DatabaseRefused(`The database could not be migrated: ${messageOf(error)}`, { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Whether a server could work with the database: it answers, lets us in, and holds nothing newer or half-done. Changes
 * nothing. Throws DatabaseRefused.
 */
export async function proveDatabase(address: DatabaseAddress, migrationsDirectory: string): Promise<void> {
  const client = newClient(address);
  try {
    await client.connect();
    const toApply = missing(await readMigrations(migrationsDirectory), await readApplied(client));
    const { rows } = await client.query<{ may: boolean | null; role: string }>("SELECT has_schema_privilege(current_schema(), 'CREATE') AS may, current_user AS role");
    if (toApply.length > 0 && rows[0]?.may === false) throw new DatabaseRefused(`The user ${rows[0].role} may not make tables in the database: GRANT CREATE ON SCHEMA public TO it, or make it the database's owner.`);
  } catch (error) {
    if (error instanceof DatabaseRefused) throw error;
    const reason = unavailableReason(error);
    throw new DatabaseRefused(reason === null ? `The database cannot be used: ${messageOf(error)}.` : `The database cannot be reached (${reason}).`, { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}

function newClient(address: DatabaseAddress): pg.Client {
  const client = new pg.Client({ ...poolConfig(address), connectionTimeoutMillis: CONNECT_TIMEOUT_MS, statement_timeout: LOCK_TIMEOUT_MS });
  // A connection that breaks in the middle also fails the query that is under way, which is where it is reported.
  client.on("error", () => undefined);
  return client;
}

async function readApplied(client: pg.Client): Promise<AppliedRow[]> {
  try {
    const result = await client.query<AppliedRow>("SELECT migration_name, checksum, finished_at, rolled_back_at, logs FROM _prisma_migrations ORDER BY started_at");
    return result.rows.filter((row) => row.rolled_back_at === null);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE) return [];
    throw error;
  }
}

/** Names of migrations that are not applied yet. Throws DatabaseRefused where the two histories do not belong together. */
function missing(migrations: MigrationList, applied: readonly AppliedRow[]): string[] {
  const known = new Map(migrations.migrationDirectories.map(({ path, migrationFile }) => [path, checksumOf(migrationFile.content)]));
  for (const row of applied) {
    const checksum = known.get(row.migration_name);
    if (checksum === undefined) {
      throw new DatabaseRefused(`The database has a newer schema than this version knows (migration ${row.migration_name}): start the version that made it or a newer one, or set DATABASE_URL to another database. Nothing was changed.`);
    }
    if (row.finished_at === null) {
      throw new DatabaseRefused(`The migration ${row.migration_name} failed half-way (${row.logs?.split("\n")[0] ?? "no reason kept"}): restore the database from a backup, or mend it and run "npx prisma migrate resolve".`);
    }
    if (checksum !== row.checksum) {
      throw new DatabaseRefused(`The migration ${row.migration_name} was applied in another form than this version has: start the version that made the database, or set DATABASE_URL to another one. Nothing was changed.`);
    }
  }
  const done = new Set(applied.map((row) => row.migration_name));
  return [...known.keys()].filter((name) => !done.has(name));
}

/** As Prisma computes it. */
function checksumOf(content: { tag: "ok"; value: string } | { tag: "error"; value: string }): string {
  return createHash("sha256").update(content.value).digest("hex");
}

/** The engine throws plain objects. */
function messageOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "message" in error && typeof error.message === "string") return error.message.trim();
  return String(error);
}
