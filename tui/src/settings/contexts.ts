// Which server is meant, and how to be let in: a context of config.yaml, QUETZAL_URL, or this machine's own server.
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Endpoint } from "../client/endpoint.js";
import { ClientError } from "../client/error.js";
import { LOCAL_CONTEXT } from "./model.js";
import type { ServerContext, SettingsFile } from "./model.js";

export interface ServerChoice {
  /** Name of a context; "QUETZAL_URL" where that variable decides. */
  readonly name: string;
  /** What decided it, as the person would look for it. */
  readonly by: "--context" | "QUETZAL_URL" | "QUETZAL_CONTEXT" | "config.yaml" | "default";
  /** Null: this machine's own server, or QUETZAL_URL. */
  readonly context: ServerContext | null;
  /** Why the choice cannot be followed. */
  readonly fault: string | null;
}

/** The option decides before the variables, these before the file: what is nearest to the command line wins. */
export function chooseServer(file: SettingsFile, env: Readonly<Record<string, string | undefined>>, option: string | undefined): ServerChoice {
  if (option !== undefined) return named(file, option, "--context");
  if (env["QUETZAL_URL"]) return { name: "QUETZAL_URL", by: "QUETZAL_URL", context: null, fault: null };
  if (env["QUETZAL_CONTEXT"]) return named(file, env["QUETZAL_CONTEXT"], "QUETZAL_CONTEXT");
  const { current } = file.written;
  return current === null ? { name: LOCAL_CONTEXT, by: "default", context: null, fault: null } : named(file, current.value, "config.yaml");
}

function named(file: SettingsFile, name: string, by: ServerChoice["by"]): ServerChoice {
  const context = file.written.contexts.find((one) => one.name === name) ?? null;
  if (context !== null || name === LOCAL_CONTEXT) return { name, by, context, fault: null };
  const known = [LOCAL_CONTEXT, ...file.written.contexts.map((one) => one.name)].join(", ");
  const where = by === "config.yaml" ? `${file.path} line ${file.written.current?.line ?? 1} says` : `${by} is`;
  return { name, by, context, fault: `${where} ${JSON.stringify(name)}, and no such context is set: there ${known === LOCAL_CONTEXT ? "is" : "are"} ${known}. 'quetzal context ls' shows them.` };
}

/** Where a context's server is. Throws a ClientError that names the mend when its token cannot be had. */
export function endpointOf(context: ServerContext, settingsPath: string): Endpoint {
  const { url, token, tokenFile } = context;
  if (tokenFile !== null) return { url, token: secretIn(tokenPath(tokenFile, settingsPath), `The token file of the context ${JSON.stringify(context.name)}`) };
  if (token === null) return { url };
  // A token in the file itself asks the same of the file.
  refuseOpenFile(settingsPath, `config.yaml holds the token of the context ${JSON.stringify(context.name)}, and`);
  return { url, token };
}

/** Why nobody can be let in by a context; null: it has what it says. */
export function tokenFault(context: ServerContext, settingsPath: string): string | null {
  try {
    endpointOf(context, settingsPath);
    return null;
  } catch (error) {
    if (error instanceof ClientError) return error.message;
    throw error;
  }
}

function tokenPath(tokenFile: string, settingsPath: string): string {
  return tokenFile.startsWith("~/") ? join(homedir(), tokenFile.slice(2)) : resolve(dirname(settingsPath), tokenFile);
}

/** Rights of group and others. */
const OTHERS = 0o077;

function refuseOpenFile(path: string, who: string): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & OTHERS) !== 0) throw new ClientError("unauthorised", `${who} ${path} may be read by others (mode ${mode.toString(8).padStart(4, "0")}): run 'chmod 600 ${path}'.`);
}

function secretIn(path: string, who: string): string {
  try {
    refuseOpenFile(path, `${who},`);
    const secret = readFileSync(path, "utf8").trim();
    if (secret !== "") return secret;
  } catch (error) {
    if (error instanceof ClientError) throw error;
    throw new ClientError("unauthorised", `${who}, ${path}, cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}): put the token into it, mode 0600.`, { cause: error });
  }
  throw new ClientError("unauthorised", `${who}, ${path}, is empty: put the token into it.`);
}
