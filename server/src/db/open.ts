// The database as the server opens it: an embedded Postgres or the one of a URL, migrated, with its health watched.
import { openDatabase, type Database, type DatabaseAddress } from "./client.js";
import { migrate } from "./migrations.js";
import { EmbeddedPostgres } from "./postgres/embedded.js";

export interface OpenOptions {
  /** An external Postgres (DATABASE_URL); null: the embedded one. */
  readonly url: string | null;
  /** STATE and RUN; of use to the embedded Postgres only. */
  readonly stateDirectory: string;
  readonly runDirectory: string;
  /** Unprivileged user of the embedded Postgres when the server runs as root. */
  readonly postgresUser: string;
  /** prisma/migrations. */
  readonly migrationsDirectory: string;
  /** Whether closing stops the embedded Postgres. */
  readonly onClose: "stopPostgres" | "keepPostgres";
}

export interface OpenedDatabase extends Database {
  readonly address: DatabaseAddress;
  /** Null with an external Postgres. */
  readonly postgres: EmbeddedPostgres | null;
  /** Migrations that were applied now. */
  readonly migrated: readonly string[];
}

/**
 * Starts or adopts Postgres, migrates and connects. Afterwards a killed embedded Postgres is started again by the health
 * watch. Throws DatabaseRefused or DatabaseUnavailable, each one sentence with the mend.
 */
export async function openServerDatabase(options: OpenOptions): Promise<OpenedDatabase> {
  const postgres = options.url === null ? await EmbeddedPostgres.start({ stateDirectory: options.stateDirectory, runDirectory: options.runDirectory, user: options.postgresUser }) : null;
  const address: DatabaseAddress = postgres?.address ?? { kind: "url", url: options.url ?? "" };
  try {
    const migrated = await migrate(address, options.migrationsDirectory);
    const database = openDatabase(address, postgres === null ? {} : { revive: () => postgres.ensureRunning() });
    return {
      db: database.db, health: database.health, address, postgres, migrated,
      async [Symbol.asyncDispose]() {
        await database[Symbol.asyncDispose]();
        if (options.onClose === "stopPostgres") await postgres?.stop();
      },
    };
  } catch (error) {
    if (options.onClose === "stopPostgres") await postgres?.stop();
    throw error;
  }
}
