// Owns whether a server could work with the Postgres that DATABASE_URL names, found out before a running one is ended for
// it. The server's own program judges; nothing is known of databases here.
import { spawn } from "node:child_process";
import { LaunchFault } from "../fault.mjs";

/** How the server's program is asked (server/src/main.ts). */
const PROVE_DATABASE = "--prove-database";
/** Longer than the server waits for a connection. */
const PROVE_TIMEOUT_MS = 20_000;
const MEND = "give DATABASE_URL a Postgres that can be worked with, such as postgresql://USER:PASSWORD@HOST:5432/DATABASE, or unset it for the embedded one; what ran runs on as it was.";

/**
 * @param {Pick<import("./service.mjs").Service, "program" | "arguments" | "env" | "cwd">} server as it would be started
 * @returns {Promise<void>} rejects when it could not work with its database
 */
export async function proveDatabase(server) {
  if (!server.env["DATABASE_URL"]) return;
  const child = spawn(server.program, [...server.arguments, PROVE_DATABASE], { cwd: server.cwd, env: server.env, stdio: ["ignore", "ignore", "pipe"], timeout: PROVE_TIMEOUT_MS });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (complaint += text));
  /** @type {number | null} */
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code === 0) return;
  const reason = complaint.trim().replace(/^quetzal server: /, "") || `The database did not answer within ${PROVE_TIMEOUT_MS / 1000} s.`;
  throw new LaunchFault(reason.startsWith("DATABASE_URL") ? reason : `DATABASE_URL cannot be used. ${reason}`, { mend: MEND });
}
