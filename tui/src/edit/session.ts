// Editing a definition from the first look to the end: open the text, read what was left, have it judged, show what
// changes, put it. Faults and other people's changes lead back to the text, and nothing that was written is lost. How an
// editor is run and how a person is asked comes in from outside: the dashboard and the command line both edit this way.
//
//   open ──► read ──► judge ──► ask ──► put ──► saved
//    ▲         │fault    │refused  │again  │changed meanwhile
//    └─────────┴─────────┴─────────┴───────┘          (on the newer definition, with the notes of the last try)
import { randomUUID } from "node:crypto";
import type { Client } from "../client/client.js";
import { EditFile } from "./file.js";
import { fieldOf, loadDefinition, putDefinition, refusalText } from "./put.js";
import type { Loaded, Put } from "./put.js";
import { atLine, editText, headOf, isSame, readText, withFault, withNotes } from "./text.js";
import type { Definition, Read } from "./text.js";

/** Why what was written is not put. `type` is the name of the server's typed error, or the one that fits. */
export class EditFault extends Error {
  constructor(readonly type: string, reason: string, readonly field: string | null = null) {
    super(reason);
    this.name = "EditFault";
  }
}

export type Question =
  /** What was written cannot be put: shall it be opened again? `isTouched`: it differs from what was opened last. */
  | { kind: "again"; fault: EditFault; isTouched: boolean }
  /** The VM has another definition now: shall that be opened? */
  | { kind: "newer"; fault: EditFault }
  /** This is what changes: shall it be put? */
  | { kind: "save"; changes: readonly string[]; effect: string };
/** "judged": to know what would change was enough. */
export type Reply = "yes" | "edit" | "no" | "judged";

export interface Editing {
  /** Runs the editor on the file until it has ended; throws when it did not end well. */
  edit(path: string): Promise<void>;
  ask(question: Question): Promise<Reply>;
  /** The folder for temporary files. */
  readonly temporaryFolder: string;
}

export type EditOutcome =
  | { kind: "saved" | "judged"; put: Put }
  | { kind: "unchanged"; reason: string }
  /** Not put: an EditFault, a ClientError or what the editor threw. What was written is kept in a file, if anything was. */
  | { kind: "dropped"; error: unknown; keptIn: string | null };

export async function editDefinition(client: Client, vmId: string, ways: Editing, signal?: AbortSignal): Promise<EditOutcome> {
  const before = await loadDefinition(client, vmId, signal);
  if (before === null) return { kind: "dropped", error: new EditFault("VmNotFound", `There is no VM ${vmId}.`), keptIn: null };
  using file = new EditFile(ways.temporaryFolder, vmId);
  const session = new EditSession(client, ways, file, before, signal);
  try {
    let next: string | EditOutcome = editText(before.definition, headOf(before));
    while (typeof next === "string") next = await session.open(next);
    return next;
  } catch (error) {
    return { kind: "dropped", error, keptIn: session.keepIfWritten() };
  }
}

/** What the editor left, where it can be read. */
type Written = Omit<Extract<Read, { kind: "definition" }>, "kind"> & { text: string };

/** Each step leads to the next text to open or to an end; a fault that nobody mends is thrown. */
class EditSession {
  constructor(private readonly client: Client, private readonly ways: Editing, private readonly file: EditFile, private loaded: Loaded, private readonly signal: AbortSignal | undefined) {}
  private opened = "";

  async open(opened: string): Promise<string | EditOutcome> {
    this.opened = opened;
    this.file.write(opened);
    await this.ways.edit(this.file.path);
    const text = this.file.read();
    // Not opened again: that would write over what is there.
    if (text === null) throw new EditFault("InvalidSpec", "The editor left no text that can be read: save it as UTF-8.");
    const read = readText(text);
    if (read.kind === "empty") return { kind: "unchanged", reason: "The text was left empty; nothing was changed." };
    if (read.kind === "fault") return this.again(text, new EditFault("InvalidSpec", read.reason));
    const { definition, lineOf } = read;
    if (isSame(definition, this.loaded.definition)) return UNCHANGED;
    if (definition["id"] !== this.loaded.id) return this.again(text, new EditFault("InvalidSpec", atLine(lineOf("id"), `the id must stay ${this.loaded.id}: it is the VM, and with another id it would be another VM.`), "id"));
    return this.judge({ text, definition, lineOf });
  }

  /** Null where nothing was written, or what was written says the same. */
  keepIfWritten(): string | null {
    const text = this.file.read();
    const read = text === null ? null : readText(text);
    if (read?.kind === "empty" || (read?.kind === "definition" && isSame(read.definition, this.loaded.definition))) return null;
    return this.file.keep();
  }

  private async judge(written: Written): Promise<string | EditOutcome> {
    const judged = await this.put(written, null, []);
    if (typeof judged === "string") return judged;
    const { action, changes, effect } = judged;
    if (action === "UNCHANGED") return UNCHANGED;
    switch (await this.ways.ask({ kind: "save", changes, effect })) {
      case "judged": return { kind: "judged", put: judged };
      case "edit": return withNotes(written.text, []);
      case "no": throw new EditFault("NotConfirmed", "Not confirmed, so nothing was changed.");
      case "yes": {
        const put = await this.put(written, randomUUID(), changes);
        return typeof put === "string" ? put : { kind: "saved", put };
      }
    }
  }

  /** What came of it, or the next text to open. Without a key it is only judged; `changes` are those that were agreed to. */
  private async put({ text, definition, lineOf }: Written, key: string | null, changes: readonly string[]): Promise<string | Put> {
    const result = await putDefinition(this.client, { definition, generation: this.loaded.generation, meaning: "edit", key }, this.signal);
    if (result.__typename === "PutVmSuccess") return result;
    if (result.__typename === "VmChanged") return this.newer(new EditFault(result.__typename, result.message), changes.length > 0 ? changes : changedFields(this.loaded.definition, definition));
    const field = fieldOf(result);
    return this.again(text, new EditFault(result.__typename, atLine(field === null ? null : lineOf(field), refusalText(result)), field));
  }

  private async again(text: string, fault: EditFault): Promise<string> {
    const isTouched = withNotes(text, []) !== withNotes(this.opened, []);
    if ((await this.ways.ask({ kind: "again", fault, isTouched })) === "no") throw fault;
    return withFault(text, fault.message);
  }

  /** Another text replaces this one: its changes are noted, and made anew by hand. */
  private async newer(fault: EditFault, changes: readonly string[]): Promise<string> {
    if ((await this.ways.ask({ kind: "newer", fault })) === "no") throw fault;
    const now = await loadDefinition(this.client, this.loaded.id, this.signal);
    if (now === null) throw new EditFault("VmNotFound", `There is no VM ${this.loaded.id} any more.`);
    this.loaded = now;
    return withNotes(editText(now.definition, headOf(now)), ["Somebody changed the VM meanwhile: this is its definition now. Your changes were:", ...changes.map((line) => `  ${line}`)]);
  }
}

const UNCHANGED: EditOutcome = { kind: "unchanged", reason: "Nothing was changed." };

/** Top fields that differ, where the server has not listed what changes. */
function changedFields(before: Definition, after: Definition): string[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => !isSame({ value: before[field] }, { value: after[field] }));
  return fields.map((field) => `${field}: ${field in after ? JSON.stringify(after[field]) : "(taken out)"}`);
}
