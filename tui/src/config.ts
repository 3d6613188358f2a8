// The only reader of the environment in tui/: where the server is, who we are, and what the terminal can do.
import { readFileSync } from "node:fs";
import { resolvePaths, stateDirFault } from "../launch/paths.mjs";
import type { Endpoint, EndpointSource } from "./client/endpoint.js";
import { ClientError } from "./client/error.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Config {
  /** Where the server is now; asked before each connection. Throws a ClientError that names the mend. */
  readonly endpoint: EndpointSource;
  /** NO_COLOR (no-color.org) or TERM=dumb forbids colours. */
  readonly colours: "allowed" | "forbidden";
  /** Whether the locale can show more than ASCII. */
  readonly characters: "unicode" | "ascii";
  /** The kind of terminal, TERM; "xterm" where none is told. */
  readonly terminal: string;
  /** For child processes: the environment they inherit. */
  readonly environment: Environment;
}

export function readConfig(env: Environment = process.env, uid: number = process.geteuid?.() ?? 0): Config {
  return {
    endpoint: () => findEndpoint(env, uid),
    colours: env["NO_COLOR"] || env["TERM"] === "dumb" ? "forbidden" : "allowed",
    characters: readsUnicode(env) ? "unicode" : "ascii",
    terminal: env["TERM"] || "xterm",
    environment: env,
  };
}

/** POSIX: the first of these three that is set decides; none set is the C locale, though terminals of today read UTF-8. */
function readsUnicode(env: Environment): boolean {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return locale === "" || /utf-?8/i.test(locale);
}

function findEndpoint(env: Environment, uid: number): Endpoint {
  const fault = stateDirFault(env);
  if (fault) throw new ClientError("unreachable", fault);
  const paths = resolvePaths(env, uid);
  const givenUrl = env["QUETZAL_URL"];
  const givenToken = env["QUETZAL_TOKEN"];
  const url = givenUrl ? checkUrl(givenUrl) : runningServerUrl(paths.serverJson);
  if (givenToken) return { url, token: givenToken };
  // The local admin token is for this machine's server only; elsewhere it would be given away.
  if (givenUrl && !isLoopback(url)) return { url };
  const token = readToken(paths.tokenFile);
  return token === undefined ? { url } : { url, token };
}

function checkUrl(text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : undefined;
  if (protocol === "http:" || protocol === "https:") return text;
  throw new ClientError("unreachable", `QUETZAL_URL is ${JSON.stringify(text)}, which is not an http or https URL: give one such as http://127.0.0.1:4560.`);
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function runningServerUrl(path: string): string {
  const text = readIfThere(path);
  if (text === undefined) {
    throw new ClientError("unreachable", `The server does not run here (there is no ${path}): start it with 'npm start' or set QUETZAL_URL and QUETZAL_TOKEN.`);
  }
  const url = urlIn(text);
  if (url === undefined) throw new ClientError("unreachable", `${path} does not say where the server is: restart the server with 'npm start'.`);
  return url;
}

function urlIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "url" in value && typeof value.url === "string" && URL.canParse(value.url)) return value.url;
  } catch {
    // Half-written or damaged: the caller says so.
  }
  return undefined;
}

function readToken(path: string): string | undefined {
  const token = readIfThere(path)?.trim();
  return token === "" ? undefined : token;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const mend = code === "EACCES" ? "run as its owner or set QUETZAL_URL and QUETZAL_TOKEN" : "check it";
    throw new ClientError(code === "EACCES" ? "unauthorised" : "unreachable", `${path} cannot be read (${code ?? String(error)}): ${mend}.`, { cause: error });
  }
}
