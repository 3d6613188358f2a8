// Prisma's own schema engine, in its WASM build: the same one that `prisma migrate` runs, without the native program
// that would have to be downloaded. Loaded only when there is something to migrate.
import { PrismaPg } from "@prisma/adapter-pg";
import { ColumnTypeEnum, bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import type { MigrationList, SchemaEngine } from "@prisma/schema-engine-wasm";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import pg from "pg";

export type { MigrationList, SchemaEngine };

/** The engine works step by step. */
const ENGINE_CONNECTIONS = 2;
/** Postgres' one-byte "char" of its catalogues, which adapter-pg does not know, and an array of such, which it does. */
const CHAR_OID = 18;
const CHAR_ARRAY_OID = 1002;

/** Runs `work` with an engine that is connected to a database. */
export async function withSchemaEngine<T>(config: pg.PoolConfig, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const glue = await loadGlue();
  const pool = new pg.Pool({ ...config, max: ENGINE_CONNECTIONS });
  // Errors of idle connections would end the process; whoever uses a broken connection is told anyway.
  pool.on("error", () => undefined);
  try {
    const adapter = bindMigrationAwareSqlAdapterFactory(factoryWithChar(pool));
    const engine = await glue.SchemaEngine.new({ datamodels: undefined }, () => undefined, adapter);
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}

/**
 * The SQL that turns the engine's database into what schema.prisma (given as path and text) describes; null when it is
 * that already.
 */
export async function schemaDifference(engine: SchemaEngine, path: string, content: string): Promise<string | null> {
  const files = [{ path, content }];
  const difference = await engine.diff({
    from: { tag: "schemaDatasource", files, configDir: dirname(path) },
    to: { tag: "schemaDatamodel", files },
    script: true,
    exitCode: true,
    filters: { externalTables: ["public._prisma_migrations"], externalEnums: [] },
  });
  return difference.exitCode === 0 ? null : difference.stdout;
}

/** The migrations of a folder in the form the engine takes them, in the order they apply. */
export async function readMigrations(directory: string): Promise<MigrationList> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  const migrationDirectories = await Promise.all(names.map(async (name) => ({
    path: name,
    migrationFile: { path: "migration.sql", content: { tag: "ok" as const, value: await readFile(join(directory, name, "migration.sql"), "utf8") } },
  })));
  const lockfile = await readFile(join(directory, "migration_lock.toml"), "utf8").catch(() => null);
  return { baseDir: directory, lockfile: { path: "migration_lock.toml", content: lockfile }, shadowDbInitScript: "", migrationDirectories };
}

interface Glue {
  readonly SchemaEngine: typeof SchemaEngine;
  readonly __wbg_set_wasm: (exports: WasmExports) => void;
}
interface WasmExports {
  readonly __wbindgen_start: () => void;
}
/** Node has it, though its type declarations for version 20 leave it out. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { instantiate(code: Uint8Array, imports: Readonly<Record<string, unknown>>): Promise<{ instance: { exports: WasmExports } }> };
};
let loading: Promise<Glue> | undefined;

/** The package's own entry imports its .wasm as a module, which Node 20 cannot; so the two are put together here. */
function loadGlue(): Promise<Glue> {
  loading ??= (async () => {
    const glue = (await import("@prisma/schema-engine-wasm/schema_engine_bg")) as unknown as Glue;
    const script = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
    const code = await readFile(script.replace(/\.js$/, ".wasm"));
    const { instance } = await WebAssembly.instantiate(code, { "./schema_engine_bg.js": glue });
    glue.__wbg_set_wasm(instance.exports);
    instance.exports.__wbindgen_start();
    return glue;
  })();
  return loading;
}

/**
 * adapter-pg with the type "char", which the engine asks for when it describes a schema: pg's results call it an array of
 * char on their way to the adapter (no query of the engine has a real one), and the adapter's call it a char again.
 */
function factoryWithChar(pool: pg.Pool): PrismaPg {
  pool.on("connect", disguiseChar);
  const factory = new PrismaPg(pool);
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      const columnTypes = result.columnTypes.map((type) => (type === ColumnTypeEnum.CharacterArray ? ColumnTypeEnum.Character : type));
      return { ...result, columnTypes };
    };
    return adapter;
  };
  return factory;
}

function disguiseChar(client: pg.ClientBase): void {
  const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
  const patched = (...parameters: unknown[]): unknown => {
    const callback = parameters.at(-1);
    if (typeof callback === "function") {
      const call = callback as (error: unknown, result: unknown) => void;
      return query(...parameters.slice(0, -1), (error: unknown, result: unknown) => call(error, retype(result)));
    }
    const result = query(...parameters);
    return result instanceof Promise ? result.then(retype) : result;
  };
  Object.assign(client, { query: patched });
}

function retype(result: unknown): unknown {
  const fields = (result as { fields?: { dataTypeID: number }[] } | undefined)?.fields ?? [];
  for (const field of fields) if (field.dataTypeID === CHAR_OID) field.dataTypeID = CHAR_ARRAY_OID;
  return result;
}
