// Reads VM definitions from files: a folder with config.json and network.conf, a folder of such folders, or a JSON file.
// It judges files (is it JSON, is it there, is an id twice); what a definition may say is judged once, by the daemon.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { CommandError, EXIT } from "./exit.js";
import { JsonFault, parseJson } from "./json-text.js";
import type { ParsedJson, Position } from "./json-text.js";

export const CONFIG_NAME = "config.json";
export const NETWORK_NAME = "network.conf";
/** What tells a VM's folder that has lost its definition from any other. */
const BESIDE_CONFIG = [NETWORK_NAME, "disk.img", "start.sh"];
/** Largest file read, in bytes: a definition is a few kB; a disk image given by mistake is not read. */
const MAX_FILE_BYTES = 1024 * 1024;

export interface Definition {
  /** The JSON file. */
  readonly file: string;
  /** Undefined where the file gives none that is a string: the daemon says so. */
  readonly id: string | undefined;
  /** As the API takes it, network.conf merged in. */
  readonly value: Readonly<Record<string, unknown>>;
  /** `file:line:column` of a field, or the network.conf where that field came from it. */
  placeOf(field: string): string;
}

/** All definitions under the paths, in order; throws a CommandError that names file, line, column and field. */
export function readDefinitions(paths: readonly string[]): Definition[] {
  const files = [...new Set(paths.flatMap(filesOf))];
  const definitions = files.map(readDefinition);
  refuseRepeatedIds(definitions);
  return definitions;
}

function filesOf(path: string): string[] {
  const kind = kindOf(path);
  if (kind === "file") return [path];
  if (kindOf(join(path, CONFIG_NAME)) === "file") return [join(path, CONFIG_NAME)];
  const files = kind === "folder" ? definitionsIn(path) : [];
  if (files.length > 0) return files;
  const why = kind === "nothing" ? "does not exist" : `holds neither ${CONFIG_NAME} nor a folder with one`;
  throw inputError("NoDefinition", `${path} ${why}: give a folder with ${CONFIG_NAME}, a folder of such folders, or a JSON file.`);
}

/** Loose files and other folders beside them (a schema, a README, an image's builder) are none of ours. */
function definitionsIn(folder: string): string[] {
  return readdirSync(folder).sort().flatMap((name) => {
    const file = join(folder, name, CONFIG_NAME);
    if (kindOf(file) === "file") return [file];
    refuseBare(join(folder, name));
    return [];
  });
}

/** A folder that was a VM's: passed over in silence, its VM would seem to be applied. */
function refuseBare(path: string): void {
  if (kindOf(path) !== "folder") return;
  const names = readdirSync(path);
  const left = BESIDE_CONFIG.find((name) => names.includes(name));
  if (names.length > 0 && left === undefined) return;
  throw inputError("NoDefinition", `${join(path, CONFIG_NAME)} is missing: its folder ${left === undefined ? "is empty" : `holds ${left} and no definition`}; put it there, or remove the folder. Nothing was applied.`);
}

function kindOf(path: string): "file" | "folder" | "nothing" {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "nothing";
    throw inputError("Unreadable", `${path} cannot be read (${code ?? String(error)}): check its rights.`);
  }
}

function readDefinition(file: string): Definition {
  const parsed = parseFile(file);
  const { value } = parsed;
  const place = (position: Position): string => `${file}:${position.line}:${position.column}`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw inputError("InvalidSpec", `${place(parsed.positionOf(""))}: a definition is a JSON object, such as {"id": "web-1", "memory_mb": 512, "vcpus": 1}.`);
  }
  const definition = value as Record<string, unknown>;
  const network = basename(file) === CONFIG_NAME ? readNetwork(join(dirname(file), NETWORK_NAME)) : undefined;
  return {
    file,
    id: typeof definition["id"] === "string" ? definition["id"] : undefined,
    value: network ? { ...definition, network: merged(definition["network"], network, place(parsed.positionOf("network"))) } : definition,
    placeOf(field) {
      const key = field.startsWith("network.") ? field.slice("network.".length) : undefined;
      if (key !== undefined && network?.fields[key] !== undefined) return `${network.file}:${network.lines[key] ?? 1}`;
      return place(parsed.positionOf(field));
    },
  };
}

