// A definition as text to edit, YAML because it knows comments, and back. Pure.
import { parseDocument, stringify } from "yaml";
import { sanitise } from "../../format.js";
import { CommandError, EXIT } from "../exit.js";
import type { DefinedVm, Definition } from "./definition.js";

/** Largest text read back, in bytes: a definition is a few kB. */
const MAX_EDITED_BYTES = 1024 * 1024;

export function writeEditable({ id, state, definition }: Pick<DefinedVm, "id" | "state" | "definition">): string {
  const head = [
    `# The definition of ${sanitise(id)} (${state.toLowerCase()}). Lines that begin with # are not read.`,
    "# Save and leave to have it checked and shown; leave it unchanged or empty to give up.",
  ];
  return `${head.join("\n")}\n${stringify(definition, { lineWidth: 0 })}`;
}

/** Throws a CommandError with line and column of what is wrong. */
export function readEdited(text: string, { id }: Pick<DefinedVm, "id">): Definition {
  if (Buffer.byteLength(text) > MAX_EDITED_BYTES) throw fault(`The text is larger than ${MAX_EDITED_BYTES} bytes, which no definition is.`);
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  const [first] = document.errors;
  if (first !== undefined) {
    const place = first.linePos?.[0];
    throw fault(`Line ${place?.line ?? 1}, column ${place?.col ?? 1}: ${(first.message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "")}.`);
  }
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault("A definition is a list of fields such as 'memory_mb: 2048'.");
  if ((value as Definition)["id"] !== id) throw fault(`The id must stay ${sanitise(id)}: another VM is made with 'quetzal vm create'.`);
  return value as Definition;
}

function fault(message: string): CommandError {
  return new CommandError(EXIT.usage, "InvalidSpec", message);
}
