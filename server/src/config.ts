// The server's configuration: the only reader of process.env here, and parsed once.
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const DEFAULT_LISTEN = "127.0.0.1:4560";

export interface ServerConfig {
  readonly stateDirectory: string;
  readonly runDirectory: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Files of the certificate and its key (PEM); null: plain HTTP, on loopback only. */
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | null;
  /** An external Postgres; null: the embedded one. */
  readonly databaseUrl: string | null;
  readonly postgresUser: string;
  readonly keepPostgres: boolean;
  /** gRPC address of this machine's daemon. */
  readonly daemonAddress: string;
  readonly tokenFile: string;
  readonly serverFile: string;
  readonly migrationsDirectory: string;
}

/** A setting that cannot be used; the message names it and the mend. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): ServerConfig {
  const stateDirectory = required(env, "QUETZAL_STATE_DIR_RESOLVED");
  const runDirectory = required(env, "QUETZAL_RUN_DIR_RESOLVED");
  const listen = parseListen(env["QUETZAL_LISTEN"] || DEFAULT_LISTEN);
  return {
    stateDirectory,
    runDirectory,
    listen,
    tls: parseTls(env, listen.host),
    databaseUrl: parseDatabaseUrl(env["DATABASE_URL"] || null),
    postgresUser: env["QUETZAL_DB_USER"] || "quetzal-db",
    keepPostgres: env["QUETZAL_KEEP_POSTGRES"] === "1",
    daemonAddress: `unix://${join(runDirectory, "quetzald.sock")}`,
    tokenFile: join(stateDirectory, "server", "token"),
    serverFile: join(runDirectory, "server.json"),
    migrationsDirectory: join(packageRoot(), "prisma", "migrations"),
  };
}

/** The clone's folder: one above dist/ when bundled, two above server/src when not. */
export function packageRoot(from: string = import.meta.url): string {
  const file = fileURLToPath(from);
  return fileURLToPath(new URL(file.endsWith("config.ts") ? "../../" : "../", from));
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value === undefined || !value.startsWith("/")) {
    throw new ConfigError(`${name} must name a folder by its absolute path; start the server through \`npm start\`, which sets it.`);
  }
  return value;
}

/** What is no URL would be taken for the name of a database; its value may hold a password and is not said. */
function parseDatabaseUrl(text: string | null): string | null {
  if (text === null || (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text))) return text;
  throw new ConfigError("DATABASE_URL is no URL of a Postgres: write it like postgresql://USER:PASSWORD@HOST:5432/DATABASE, or leave it unset for the embedded one.");
}

/** Tokens travel with every request, so nothing but loopback is served in the clear. */
function parseTls(env: NodeJS.ProcessEnv, host: string): ServerConfig["tls"] {
  const certificateFile = env["QUETZAL_TLS_CERT"] || null;
  const keyFile = env["QUETZAL_TLS_KEY"] || null;
  if (certificateFile !== null && keyFile !== null) return { certificateFile, keyFile };
  if (certificateFile !== null || keyFile !== null) {
    throw new ConfigError("QUETZAL_TLS_CERT and QUETZAL_TLS_KEY go together: give both files, or neither.");
  }
  if (isLoopback(host)) return null;
  throw new ConfigError(`QUETZAL_LISTEN names ${host}, which others can reach, and tokens must not travel in the clear: set QUETZAL_TLS_CERT and QUETZAL_TLS_KEY, or listen on 127.0.0.1.`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function parseListen(text: string): { host: string; port: number } {
  const match = /^\[?([^\]]*?)\]?:(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || match[1] === "" || port > 65_535) {
    throw new ConfigError(`QUETZAL_LISTEN must be HOST:PORT, e.g. ${DEFAULT_LISTEN}, not ${JSON.stringify(text)}.`);
  }
  return { host: match[1], port };
}