function parseFile(file: string): ParsedJson {
  const text = readText(file);
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw inputError("InvalidJson", `${file}:${error.position.line}:${error.position.column}: this is not valid JSON: ${error.message}; mend it there, nothing was applied.`);
  }
}

function readText(file: string): string {
  const { size } = statSync(file);
  if (size > MAX_FILE_BYTES) throw inputError("TooLarge", `${file} has ${size} bytes; a definition has at most ${MAX_FILE_BYTES}: give the JSON file itself.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const why = error instanceof TypeError ? "is not UTF-8 text" : `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
    throw inputError("Unreadable", `${file} ${why}: check it.`);
  }
}

interface Network {
  readonly file: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly lines: Readonly<Record<string, number>>;
}

/** Keys of network.conf and the fields of `network` that they set. */
const NETWORK_FIELDS: Readonly<Record<string, string>> = { MODE: "mode", BRIDGE: "bridge", MAC: "mac", MODEL: "model" };

function readNetwork(file: string): Network | undefined {
  if (kindOf(file) !== "file") return undefined;
  const text = readText(file);
  const lines = text.split("\n");
  const stray = lines.findIndex((line) => !/^\s*(?:#.*)?$|^\s*(?:export\s+)?[A-Za-z_]\w*\s*=/.test(line));
  if (stray >= 0) throw inputError("InvalidNetwork", `${file}:${stray + 1}: expected KEY=value, a comment or nothing.`);
  const lineOf = (key: string): number => 1 + lines.findIndex((line) => new RegExp(`^\\s*(?:export\\s+)?${key}\\s*=`).test(line));
  const fields: Record<string, string> = {};
  const lineNumbers: Record<string, number> = {};
  for (const [key, value] of Object.entries(parseEnv(text))) {
    const field = NETWORK_FIELDS[key];
    if (field === undefined) throw inputError("InvalidNetwork", `${file}:${lineOf(key)}: ${key} is not known; known are ${Object.keys(NETWORK_FIELDS).join(", ")}.`);
    fields[field] = value ?? "";
    lineNumbers[field] = lineOf(key);
  }
  return { file, fields, lines: lineNumbers };
}

/** The network of both files; where they disagree neither wins, for one of them would be silently untrue. */
function merged(own: unknown, network: Network, place: string): Record<string, unknown> {
  if (own === undefined) return { ...network.fields };
  if (typeof own !== "object" || own === null || Array.isArray(own)) throw inputError("InvalidSpec", `${place}: network must be an object.`, "network");
  const fields = own as Record<string, unknown>;
  for (const [key, value] of Object.entries(network.fields)) {
    if (fields[key] === undefined || fields[key] === value) continue;
    throw inputError("InvalidSpec", `${place}: network.${key} is ${JSON.stringify(fields[key])} here and ${JSON.stringify(value)} in ${network.file}: remove one.`, `network.${key}`);
  }
  return { ...fields, ...network.fields };
}

function refuseRepeatedIds(definitions: readonly Definition[]): void {
  const first = new Map<string, Definition>();
  for (const definition of definitions) {
    if (definition.id === undefined) continue;
    const earlier = first.get(definition.id);
    if (earlier) {
      throw inputError("RepeatedId", `${definition.placeOf("id")}: the id ${JSON.stringify(definition.id)} is also that of ${earlier.placeOf("id")}: give each VM its own; nothing was applied.`, "id");
    }
    first.set(definition.id, definition);
  }
}

function inputError(code: string, message: string, field?: string): CommandError {
  return new CommandError(EXIT.usage, code, message, field);
}
