// Where config.yaml is and its reading and writing. The YAML library is loaded only where there is a file to read.
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NOTHING_WRITTEN } from "./model.js";
import type { SettingsFile } from "./model.js";

/** Largest file read, in bytes: a person's settings are far below. */
const FILE_MAX_BYTES = 262_144;
/** A new file may come to hold a token. */
const FILE_MODE = 0o600;

/** $XDG_CONFIG_HOME/quetzal/config.yaml, by default below ~/.config. */
export function settingsPath(env: Readonly<Record<string, string | undefined>>): string {
  return join(env["XDG_CONFIG_HOME"] || join(env["HOME"] || "/", ".config"), "quetzal", "config.yaml");
}

/** What the file says; without a file, nothing is written. A file that cannot be read is a fault of its first line. */
export async function readSettings(path: string): Promise<SettingsFile> {
  const text = textOf(path);
  if (text === null) return { path, written: NOTHING_WRITTEN, faults: [] };
  if (typeof text !== "string") return { path, written: NOTHING_WRITTEN, faults: [{ line: 1, text: text.fault }] };
  const { parseSettings } = await import("./parse.js");
  return { path, ...parseSettings(text) };
}

/** Its text; null where there is none. */
export function textOf(path: string): string | { fault: string } | null {
  try {
    if (statSync(path).size > FILE_MAX_BYTES) return { fault: `It is larger than ${FILE_MAX_BYTES} bytes and was not read.` };
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    return { fault: `It cannot be read (${code ?? String(error)}).` };
  }
}

/** Written beside and moved over, so that a reader never sees half of it; its mode and a link to it are kept. */
export function writeText(wished: string, text: string): void {
  mkdirSync(dirname(wished), { recursive: true, mode: 0o700 });
  const path = existsSync(wished) ? realpathSync(wished) : wished;
  const beside = `${path}.new-${process.pid}`;
  writeFileSync(beside, text, { mode: FILE_MODE });
  chmodSync(beside, modeOf(path));
  renameSync(beside, path);
}

function modeOf(path: string): number {
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return FILE_MODE;
  }
}
