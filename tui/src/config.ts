// The only reader of the environment in tui/: where the server is, who we are, what the terminal can do, and what the
// person has set in config.yaml.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { resolvePaths, stateDirFault } from "../launch/paths.mjs";
import type { Endpoint, EndpointSource } from "./client/endpoint.js";
import { ClientError } from "./client/error.js";
import { chooseServer, endpointOf } from "./settings/contexts.js";
import type { ServerChoice } from "./settings/contexts.js";
import { readSettings, settingsPath } from "./settings/file.js";
import { NOTHING_WRITTEN } from "./settings/model.js";
import type { SettingsFile } from "./settings/model.js";
import { backgroundOf, charactersOf, colourDepth } from "./terminal-kind.js";
import type { Characters, ColourDepth, ColourWish } from "./terminal-kind.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line's own options say; they come before environment and file. */
export interface Choices { readonly context?: string | undefined; readonly colour?: ColourWish | undefined }

export interface Config {
  /** Where the server is now; asked before each connection. Throws a ClientError that names the mend. */
  readonly endpoint: EndpointSource;
  /** Which server is meant, and what decided it. */
  readonly server: ServerChoice;
  /** What the terminal shows; better known with the colours of its terminfo entry. */
  readonly colours: (terminfoColours?: number) => ColourDepth;
  /** What --color says; "always" holds for a pipe too. */
  readonly colourWish: ColourWish;
  /** Whether more than ASCII can be shown. */
  readonly characters: Characters;
  readonly background: "light" | "dark";
  /** The kind of terminal, TERM; "xterm" where none is told. */
  readonly terminal: string;
  /** For child processes of ours: the environment they inherit, in which they choose the same server. */
  readonly environment: Environment;
  /** What `npm start` could not do before it opened the dashboard; empty when all was done. */
  readonly startFault: string;
  readonly settings: SettingsFile;
  /** Where a fault of our own is written down, when its folder is there. */
  readonly logFile: string;
  /** The same with the choices of a command line. */
  with(choices: Choices): Config;
}

export async function openConfig(env: Environment = process.env, uid: number = process.geteuid?.() ?? 0): Promise<Config> {
  return readConfig(env, uid, await readSettings(settingsPath(env)));
}

export function readConfig(env: Environment, uid: number, settings: SettingsFile = { path: settingsPath(env), written: NOTHING_WRITTEN, faults: [] }, choices: Choices = {}): Config {
  const server = chooseServer(settings, env, choices.context);
  return {
    endpoint: () => findEndpoint(env, uid, server, settings.path),
    server,
    colours: (terminfoColours) => colourDepth(env, choices.colour ?? "auto", terminfoColours),
    colourWish: choices.colour ?? "auto",
    characters: charactersOf(env),
    background: backgroundOf(env),
    terminal: env["TERM"] || "xterm",
    environment: choices.context === undefined ? env : inContext(env, choices.context),
    startFault: env["QUETZAL_START_FAULT"] ?? "",
    settings,
    logFile: join(resolvePaths(env, uid).logsDir, "client.log"),
    with: (chosen) => readConfig(env, uid, settings, chosen),
  };
}

/** The environment in which a child of ours asks the same server. */
function inContext(env: Environment, name: string): Environment {
  const kept = Object.entries(env).filter(([key]) => key !== "QUETZAL_URL" && key !== "QUETZAL_TOKEN");
  return { ...Object.fromEntries(kept), QUETZAL_CONTEXT: name };
}

function findEndpoint(env: Environment, uid: number, server: ServerChoice, settingsFile: string): Endpoint {
  if (server.fault !== null) throw new ClientError("unreachable", server.fault);
  if (server.context !== null) return endpointOf(server.context, settingsFile);
  const fault = stateDirFault(env);
  if (fault) throw new ClientError("unreachable", fault);
  const paths = resolvePaths(env, uid);
  const givenUrl = server.by === "QUETZAL_URL" ? env["QUETZAL_URL"] : undefined;
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
