// The one expected failure of the database: that it does not answer. Knows how Prisma and pg say so, and nothing of
// what was being asked.

/** The database cannot be reached. Nothing was done, or it cannot be told whether it was; asking again is safe for reads. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";

  constructor(reason: string, options?: ErrorOptions) {
    super(`The database cannot be reached (${reason}); it is tried again until it answers.`, options);
  }
}

/** A database that this server must not touch; the message says why and what to do. */
export class DatabaseRefused extends Error {
  override readonly name = "DatabaseRefused";
}

/** System errors of a socket on which nobody answers. */
const SOCKET_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOENT", "ENOTFOUND", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN", "EACCES"]);
/** Prisma: not reachable, timed out connecting, closed the connection. */
const PRISMA_CODES = new Set(["P1001", "P1002", "P1017"]);
/** Postgres: shutting down, crashed, starting up, too many connections. */
const POSTGRES_CODES = new Set(["57P01", "57P02", "57P03", "53300"]);
/** Prisma's driver adapters name these kinds instead of a code. */
const ADAPTER_KINDS = new Set(["DatabaseNotReachable", "ConnectionClosed", "SocketTimeout", "TooManyConnections"]);
const PG_MESSAGES = /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|the database system is (starting up|shutting down|in recovery mode)/i;
/** Errors nest: Prisma's holds the adapter's, which holds pg's. */
const MAX_CAUSE_DEPTH = 6;

/** Why the database is unavailable, in a few words; null when the error means something else. */
export function unavailableReason(error: unknown): string | null {
  let current: unknown = error;
  for (let depth = 0; depth < MAX_CAUSE_DEPTH && typeof current === "object" && current !== null; depth += 1) {
    const fields = current as { code?: unknown; originalCode?: unknown; kind?: unknown; message?: unknown; cause?: unknown; meta?: { driverAdapterError?: unknown } };
    for (const code of [fields.code, fields.originalCode]) {
      if (typeof code !== "string") continue;
      if (SOCKET_CODES.has(code) || PRISMA_CODES.has(code) || POSTGRES_CODES.has(code) || code.startsWith("08")) return describe(fields.message, code);
    }
    if (typeof fields.kind === "string" && ADAPTER_KINDS.has(fields.kind)) return describe(fields.message, fields.kind);
    if (typeof fields.message === "string" && PG_MESSAGES.test(fields.message)) return describe(fields.message, "closed");
    current = fields.meta?.driverAdapterError ?? fields.cause;
  }
  return null;
}

/** The error itself, or a DatabaseUnavailable in its place. */
export function asDatabaseError(error: unknown): unknown {
  if (error instanceof DatabaseUnavailable) return error;
  const reason = unavailableReason(error);
  return reason === null ? error : new DatabaseUnavailable(reason, { cause: error });
}

function describe(message: unknown, code: string): string {
  if (typeof message !== "string") return code;
  const lines = message.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return (lines.at(-1) ?? code).replace(/\.$/, "");
}
