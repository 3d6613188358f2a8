// Owns whether a server could listen where QUETZAL_LISTEN and QUETZAL_TLS_* say, found out before a running one is ended
// for it. The rules are the server's own (server/src/config.ts), which judges once more.
import { readFileSync } from "node:fs";
import { createServer, isIP } from "node:net";
import { createSecureContext } from "node:tls";
import { LaunchFault } from "../fault.mjs";

/** @typedef {{host: string, port: number}} Address */
/** @typedef {Readonly<Record<string, string | undefined>>} Env */

/** Where the server listens unless QUETZAL_LISTEN says otherwise: this machine only. */
export const DEFAULT_LISTEN = "127.0.0.1:4560";
const MAX_PORT = 65_535;
/** A server on these holds its port on every address of the machine. */
const WILDCARDS = new Set(["0.0.0.0", "::"]);

/** @param {Env} env @returns {string} as it was wished, or the default */
export const wishedListen = (env) => env["QUETZAL_LISTEN"] || DEFAULT_LISTEN;

/**
 * @param {Env} env
 * @param {Address | undefined} own where our own server listens now: its port is free for its successor
 * @returns {Promise<LaunchFault | undefined>} undefined: a server could listen there
 */
export async function listenFault(env, own) {
  const wished = parseListen(wishedListen(env));
  if (wished instanceof LaunchFault) return wished;
  return tlsFault(env, wished.host) ?? (await portFault(wished, own));
}

/** @param {string} listen @returns {Address | LaunchFault} */
export function parseListen(listen) {
  const [, host, digits] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(listen) ?? [];
  if (host !== undefined && Number(digits) <= MAX_PORT) return { host, port: Number(digits) };
  return new LaunchFault(`QUETZAL_LISTEN is ${JSON.stringify(listen)}, which is not an address and a port.`, { mend: `write it like ${DEFAULT_LISTEN}.` });
}

/** @param {Env} env @param {string} host @returns {LaunchFault | undefined} */
function tlsFault(env, host) {
  const certificate = env["QUETZAL_TLS_CERT"] || undefined;
  const key = env["QUETZAL_TLS_KEY"] || undefined;
  if (certificate === undefined && key === undefined) {
    if (isLoopback(host)) return undefined;
    return new LaunchFault(`QUETZAL_LISTEN names ${host}, which others can reach, and tokens must not travel in the clear.`, { mend: "set QUETZAL_TLS_CERT and QUETZAL_TLS_KEY, or listen on 127.0.0.1." });
  }
  if (certificate === undefined || key === undefined) return new LaunchFault(`${certificate ? "QUETZAL_TLS_KEY" : "QUETZAL_TLS_CERT"} is missing: the certificate and its key go together.`, { mend: "set QUETZAL_TLS_CERT and QUETZAL_TLS_KEY, or neither." });
  try {
    createSecureContext({ cert: readFileSync(certificate), key: readFileSync(key) });
    return undefined;
  } catch (error) {
    return new LaunchFault(`The certificate ${certificate} and the key ${key} cannot be used (${textOf(error)}).`, { mend: "give QUETZAL_TLS_CERT and QUETZAL_TLS_KEY PEM files that you may read and that belong together.", cause: error });
  }
}

/** @param {string} host */
const isLoopback = (host) => host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

/** @param {Address} wished @param {Address | undefined} own @returns {Promise<LaunchFault | undefined>} */
async function portFault(wished, own) {
  const { host, port } = wished;
  const error = await bindError(wished);
  if (error === undefined) return undefined;
  if (error.code === "EADDRINUSE") {
    if (own && mayBeOurs(wished, own)) return undefined;
    return new LaunchFault(`Port ${port} of ${host} is in use by another program.`, { mend: `end that program, or choose another port: QUETZAL_LISTEN=${isIP(host) === 6 ? `[${host}]` : host}:${port < MAX_PORT ? port + 1 : port - 1} npm start` });
  }
  if (error.code === "EACCES") return new LaunchFault(`Port ${port} of ${host} needs more rights than you have.`, { mend: "choose a port above 1023 with QUETZAL_LISTEN=HOST:PORT." });
  return new LaunchFault(`Nothing can listen on port ${port} of ${host} (${textOf(error)}).`, { mend: "choose an address of this machine with QUETZAL_LISTEN=HOST:PORT." });
}

/** Two addresses of the machine are two ports, unless one is every address or a name. @param {Address} wished @param {Address} own */
function mayBeOurs(wished, own) {
  const isOneAddress = [wished.host, own.host].every((host) => isIP(host) !== 0 && !WILDCARDS.has(host));
  return wished.port === own.port && (wished.host === own.host || !isOneAddress);
}

/** Taking the port and giving it back tells more than asking who answers there. @param {Address} address @returns {Promise<NodeJS.ErrnoException | undefined>} */
function bindError({ host, port }) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** @param {unknown} error */
const textOf = (error) => (error instanceof Error ? error.message : String(error));
