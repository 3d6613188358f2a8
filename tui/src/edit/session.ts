// Editing a definition from the first look to the end: open the text, read what was left, have it judged, show what
// changes, put it. Faults and other people's changes lead back to the text, and nothing that was written is lost. How an
// editor is run and how a person is asked comes in from outside.
//
//   open ──► read ──► judge ──► ask ──► put ──► saved
//    ▲         │fault    │refused  │again  │changed meanwhile
//    └─────────┴─────────┴─────────┴───────┘          (on the newer definition, with the notes of the last try)
import { randomUUID } from "node:crypto";
import type { Client } from "../client/client.js";
import { EditFile } from "./file.js";
import { loadDefinition, putDefinition } from "./put.js";
import type { Loaded, PutOperation } from "./put.js";
import { editText, headOf, isSame, readText, withNotes } from "./text.js";
import type { Definition } from "./text.js";

export type Question =
  /** What was written cannot be put: shall it be opened again? */
  | { kind: "again"; reasons: readonly string[] }
  /** The VM has another definition now: shall that be opened? */
  | { kind: "newer"; reasons: readonly string[] }
  /** This is what changes: shall it be put? */
  | { kind: "save"; changes: readonly string[]; effect: string };
export type Reply = "yes" | "edit" | "no";

export interface Editing {
  /** Runs the editor on the file until it has ended; null: it ended well, else one sentence why not. */
  edit(path: string): Promise<string | null>;
  ask(question: Question): Promise<Reply>;
  /** The folder for temporary files. */
  readonly temporaryFolder: string;
}

export type EditOutcome =
  | { kind: "saved"; changes: readonly string[]; effect: string; operation: PutOperation | null }
  | { kind: "unchanged"; reason: string }
  /** Not put; what was written is kept in a file, unless there was nothing worth keeping. */
  | { kind: "dropped"; reason: string; keptIn: string | null }
  | { kind: "not found"; reason: string };

type Tried = { kind: "over"; outcome: EditOutcome } | { kind: "open"; text: string };

/** Throws a ClientError when the server is away; what was written is then kept and the error names the file. */
export async function editVm(client: Client, vmId: string, ways: Editing, signal?: AbortSignal): Promise<EditOutcome> {
  const before = await loadDefinition(client, vmId, signal);
  if (before === null) return { kind: "not found", reason: `There is no VM ${vmId}.` };
  using file = new EditFile(ways.temporaryFolder, vmId);
  const session = new EditSession(client, ways, file, before, signal);
  let text = editText(before.definition, headOf(before));
  for (;;) {
    file.write(text);
    const fault = await ways.edit(file.path);
    if (fault !== null) return dropped(session, fault);
    try {
      const tried = await session.take(file.read());
      if (tried.kind === "over") return tried.outcome;
      ({ text } = tried);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${reason} What was written is kept in ${file.keep()}.`, { cause: error });
    }
  }
}

function dropped(session: EditSession, reason: string): EditOutcome {
  return { kind: "dropped", reason, keptIn: session.keepIfWritten() };
}

class EditSession {
  constructor(private readonly client: Client, private readonly ways: Editing, private readonly file: EditFile, private loaded: Loaded, private readonly signal: AbortSignal | undefined) {}

  /** What the editor left, carried on to an end or to the next text to open. */
  async take(text: string | null): Promise<Tried> {
    if (text === null) return this.again("", ["The editor left no text that can be read."]);
    const read = readText(text);
    if (read.kind === "empty") return over({ kind: "unchanged", reason: "The text was left empty; nothing was done." });
    if (read.kind === "fault") return this.again(text, [read.reason]);
    const { definition, lineOf } = read;
    if (isSame(definition, this.loaded.definition)) return over({ kind: "unchanged", reason: "Nothing was changed." });
    if (definition["id"] !== this.loaded.id) return this.again(text, [`Line ${lineOf("id") ?? 1}: the id must stay ${this.loaded.id}: it is the VM, and with another id it would be another VM.`]);
    return this.judge(text, definition, lineOf);
  }

  /** Null where nothing was written, or what was written says the same. */
  keepIfWritten(): string | null {
    const text = this.file.read();
    if (text === null) return null;
    const read = readText(text);
    if (read.kind === "empty" || (read.kind === "definition" && isSame(read.definition, this.loaded.definition))) return null;
    return this.file.keep();
  }

  private async judge(text: string, definition: Definition, lineOf: (field: string) => number | null): Promise<Tried> {
    const judged = await putDefinition(this.client, { definition, generation: this.loaded.generation, meaning: "edit", key: null }, this.signal);
    if (judged.kind === "changed") return this.newer(judged.reason, []);
    if (judged.kind === "refused") {
      const line = judged.field === null ? null : lineOf(judged.field);
      return this.again(text, [`${line === null ? "" : `Line ${line}: `}${judged.reason}`]);
    }
    const { changes, effect } = judged;
    if (judged.action === "UNCHANGED") return over({ kind: "unchanged", reason: "Nothing was changed." });
    const reply = await this.ways.ask({ kind: "save", changes, effect });
    if (reply === "edit") return { kind: "open", text: withNotes(text, []) };
    if (reply === "no") return over({ kind: "dropped", reason: "The change was not made.", keptIn: this.file.keep() });
    return this.put(text, definition, changes);
  }

  private async put(text: string, definition: Definition, changes: readonly string[]): Promise<Tried> {
    const done = await putDefinition(this.client, { definition, generation: this.loaded.generation, meaning: "edit", key: randomUUID() }, this.signal);
    if (done.kind === "changed") return this.newer(done.reason, changes);
    if (done.kind === "refused") return this.again(text, [done.reason]);
    return over({ kind: "saved", changes: done.changes, effect: done.effect, operation: done.operation });
  }

  private async again(text: string, reasons: readonly string[]): Promise<Tried> {
    if ((await this.ways.ask({ kind: "again", reasons })) === "no") return over({ kind: "dropped", reason: reasons.join(" "), keptIn: this.keepIfWritten() });
    return { kind: "open", text: withNotes(text === "" ? editText(this.loaded.definition, headOf(this.loaded)) : text, reasons) };
  }

  /** Another text replaces this one, so this one is kept: its changes are made anew by hand. */
  private async newer(reason: string, changes: readonly string[]): Promise<Tried> {
    if ((await this.ways.ask({ kind: "newer", reasons: [reason] })) === "no") return over({ kind: "dropped", reason, keptIn: this.file.keep() });
    const now = await loadDefinition(this.client, this.loaded.id, this.signal);
    if (now === null) return over({ kind: "dropped", reason: `There is no VM ${this.loaded.id} any more.`, keptIn: this.file.keep() });
    const yours = changes.length > 0 ? changes : changedFields(this.loaded.definition, this.file.read());
    this.loaded = now;
    return { kind: "open", text: withNotes(editText(now.definition, headOf(now)), ["Somebody changed the VM meanwhile: this is its definition now. Your changes were:", ...yours.map((line) => `  ${line}`)]) };
  }
}

function over(outcome: EditOutcome): Tried {
  return { kind: "over", outcome };
}

/** Top fields that differ, where the server has not listed what changes. */
function changedFields(before: Definition, text: string | null): string[] {
  const read = text === null ? null : readText(text);
  if (read?.kind !== "definition") return [];
  const { definition } = read;
  const fields = [...new Set([...Object.keys(before), ...Object.keys(definition)])].filter((field) => !isSame({ value: before[field] }, { value: definition[field] }));
  return fields.map((field) => `${field}: ${field in definition ? JSON.stringify(definition[field]) : "(taken out)"}`);
}
