import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { poolConfig, type DatabaseAddress } from "./client.js";
import { DatabaseRefused, DatabaseUnavailable } from "./errors.js";
import { migrate, proveDatabase } from "./migrations.js";
import { readMigrations, schemaDifference, withSchemaEngine } from "./schema-engine.js";
import { MIGRATIONS, createDatabase, dropDatabase, query } from "./testing/suite.js";

const BUCKET_TABLES = ["metric_ten_seconds", "metric_minutes", "metric_ten_minutes", "metric_hours"];

describe.each(inject("postgresServers"))("migrate ($name)", (server) => {
  let address: DatabaseAddress;
  let folder: string;
  beforeEach(async () => {
    address = await createDatabase(server.address);
    folder = await mkdtemp(join(tmpdir(), "qz-migrations-"));
    await cp(MIGRATIONS, folder, { recursive: true });
  });
  afterEach(async () => {
    await dropDatabase(server.address, address);
    await rm(folder, { recursive: true, force: true });
  });

  it("makes exactly what schema.prisma describes", async () => {
    const applied = await migrate(address, MIGRATIONS);
    expect(applied).toEqual((await readMigrations(MIGRATIONS)).migrationDirectories.map(({ path }) => path));
    const path = join(MIGRATIONS, "../schema.prisma");
    const schema = await readFile(path, "utf8");
    expect(await withSchemaEngine(poolConfig(address), (engine) => schemaDifference(engine, path, schema))).toBeNull();
  });

  it("applies nothing the second time", async () => {
    await migrate(address, folder);
    expect(await migrate(address, folder)).toEqual([]);
  });

  it("applies only what is new, and Prisma's engine agrees with the history", async () => {
    await migrate(address, folder);
    await addMigration(folder, "29990101000000_later", "CREATE TABLE later (id integer PRIMARY KEY);");
    expect(await migrate(address, folder)).toEqual(["29990101000000_later"]);
    const migrationsList = await readMigrations(folder);
    const diagnosis = await withSchemaEngine(poolConfig(address), (engine) => engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters: { externalTables: [], externalEnums: [] } }));
    expect(diagnosis).toMatchObject({ history: null, failedMigrationNames: [], editedMigrationNames: [], hasMigrationsTable: true });
  });

  it("lets two servers migrate at once, and one of them does it", async () => {
    const both = await Promise.all([migrate(address, folder), migrate(address, folder)]);
    expect(both.map((names) => names.length).sort()).toEqual([0, (await readMigrations(folder)).migrationDirectories.length]);
  });

  it("makes ratios of the shares that were kept in percent, and touches nothing else", async () => {
    const ratios = "20261123183000_ratios";
    const since = (await readMigrations(MIGRATIONS)).migrationDirectories.map(({ path }) => path).filter((path) => path >= ratios);
    for (const path of since) await rm(join(folder, path), { recursive: true });
    await migrate(address, folder);
    // As many metrics as there were: a VM's 23rd and a host's 20th in percent. An older row has fewer.
    const row = (length: number): string => `array_fill(50::real, ARRAY[${length}])`;
    await query(address, "INSERT INTO metric_subjects (id, kind, reference) VALUES (1, 'VM', 'web'), (2, 'HOST', 'h1'), (3, 'VM', 'old')");
    await query(address, `INSERT INTO metric_seconds (subject_id, time, metric_count, values) VALUES (1, now(), 25, ${row(25)} || ${row(22)} || NULL::real || ${row(2)}), (2, now(), 22, ${row(44)}), (3, now(), 21, ${row(42)})`);
    for (const table of BUCKET_TABLES) await query(address, `INSERT INTO ${table} (subject_id, time, mean, max) VALUES (1, now(), ${row(25)}, ${row(25)}), (2, now(), ${row(22)}, ${row(22)}), (3, now(), ${row(21)}, ${row(21)})`);
    for (const path of since) await cp(join(MIGRATIONS, path), join(folder, path), { recursive: true });
    expect(await migrate(address, folder)).toEqual(since);
    const with50 = (length: number, changed: Readonly<Record<number, number | null>>): (number | null)[] => Array.from({ length }, (_, place) => (place in changed ? changed[place] ?? null : 50));
    const kept = async (what: string, table: string): Promise<unknown[]> => (await query(address, `SELECT ${what} AS kept FROM ${table} ORDER BY subject_id`)).rows.map((each) => (each as { kept: unknown }).kept);
    expect(await kept("values", "metric_seconds")).toEqual([with50(50, { 22: 0.5, 47: null }), with50(44, { 19: 0.5, 41: 0.5 }), with50(42, {})]);
    for (const table of BUCKET_TABLES) for (const what of ["mean", "max"]) expect(await kept(what, table)).toEqual([with50(25, { 22: 0.5 }), with50(22, { 19: 0.5 }), with50(21, {})]);
  });

  it("refuses a database of a newer schema and changes nothing", async () => {
    await addMigration(folder, "29990101000000_later", "CREATE TABLE later (id integer PRIMARY KEY);");
    await migrate(address, folder);
    const refusal = migrate(address, MIGRATIONS);
    await expect(refusal).rejects.toBeInstanceOf(DatabaseRefused);
    await expect(refusal).rejects.toThrow(/newer schema than this version knows \(migration 29990101000000_later\).*Nothing was changed/);
    expect((await query(address, "SELECT count(*)::int AS n FROM _prisma_migrations")).rows[0]).toEqual({ n: (await readMigrations(folder)).migrationDirectories.length });
  });

  it("is proved without a change: fresh and migrated pass, a newer schema and a missing database do not", async () => {
    await proveDatabase(address, MIGRATIONS);
    expect((await query(address, "SELECT to_regclass('_prisma_migrations') AS found")).rows[0]).toEqual({ found: null });
    await addMigration(folder, "29990101000000_later", "CREATE TABLE later (id integer PRIMARY KEY);");
    await migrate(address, folder);
    await proveDatabase(address, folder);
    await expect(proveDatabase(address, MIGRATIONS)).rejects.toThrow(/newer schema than this version knows/);
    const missing: DatabaseAddress = address.kind === "url" ? { kind: "url", url: Object.assign(new URL(address.url), { pathname: "/qz_nowhere" }).href } : { ...address, database: "qz_nowhere" };
    await expect(proveDatabase(missing, MIGRATIONS)).rejects.toThrow(/^The database cannot be used: database "qz_nowhere" does not exist\.$/);
  });

  it("refuses a migration that was edited after it was applied", async () => {
    await migrate(address, folder);
    const [first] = (await readMigrations(folder)).migrationDirectories;
    await writeFile(join(folder, first?.path ?? "", "migration.sql"), "SELECT 1;");
    await expect(migrate(address, folder)).rejects.toThrow(/was applied in another form/);
  });

  it("names a migration that failed, now and at the next start", async () => {
    await addMigration(folder, "29990101000000_broken", "CREATE TABLE hosts (id integer);");
    await expect(migrate(address, folder)).rejects.toThrow(/29990101000000_broken/);
    await expect(migrate(address, folder)).rejects.toThrow(/migration 29990101000000_broken failed half-way/);
  });
});

it("tells a database that does not answer from one that is refused", async () => {
  await expect(migrate({ kind: "url", url: "postgresql://nobody@127.0.0.1:1/none" }, MIGRATIONS)).rejects.toBeInstanceOf(DatabaseUnavailable);
});

async function addMigration(folder: string, name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, "migration.sql"), sql);
}
