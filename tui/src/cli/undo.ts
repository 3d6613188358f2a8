// `quetzal undo [OPERATION]`: what would undo an operation, and doing it. Without one: the newest of one's own that can be,
// and where it was asked of several VMs as one, of all of them.
import { graphql } from "../client/document.js";
import { newestUndoable } from "../feed/undoable.js";
import type { UndoCandidate, Undoable } from "../feed/undoable.js";
import { sanitise, words } from "../format.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT, fromTypedError } from "./exit.js";
import { printRecord } from "./output/print.js";
import { WATCHED_OPERATION, deadlineIn, waitForOperation } from "./wait.js";
import type { WatchedOperation } from "./wait.js";
import { DEFAULT_WAIT_SECONDS } from "./vm/deed.js";
import type { Answer, Deed } from "./vm/deed.js";
import { carryOut } from "./vm/drive.js";

const UNDO = graphql(`
  mutation Undo($input: UndoOperationInput!) {
    result: undoOperation(input: $input) {
      __typename
      ... on VmOperationAccepted { vm { id name state } effect operation { ...WatchedOperation } }
      ... on Error { message }
    }
  }
`, [WATCHED_OPERATION]);

export interface UndoOptions {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  /** Seconds that --wait waits; the default where absent. */
  readonly timeout?: number;
  readonly yes?: boolean;
}

export async function undo(context: CommandContext, given: string | undefined, options: UndoOptions): Promise<void> {
  if (given !== undefined) return undoOne(context, given, options);
  const found = await newestOfOnesOwn(context, options);
  const [first] = found.batch;
  if (first === undefined) throw new CommandError(EXIT.notFound, "NothingToUndo", `None of the newest operations of ${sanitise(found.viewer)} can be undone: 'quetzal operation ls' lists them, and 'quetzal undo OPERATION' says why not.`);
  if (found.batch.length > 1) return undoBatch(context, found.batch, options);
  if (options.yes !== true && options.dryRun !== true) await confirm(context, first, remarkOn(found));
  await undoOne(context, first.id, options);
}

async function undoOne(context: CommandContext, id: string, options: UndoOptions): Promise<void> {
  await printUndone(context, await ask(context, id, options.dryRun ?? false), options);
}

/** What undoing does, once it was accepted or tried; with --wait, at its end. */
export async function printUndone(context: CommandContext, result: Answer, options: UndoOptions): Promise<void> {
  const { effect, vm } = result;
  const operation = options.wait === true && result.operation !== null ? await ended(context, result.operation, options.timeout ?? DEFAULT_WAIT_SECONDS) : result.operation;
  const end = operation === null ? "(dry run: nothing was done)" : options.wait === true ? "Done." : `(operation ${operation.id})`;
  await printRecord(context, { vm, effect, operation }, { name: vm.id, lines: () => [`${sanitise(vm.id)}: ${sanitise(effect)} ${end}`] });
}

/** Planned, asked about and done as any verb on several VMs. */
async function undoBatch(context: CommandContext, batch: readonly UndoCandidate[], options: UndoOptions): Promise<void> {
  const operationOf = new Map(batch.map(({ vmId, id }) => [vmId, id]));
  context.note(`Asked for as one: ${words(batch[0]?.kind ?? "")} of ${operationOf.size} VMs.`);
  const deed: Deed = { words: "undo", care: "yes", ask: (own, vmId, as) => ask(own, operationOf.get(vmId) ?? "", as === "trial") };
  await carryOut(context, deed, { vms: [...operationOf.keys()] }, options);
}

async function ask(context: CommandContext, id: string, dryRun: boolean) {
  const { result } = await context.client().request(UNDO, { input: { id, dryRun } }, context.signal);
  if (result.__typename !== "VmOperationAccepted") throw fromTypedError(result);
  return result;
}

async function ended(context: CommandContext, operation: WatchedOperation, seconds: number): Promise<WatchedOperation> {
  using deadline = deadlineIn(seconds);
  return await waitForOperation(context, operation, { deadline: deadline.signal, seconds });
}

/** What nobody has named is said before it is done; what -y would take back unseen is the very newest or nothing. */
async function newestOfOnesOwn(context: CommandContext, options: UndoOptions): Promise<Undoable> {
  const found = await newestUndoable(context.client(), context.signal);
  const [chosen] = found.batch;
  const remark = remarkOn(found);
  if (remark === "" || chosen === undefined) return found;
  if (options.yes === true) throw new CommandError(EXIT.refused, "NotTheNewest", `${remark}The newest that can is ${named(chosen)}: 'quetzal undo ${chosen.id}' undoes that one.`);
  // A single one says so in its question.
  if (found.batch.length > 1) context.note(remark.trimEnd());
  return found;
}

function remarkOn({ passedOver: [newest] }: Undoable): string {
  return newest === undefined ? "" : `The newest, ${named(newest)}, cannot be undone. `;
}

function named({ kind, vmId }: UndoCandidate): string {
  return `${words(kind)} of ${sanitise(vmId)}`;
}

async function confirm(context: CommandContext, candidate: UndoCandidate, passedOver: string): Promise<void> {
  const what = named(candidate);
  if (!context.inputIsTerminal) throw new CommandError(EXIT.usage, "NeedsConfirmation", `${passedOver}The newest that can be undone is ${what}: 'quetzal undo ${candidate.id}' undoes it${passedOver === "" ? ", and so does -y" : ""}.`);
  const answer = await context.ask(`${passedOver}Undo ${what}? ${sanitise(candidate.undo?.text ?? "")} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(EXIT.refused, "NotConfirmed", "Not confirmed, so nothing was undone.");
}
