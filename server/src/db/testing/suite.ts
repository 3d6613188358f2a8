// For the database tests: runs a suite once on every server, each time in a database of its own.
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, describe, inject } from "vitest";
import { openDatabase, poolConfig, type Database, type DatabaseAddress, type Db } from "../client.js";
import { migrate } from "../migrations.js";

export const MIGRATIONS = fileURLToPath(new URL("../../../../prisma/migrations", import.meta.url));

export interface Suite {
  /** Filled when the tests run. */
  readonly db: Db;
  readonly database: Database;
  readonly address: DatabaseAddress;
}

/** `body` declares tests; `suite` may be used inside them only. The database is migrated and otherwise empty. */
export function describeOnEveryServer(name: string, body: (suite: Suite) => void): void {
  describe.each(inject("postgresServers"))(`${name} ($name)`, (server) => {
    let database: Database | undefined;
    let address = server.address;
    const opened = (): Database => {
      if (database === undefined) throw new Error("The suite's database is open while its tests run, and only then.");
      return database;
    };
    beforeAll(async () => {
      address = await createDatabase(server.address);
      await migrate(address, MIGRATIONS);
      database = openDatabase(address);
    });
    afterAll(async () => {
      await database?.[Symbol.asyncDispose]();
      await dropDatabase(server.address, address);
    });
    body({
      get db() { return opened().db; },
      get database() { return opened(); },
      get address() { return address; },
    });
  });
}

/** An empty database beside the server's own. */
export async function createDatabase(server: DatabaseAddress): Promise<DatabaseAddress> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await query(server, `CREATE DATABASE ${name}`);
  if (server.kind === "socket") return { ...server, database: name };
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return { kind: "url", url: url.href };
}

/** Drops what createDatabase made. */
export async function dropDatabase(server: DatabaseAddress, made: DatabaseAddress): Promise<void> {
  const name = made.kind === "socket" ? made.database : new URL(made.url).pathname.slice(1);
  if (name.startsWith("test_")) await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** Runs one statement on a connection of its own. */
export async function query(address: DatabaseAddress, sql: string): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client(poolConfig(address));
  await client.connect();
  try {
    return await client.query<Record<string, unknown>>(sql);
  } finally {
    await client.end();
  }
}
