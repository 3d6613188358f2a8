// The server's process: reads the configuration, starts the server, and ends it in good order on a signal.
import { readConfig } from "./config.js";
import { proveDatabase } from "./db/migrations.js";
import { stderrLog } from "./log.js";
import { startServer } from "./server.js";
import { startFault } from "./start-fault.js";

/** A clean shutdown takes a fraction of a second; past this something hangs, and leaving is better than staying. */
const SHUTDOWN_TIMEOUT_MS = 10_000;

/** Asks whether the database of DATABASE_URL could be worked with, and ends: `npm start` does before it ends a running server. */
const PROVE_DATABASE = "--prove-database";

const log = stderrLog();

async function main(): Promise<void> {
  const server = await startServer(readConfig(), log);
  const shutDown = (signal: string) => {
    log.info("server is going down", { signal });
    setTimeout(() => process.exit(1), SHUTDOWN_TIMEOUT_MS).unref();
    server[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error("the shutdown was not clean", error);
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", shutDown);
  process.once("SIGINT", shutDown);
}

async function prove(): Promise<void> {
  const { databaseUrl, migrationsDirectory } = readConfig();
  if (databaseUrl !== null) await proveDatabase({ kind: "url", url: databaseUrl }, migrationsDirectory);
}

process.on("unhandledRejection", (error) => log.error("a promise was rejected and nobody looked", error));

(process.argv[2] === PROVE_DATABASE ? prove() : main()).catch((error: unknown) => {
  // One line for people: whoever started the server shows it.
  process.stderr.write(`quetzal server: ${startFault(error)}\n`);
  process.exit(1);
});
