// Opens the database: one pg pool, Prisma over it, and the watch on its health. Knows no table.
import { PrismaPg } from "@prisma/adapter-pg";
import { createHash } from "node:crypto";
import pg from "pg";
import { asDatabaseError } from "./errors.js";
import { PrismaClient } from "./generated/client.js";
import { DatabaseHealth } from "./health.js";

/** One server process serves many clients with short queries; more would only take memory in Postgres. */
const POOL_MAX_CONNECTIONS = 8;
/** A Postgres that does not take a connection in this time counts as away. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Idle connections cost a Postgres process each. */
const IDLE_TIMEOUT_MS = 60_000;
/** No query of ours takes longer; one that does must not hold its caller for ever. */
const STATEMENT_TIMEOUT_MS = 30_000;

/** How to reach a Postgres: a URL, or an embedded one's socket. */
export type DatabaseAddress =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "socket"; readonly directory: string; readonly user: string; readonly database: string };

/** Prisma's client as every store takes it: its errors about an absent database are DatabaseUnavailable. */
export type Db = PrismaClient;

export interface Database extends AsyncDisposable {
  readonly db: Db;
  readonly health: DatabaseHealth;
}

/** pg's form of an address. */
export function poolConfig(address: DatabaseAddress): pg.PoolConfig {
  return address.kind === "url"
    ? { connectionString: address.url }
    : { host: address.directory, user: address.user, database: address.database };
}

/** Opens a pool and a Prisma client. Does not connect yet: the first query does. `revive` is called while it is away. */
export function openDatabase(address: DatabaseAddress, options: { revive?: () => Promise<void> } = {}): Database {
  const pool = new pg.Pool({
    ...poolConfig(address),
    max: POOL_MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: "quetzal-server",
  });
  const health = new DatabaseHealth({ ping: async () => { await pool.query("SELECT 1"); }, revive: options.revive });
  // Without a listener an idle connection that breaks would end the process.
  pool.on("error", (error) => void health.noticeFailure(error));
  const adapter = new PrismaPg(pool, { statementNameGenerator: (query) => statementName(query.sql) });
  const prisma = new PrismaClient({ adapter, errorFormat: "minimal" });
  return {
    db: reportFailures(prisma, health),
    health,
    async [Symbol.asyncDispose]() {
      health[Symbol.dispose]();
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** Makes every query of the client tell `health` that the database is away, and throw DatabaseUnavailable then. */
function reportFailures(prisma: PrismaClient, health: DatabaseHealth): Db {
  const extended = prisma.$extends({
    query: {
      async $allOperations({ args, query }) {
        try {
          return (await query(args)) as unknown;
        } catch (error) {
          health.noticeFailure(error);
          throw asDatabaseError(error);
        }
      },
    },
  });
  // The extension changes no result; Prisma's extended type differs only in $on and $extends, which nobody uses.
  return extended as unknown as Db;
}

const statementNames = new Map<string, string>();
/** Our statements are few; more than this means that one is built with values in its text. */
const MAX_PREPARED_STATEMENTS = 200;

/** A stable name for a statement, so that Postgres parses and plans it once a connection. Empty: do not prepare. */
function statementName(sql: string): string {
  const known = statementNames.get(sql);
  if (known !== undefined) return known;
  if (statementNames.size >= MAX_PREPARED_STATEMENTS) return "";
  const name = `q_${createHash("sha256").update(sql).digest("hex").slice(0, 24)}`;
  statementNames.set(sql, name);
  return name;
}
