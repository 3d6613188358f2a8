// `quetzal graphql`: any query, mutation or subscription as typed by a person, answered in JSON. Nothing is judged here.
import { graphql } from "../client/document.js";
import type { TypedDocument } from "../client/document.js";
import { noteOutages, printJson, printJsonLine } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";

type Untyped = TypedDocument<unknown, Record<string, unknown>>;
/** A document of text that is only known at run time. */
const untyped = graphql as unknown as (text: string) => Untyped;

export async function runGraphql(context: CommandContext, argument: string, options: { variables?: string }): Promise<void> {
  const text = argument === "-" ? await context.readInput() : argument;
  if (text.trim() === "") throw new CommandError(EXIT.usage, "Usage", "The query is empty: give one such as '{ vms { nodes { id state } } }', or - to read it from standard input.");
  const variables = parseVariables(options.variables);
  if (!isSubscription(text)) return printJson(context, await context.client().request(untyped(text), variables, context.signal));
  noteOutages(context);
  for await (const result of context.client().subscribe(untyped(text), variables, context.signal)) await printJsonLine(context, result);
}

function parseVariables(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, with the mend.
  }
  throw new CommandError(EXIT.usage, "Usage", `--variables is not a JSON object: give one such as '{"id": "web-1"}'.`);
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
