// `quetzal undo [OPERATION]`: what would undo an operation, and doing it. Without one: the newest of one's own that can be.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { sanitise, words } from "../format.js";
import { printJson } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT, fromTypedError } from "./exit.js";
import { WATCHED_OPERATION, waitForOperation } from "./wait.js";

/** One's own operations that are looked through: more than anybody remembers having asked for. */
const LOOKED_THROUGH = 50;

const CANDIDATES = graphql(`
  query UndoCandidates($first: Int!) {
    viewer { name }
    operations(first: $first) { nodes { id kind vmId requestedBy undo { text } } }
  }
`);
const UNDO = graphql(`
  mutation Undo($input: UndoOperationInput!) {
    result: undoOperation(input: $input) {
      __typename
      ... on VmOperationAccepted { vm { id state } effect operation { ...WatchedOperation } }
      ... on Error { message }
    }
  }
`, [WATCHED_OPERATION]);

type Candidate = ResultOf<typeof CANDIDATES>["operations"]["nodes"][number];

export interface UndoOptions {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly timeout: number;
  readonly yes?: boolean;
}

export async function undo(context: CommandContext, given: string | undefined, options: UndoOptions): Promise<void> {
  const id = given ?? (await newestOfOnesOwn(context, options));
  const { result } = await context.client().request(UNDO, { input: { id, dryRun: options.dryRun ?? false } }, context.signal);
  if (result.__typename !== "VmOperationAccepted") throw fromTypedError(result);
  const { operation, effect, vm } = result;
  const ended = options.wait === true && operation !== null ? await waitForOperation(context, operation, options.timeout) : operation;
  if (context.format === "json") return printJson(context, { vm, effect, operation: ended });
  const end = operation === null ? "(dry run: nothing was done)" : options.wait === true ? "Done." : `(operation ${operation.id})`;
  await context.print(`${sanitise(vm.id)}: ${sanitise(effect)} ${end}`);
}

/** What nobody has named is said before it is done. */
async function newestOfOnesOwn(context: CommandContext, options: UndoOptions): Promise<string> {
  const { viewer, operations } = await context.client().request(CANDIDATES, { first: LOOKED_THROUGH }, context.signal);
  const newest = operations.nodes.find((operation) => operation.requestedBy === viewer.name && operation.undo !== null);
  if (newest === undefined) {
    throw new CommandError(EXIT.notFound, "NothingToUndo", `None of the newest operations of ${sanitise(viewer.name)} can be undone; 'quetzal operations' lists them, and 'quetzal undo OPERATION' says why not.`);
  }
  if (options.yes !== true && options.dryRun !== true) await confirm(context, newest);
  return newest.id;
}

async function confirm(context: CommandContext, { id, kind, vmId, undo: offer }: Candidate): Promise<void> {
  const what = `${words(kind)} of ${sanitise(vmId)}`;
  if (!context.inputIsTerminal) throw new CommandError(EXIT.usage, "NeedsConfirmation", `The newest that can be undone is ${what}, operation ${id}; name it, or give -y.`);
  const answer = await context.ask(`Undo ${what}? ${sanitise(offer?.text ?? "")} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(EXIT.refused, "NotConfirmed", "Nothing was undone.");
}
