// `quetzal vm edit VM`: the definition in the person's editor. The course of the edit is edit/session.ts; here is what
// the command line answers to it: what an edit can mend comes back into the editor unasked, everything else ends it.
import { tmpdir } from "node:os";
import { chooseEditor, namesEditor } from "../../edit/editor.js";
import type { Put } from "../../edit/put.js";
import { EditFault, editDefinition } from "../../edit/session.js";
import type { Question, Reply } from "../../edit/session.js";
import { endText, runInForeground } from "../../foreground.js";
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT, fromTypedError, toCommandError } from "../exit.js";
import { printRecord } from "../output/print.js";
import { deadlineIn, waitForOperation } from "../wait.js";
import { DEFAULT_WAIT_SECONDS } from "./deed.js";
import type { DeedOptions } from "./deed.js";
import { namedVm } from "./select.js";

/** Times that the editor is opened: one that is a script must not be asked for ever. */
const MOST_ROUNDS = 10;

export async function editVm(context: CommandContext, name: string, options: DeedOptions): Promise<void> {
  if (!(context.inputIsTerminal && context.outputIsTerminal) && !namesEditor(context.config.environment)) {
    throw new CommandError(EXIT.usage, "NoEditor", "There is no terminal for an editor: set VISUAL or EDITOR to a program that needs none, or put a definition with 'quetzal apply PATH'.");
  }
  const { id } = await namedVm(context, name);
  let rounds = 0;
  const outcome = await editDefinition(context.client(), id, {
    temporaryFolder: tmpdir(),
    edit: (path) => {
      rounds += 1;
      return runEditor(context, path);
    },
    ask: (question) => answer(context, question, rounds < MOST_ROUNDS, options),
  }, context.signal);
  switch (outcome.kind) {
    case "unchanged":
      context.note(`${sanitise(id)}: ${outcome.reason}`);
      return;
    case "dropped": throw failureOf(outcome.error, outcome.keptIn);
    case "judged": return print(context, outcome.put, [`${sanitise(id)}: would be changed (dry run: nothing was done)`, ...changeLines(context, outcome.put)]);
    case "saved": return finish(context, outcome.put, options);
  }
}

async function runEditor(context: CommandContext, path: string): Promise<void> {
  const { environment } = context.config;
  const editor = chooseEditor(environment);
  if (!editor.found) throw new CommandError(EXIT.usage, "NoEditor", editor.reason);
  const ended = await runInForeground(editor.program, [...editor.args, path], environment, context.signal);
  if (ended.how === "exit" && ended.code === 0) return;
  const { text } = endText("The editor", ended);
  if (ended.how === "not started") throw new CommandError(EXIT.usage, "NoEditor", `${text} VISUAL or EDITOR names it.`);
  throw new CommandError(EXIT.failed, "EditorFailed", `${text} Nothing was changed.`);
}

async function answer(context: CommandContext, question: Question, canGoOn: boolean, options: DeedOptions): Promise<Reply> {
  switch (question.kind) {
    case "newer": return "no";
    // A text that comes back as it was, and what no edit can mend, would be refused for ever.
    case "again": return canGoOn && question.isTouched && failureOf(question.fault, null).exitCode === EXIT.usage ? "edit" : "no";
    case "save": {
      if (options.dryRun) return "judged";
      for (const line of changeLines(context, question)) context.note(line);
      if (options.yes || !context.inputIsTerminal) return "yes";
      const reply = (await context.ask("Apply? [y]es, [e]dit again, [N]o: ")).trim().toLowerCase();
      return reply.startsWith("y") ? "yes" : reply.startsWith("e") ? "edit" : "no";
    }
  }
}

function failureOf(error: unknown, keptIn: string | null): CommandError {
  const failure = error instanceof EditFault ? fromTypedError({ __typename: error.type, message: error.message, field: error.field }) : toCommandError(error);
  return keptIn === null ? failure : new CommandError(failure.exitCode, failure.code, `${failure.message}\nWhat was typed is kept in ${keptIn}.`, failure.field);
}

async function finish(context: CommandContext, put: Put, options: DeedOptions): Promise<void> {
  const seconds = options.timeout ?? DEFAULT_WAIT_SECONDS;
  using deadline = deadlineIn(seconds);
  if (put.operation !== null) await waitForOperation(context, put.operation, { deadline: deadline.signal, seconds });
  await print(context, put, [`${sanitise(put.vm.id)}: changed`]);
}

async function print(context: CommandContext, { vm, changes }: Put, lines: readonly string[]): Promise<void> {
  await printRecord(context, { vm, changes, restartRequired: vm.restartRequired }, { name: vm.id, lines: () => lines });
}

/** What changes, and when it takes effect. */
function changeLines(context: CommandContext, { changes, effect }: Readonly<Pick<Question & { kind: "save" }, "changes" | "effect">>): string[] {
  return [...changes.map((change) => `  ${sanitise(change)}`), context.paint("orange", sanitise(effect))];
}
