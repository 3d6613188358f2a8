// A VM's definition as text for an editor, and back: YAML under lines of comment that say what it is and, after a try
// that failed, why. Pure; what a definition may say is judged by the server alone.
import { isDeepStrictEqual } from "node:util";
import { LineCounter, parseDocument, stringify } from "yaml";
import { sanitise } from "../format.js";

export type Definition = Readonly<Record<string, unknown>>;

export type Read =
  | { kind: "definition"; definition: Definition; /** Line of a field such as disks[0].path, or of the nearest one above it that is there; null: of none. */ lineOf: (field: string) => number | null }
  | { kind: "empty" }
  | { kind: "fault"; reason: string };

/** Longest text read back, in characters: a definition is a few kB; something else saved by mistake is not parsed. */
const TEXT_MAX_LENGTH = 1024 * 1024;
/** Begins the lines that tell of the last try; they go when the text is opened again. */
const NOTE = "#! ";
/** Lines are broken here, so that a comment is read whole on the least terminal. */
const NOTE_WIDTH = 76;

/** The text that is opened first. */
export function editText(definition: Definition, head: readonly string[]): string {
  return `${head.map((line) => `# ${sanitise(line)}\n`).join("")}${stringify(definition, { lineWidth: 0 })}`;
}

/** The head of a VM's text: which VM, and what saving does. */
export function headOf({ id, name }: { id: string; name: string }): string[] {
  return [
    name === id ? `The definition of the VM ${id}.` : `The definition of the VM ${id}, named ${JSON.stringify(name)}.`,
    "When this is saved and the editor left, the change is checked, shown, and made after a yes.",
    "Left unchanged or empty, nothing is done. Lines that begin with # are no part of it.",
  ];
}

/** The same text under other notes: why the last try failed. */
export function withNotes(text: string, notes: readonly string[]): string {
  const kept = text.split("\n").filter((line) => !line.startsWith(NOTE)).join("\n");
  const lines = notes.flatMap((note) => note.split("\n")).flatMap((line) => broken(sanitise(line)));
  return lines.map((line) => `${NOTE}${line}\n`).join("") + kept;
}

/** The same text under why it failed, the line in it moved as the text is by its notes. */
export function withFault(text: string, reason: string): string {
  const moved = lineCount(withNotes(text, [reason])) - lineCount(text);
  return withNotes(text, [reason.replace(LINE, (_, line: string) => atLine(Number(line) + moved, ""))]);
}

/** A reason with its line before it, where it has one. */
export function atLine(line: number | null, reason: string): string {
  return line === null ? reason : `Line ${line}: ${reason}`;
}
const LINE = /^Line (\d+): /;

/** What was saved. JSON is YAML, so either may be written. */
export function readText(text: string): Read {
  if (text.length > TEXT_MAX_LENGTH) return fault(`The text has ${text.length} characters; a definition has at most ${TEXT_MAX_LENGTH}.`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) return fault(atLine(lines.linePos(error.pos[0]).line, `this is not valid YAML: ${error.message}.`));
  let definition: unknown;
  try {
    definition = document.toJS();
  } catch (tooMany) {
    // Aliases that multiply, or that name nothing.
    return fault(`This is not valid YAML: ${tooMany instanceof Error ? tooMany.message : String(tooMany)}.`);
  }
  if (definition === null || definition === undefined) return { kind: "empty" };
  if (typeof definition !== "object" || Array.isArray(definition)) return fault("A definition is a list of fields with their values, such as memory_mb: 512.");
  const lineOf = (field: string): number | null => {
    for (let path = pathOf(field); path.length > 0; path = path.slice(0, -1)) {
      const node: unknown = document.getIn(path, true);
      const start = (node as { range?: readonly number[] | null } | undefined)?.range?.[0];
      if (start !== undefined) return lines.linePos(start).line;
    }
    return null;
  };
  return { kind: "definition", definition: definition as Definition, lineOf };
}

/** Whether two definitions say the same, whatever the order of their fields. */
export function isSame(one: Definition, other: Definition): boolean {
  return isDeepStrictEqual(one, other);
}

/** disks[0].path as keys one below the other. */
function pathOf(field: string): (string | number)[] {
  return (field.match(/[^.[\]]+/g) ?? []).map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}

function lineCount(text: string): number {
  return text.split("\n").length;
}

function fault(reason: string): Read {
  return { kind: "fault", reason };
}

function broken(line: string): string[] {
  const lines: string[] = [];
  for (const word of line.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= NOTE_WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
