// `quetzal memory undo VM`: takes back what the memory controller decided about a VM, the newest first.
import { graphql } from "../../client/document.js";
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import { printUndone } from "../undo.js";
import type { UndoOptions } from "../undo.js";
import { namedVm } from "../vm/select.js";
import { VERB_RESULT, answerOf } from "../vm/verbs.js";
import { newestOf } from "./decisions.js";

const UNDO_DECISION = graphql(`mutation UndoMemoryDecision($input: UndoMemoryDecisionInput!) { result: undoMemoryDecision(input: $input) { ...VerbResult } }`, [VERB_RESULT]);

export interface UndoDecisionOptions extends UndoOptions {
  /** Milliseconds; a whole second stands for all of it, as 'quetzal memory decisions' prints it. */
  readonly at?: number;
}

export async function undoDecision(context: CommandContext, name: string, { at, ...options }: UndoDecisionOptions): Promise<void> {
  const { id: vmId } = await namedVm(context, name);
  const time = at === undefined ? null : await timeOf(context, vmId, at);
  await printUndone(context, await answerOf(context, UNDO_DECISION, { input: { vmId, at: time, dryRun: options.dryRun ?? false } }), options);
}

/** A list shows whole seconds: of several in one, the newest that moved the balloon is meant. */
async function timeOf(context: CommandContext, vmId: string, at: number): Promise<string> {
  const then = (await newestOf(context, vmId)).filter(({ time }) => isAt(Date.parse(time), at)).reverse();
  const meant = then.find(({ action, carriedOut }) => action === "BALLOON" && carriedOut) ?? then[0];
  if (meant === undefined) throw new CommandError(EXIT.notFound, "DecisionNotFound", `The memory controller decided nothing about ${sanitise(vmId)} at ${new Date(at).toISOString()} that is kept: 'quetzal memory decisions ${sanitise(vmId)} --last 500' lists what is.`);
  return meant.time;
}

function isAt(time: number, at: number): boolean {
  return at % 1_000 === 0 ? Math.floor(time / 1_000) * 1_000 === at : time === at;
}
