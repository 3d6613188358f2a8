// `quetzal graphql`: any query, mutation or subscription as typed by a person, answered in JSON. Nothing is judged here.
import { readFileSync } from "node:fs";
import { ClientError } from "../client/error.js";
import { graphql } from "../client/document.js";
import type { TypedDocument } from "../client/document.js";
import { sanitise } from "../format.js";
import { noteOutages } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT, markedFault } from "./exit.js";
import { printJsonLine, printValue } from "./output/print.js";

type Untyped = TypedDocument<unknown, Record<string, unknown>>;
/** A document of text that is only known at run time. */
export const untyped = graphql as unknown as (text: string) => Untyped;

export interface GraphqlOptions {
  /** A file with the query. */
  readonly file?: string;
  /** A JSON object. */
  readonly variables?: string;
  /** Each "name=value"; a value that is JSON counts as such, any other as text. */
  readonly variable?: readonly string[];
}

export async function runGraphql(context: CommandContext, argument: string | undefined, options: GraphqlOptions): Promise<void> {
  const text = await queryText(context, argument, options.file);
  if (text.trim() === "") throw usage("The query is empty: give one such as '{ vms { nodes { id state } } }', --file PATH, or - to read it from standard input.");
  const variables = { ...parseVariables(options.variables), ...Object.fromEntries((options.variable ?? []).map(parseVariable)) };
  try {
    if (!isSubscription(text)) await printValue(context, await context.client().request(untyped(text), variables, context.signal));
    else await follow(context, text, variables);
  } catch (error) {
    throw documentFault(error, text);
  }
}

async function follow(context: CommandContext, text: string, variables: Record<string, unknown>): Promise<void> {
  if (context.format === "yaml") throw usage("A subscription has no end, so it is printed as JSON, an object a line: leave -o yaml out.");
  noteOutages(context);
  for await (const result of context.client().subscribe(untyped(text), variables, context.signal)) await printJsonLine(context, result);
}

/** What the server says of a document before anything was done, when it has no place in it. */
const REFUSED_CODES: readonly unknown[] = ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "QUERY_TOO_EXPENSIVE"];

/** The failure of a document that breaks a rule: the server's sentence, the line at fault, and a mark below the place. */
export function documentFault(error: unknown, text: string): unknown {
  if (!(error instanceof ClientError) || error.kind !== "graphql") return error;
  const { place, code, message } = error;
  if (place === undefined) return REFUSED_CODES.includes(code) ? new CommandError(EXIT.usage, "InvalidQuery", message) : error;
  const line = text.split(/\r\n|[\n\r]/)[place.line - 1] ?? "";
  return new CommandError(EXIT.usage, "InvalidQuery", markedFault(`Line ${place.line}, column ${place.column}: ${message}`, line.replaceAll("\t", " "), place.column));
}

async function queryText(context: CommandContext, argument: string | undefined, file: string | undefined): Promise<string> {
  if (argument !== undefined && file !== undefined) throw usage("Give the query either in words or with --file, not both.");
  if (argument === "-" || file === "-") return context.readInput();
  if (file === undefined) return argument ?? "";
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usage(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}): check the path.`);
  }
}

function parseVariables(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  const value = parsedJson(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw usage(`--variables is not a JSON object: give one such as '{"id": "web-1"}', or --variable id=web-1.`);
}

function parseVariable(text: string): [string, unknown] {
  const equals = text.indexOf("=");
  if (equals < 1) throw usage(`--variable "${sanitise(text)}" has no name: give name=value, such as id=web-1.`);
  const value = text.slice(equals + 1);
  return [text.slice(0, equals), parsedJson(value) ?? value];
}

/** Undefined for what is no JSON. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function usage(message: string): CommandError {
  return new CommandError(EXIT.usage, "Usage", message);
}

/** Whether the first operation is a subscription: the keyword at the start, or after fragments, outside of comments. */
export function isSubscription(text: string): boolean {
  const code = text.replace(/#[^\n]*/g, "").replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
  let depth = 0;
  for (const [token] of code.matchAll(/[{}]|[A-Za-z_]\w*/g)) {
    if (token === "{") depth += 1;
    else if (token === "}") depth -= 1;
    else if (depth === 0 && token === "subscription") return true;
    else if (depth === 0 && (token === "query" || token === "mutation")) return false;
  }
  return false;
}
