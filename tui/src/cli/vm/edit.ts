// `quetzal vm edit VM`: the definition in the person's editor, tried before it is put. What is refused comes back into
// the editor with the reason at its top, and nothing typed is lost.
//
//     read ─▶ editor ─▶ parse ─▶ trial ─▶ differences, question ─▶ put
//              ▲          └ fault ┘ refused                │ edit again
//              └──────────────┴─────────────────────────────┘
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInForeground } from "../../foreground.js";
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT, toCommandError } from "../exit.js";
import { printRecord } from "../output/print.js";
import { deadlineIn, waitForOperation } from "../wait.js";
import { DEFAULT_WAIT_SECONDS } from "./deed.js";
import type { DeedOptions } from "./deed.js";
import { putDefinition, readDefinition } from "./definition.js";
import type { DefinedVm } from "./definition.js";
import { readEdited, writeEditable } from "./editable.js";
import type { Put } from "./put-result.js";
import { namedVm } from "./select.js";

/** Times that a refused text comes back: an editor that is a script must not be asked for ever. */
const MOST_ROUNDS = 10;

export async function editVm(context: CommandContext, name: string, options: DeedOptions): Promise<void> {
  const vm = await readDefinition(context, (await namedVm(context, name)).id);
  const folder = mkdtempSync(join(tmpdir(), "quetzal-"));
  const file = join(folder, `${vm.id}.yaml`);
  let isKept = true;
  try {
    isKept = (await editUntilDone(context, vm, file, options)) === "keep";
  } catch (error) {
    const failure = toCommandError(error);
    throw new CommandError(failure.exitCode, failure.code, `${failure.message}\nWhat was typed is kept in ${file}.`, failure.field);
  } finally {
    if (!isKept) rmSync(folder, { recursive: true, force: true });
  }
}

async function editUntilDone(context: CommandContext, vm: DefinedVm, file: string, options: DeedOptions): Promise<"keep" | "done"> {
  let text = writeEditable(vm);
  let fault: CommandError | undefined;
  for (let round = 1; ; round += 1) {
    const before = fault === undefined ? text : withFault(text, fault);
    const edited = await throughEditor(context, file, before);
    if (fault !== undefined && (edited === before || edited === text)) throw fault;
    if (edited === before || isSame(edited, vm)) {
      context.note(`${sanitise(vm.id)}: nothing was changed.`);
      return "done";
    }
    text = edited;
    try {
      const definition = readEdited(edited, vm);
      const trial = await putDefinition(context, { definition, dryRun: true, ifGeneration: vm.generation });
      const choice = options.dryRun ? "trial" : await ask(context, trial, options);
      if (choice === "again") {
        fault = undefined;
        continue;
      }
      if (choice === "stop") throw new CommandError(EXIT.refused, "NotConfirmed", `Not confirmed, so ${sanitise(vm.id)} was not changed.`);
      await put(context, vm, trial, () => putDefinition(context, { definition, dryRun: false, ifGeneration: vm.generation }), options);
      return "done";
    } catch (error) {
      fault = toCommandError(error);
      // Only what an edit can mend goes back into the editor.
      if (fault.exitCode !== EXIT.usage || round >= MOST_ROUNDS) throw fault;
    }
  }
}

/** An empty text, or one that says what the definition says, changes nothing. */
function isSame(edited: string, vm: DefinedVm): boolean {
  if (edited.replace(/^\s*#.*$/gm, "").trim() === "") return true;
  try {
    return JSON.stringify(readEdited(edited, vm)) === JSON.stringify(vm.definition);
  } catch {
    return false; // It is judged where the fault can be said.
  }
}

function withFault(text: string, fault: CommandError): string {
  const body = text.replace(/^(# !.*\n)+/, "");
  return `${sanitise(fault.message, "keep").split("\n").map((line) => `# ! ${line}`).join("\n")}\n${body}`;
}

/** $VISUAL before $EDITOR, as for other programs that edit; vi is what POSIX promises. */
function editorOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  const words = (environment["VISUAL"] || environment["EDITOR"] || "vi").split(" ").filter((word) => word !== "");
  return words.length === 0 ? ["vi"] : words;
}

async function throughEditor(context: CommandContext, file: string, text: string): Promise<string> {
  writeFileSync(file, text, { mode: 0o600 });
  const { environment } = context.config;
  const [program = "vi", ...args] = editorOf(environment);
  const ended = await runInForeground(program, [...args, file], environment, context.signal);
  if (ended.how === "not started") throw new CommandError(EXIT.usage, "NoEditor", `The editor ${sanitise(program)} could not be started: set EDITOR to one that is installed.`);
  if (ended.how === "signal" || ended.code !== 0) {
    throw new CommandError(EXIT.failed, "EditorFailed", `The editor ${sanitise(program)} ended with ${ended.how === "signal" ? ended.signal : `exit code ${ended.code}`}, so nothing was changed.`);
  }
  return readFileSync(file, "utf8");
}

/** Shows the differences; where a person is there, asks. */
async function ask(context: CommandContext, trial: Put, options: DeedOptions): Promise<"go" | "again" | "stop"> {
  for (const line of changeLines(context, trial)) context.note(line);
  if (options.yes || !context.inputIsTerminal) return "go";
  const answer = (await context.ask("Apply? [y]es, [e]dit again, [N]o: ")).trim().toLowerCase();
  return answer.startsWith("y") ? "go" : answer.startsWith("e") ? "again" : "stop";
}

/** What changes, and when it takes effect. */
function changeLines(context: CommandContext, { changes, effect }: Put): string[] {
  return [...changes.map((change) => `  ${sanitise(change)}`), context.paint("orange", sanitise(effect))];
}

async function put(context: CommandContext, vm: DefinedVm, trial: Put, act: () => Promise<Put>, options: DeedOptions): Promise<void> {
  const done = options.dryRun ? trial : await act();
  const seconds = options.timeout ?? DEFAULT_WAIT_SECONDS;
  using deadline = deadlineIn(seconds);
  if (done.operation !== null) await waitForOperation(context, done.operation, { deadline: deadline.signal, seconds });
  const line = options.dryRun ? `${sanitise(vm.id)}: would be changed (dry run: nothing was done)` : `${sanitise(vm.id)}: changed`;
  await printRecord(context, { vm: done.vm, changes: done.changes, restartRequired: done.vm.restartRequired }, { name: vm.id, lines: () => [line, ...(options.dryRun ? changeLines(context, done) : [])] });
}
