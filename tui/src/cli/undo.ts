// `quetzal undo [OPERATION]`: what would undo an operation, and doing it. Without one: the newest of one's own that can be.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { sanitise, words } from "../format.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT, fromTypedError } from "./exit.js";
import { printRecord } from "./output/print.js";
import { WATCHED_OPERATION, deadlineIn, waitForOperation } from "./wait.js";
import type { WatchedOperation } from "./wait.js";
import { DEFAULT_WAIT_SECONDS } from "./vm/deed.js";

/** Operations that are looked through for one's own: more than anybody remembers having asked for. */
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
  /** Seconds that --wait waits; the default where absent. */
  readonly timeout?: number;
  readonly yes?: boolean;
}

export async function undo(context: CommandContext, given: string | undefined, options: UndoOptions): Promise<void> {
  const id = given ?? (await newestOfOnesOwn(context, options));
  const { result } = await context.client().request(UNDO, { input: { id, dryRun: options.dryRun ?? false } }, context.signal);
  if (result.__typename !== "VmOperationAccepted") throw fromTypedError(result);
  const { effect, vm } = result;
  const operation = options.wait === true && result.operation !== null ? await ended(context, result.operation, options.timeout ?? DEFAULT_WAIT_SECONDS) : result.operation;
  const end = operation === null ? "(dry run: nothing was done)" : options.wait === true ? "Done." : `(operation ${operation.id})`;
  await printRecord(context, { vm, effect, operation }, { name: vm.id, lines: () => [`${sanitise(vm.id)}: ${sanitise(effect)} ${end}`] });
}

async function ended(context: CommandContext, operation: WatchedOperation, seconds: number): Promise<WatchedOperation> {
  using deadline = deadlineIn(seconds);
  return await waitForOperation(context, operation, { deadline: deadline.signal, seconds });
}

/** What nobody has named is said before it is done; what -y would take back unseen is the very newest or nothing. */
async function newestOfOnesOwn(context: CommandContext, options: UndoOptions): Promise<string> {
  const { viewer, operations } = await context.client().request(CANDIDATES, { first: LOOKED_THROUGH }, context.signal);
  const own = operations.nodes.filter((operation) => operation.requestedBy === viewer.name);
  const chosen = own.find((operation) => operation.undo !== null);
  if (chosen === undefined) {
    throw new CommandError(EXIT.notFound, "NothingToUndo", `None of the newest operations of ${sanitise(viewer.name)} can be undone: 'quetzal operation ls' lists them, and 'quetzal undo OPERATION' says why not.`);
  }
  const [newest] = own;
  const passedOver = newest === undefined || newest === chosen ? "" : `The newest, ${named(newest)}, cannot be undone. `;
  if (passedOver !== "" && options.yes === true) {
    throw new CommandError(EXIT.refused, "NotTheNewest", `${passedOver}The newest that can is ${named(chosen)}: 'quetzal undo ${chosen.id}' undoes that one.`);
  }
  if (options.yes !== true && options.dryRun !== true) await confirm(context, chosen, passedOver);
  return chosen.id;
}

function named({ kind, vmId }: Candidate): string {
  return `${words(kind)} of ${sanitise(vmId)}`;
}

async function confirm(context: CommandContext, candidate: Candidate, passedOver: string): Promise<void> {
  const what = named(candidate);
  if (!context.inputIsTerminal) throw new CommandError(EXIT.usage, "NeedsConfirmation", `${passedOver}The newest that can be undone is ${what}: 'quetzal undo ${candidate.id}' undoes it${passedOver === "" ? ", and so does -y" : ""}.`);
  const answer = await context.ask(`${passedOver}Undo ${what}? ${sanitise(candidate.undo?.text ?? "")} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(EXIT.refused, "NotConfirmed", "Not confirmed, so nothing was undone.");
}
