// `quetzal operation ls|watch|cancel`: what was asked for, by whom, and how far it is.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { UNKNOWN, formatAge, formatDuration, formatPercent, sanitise, words } from "../format.js";
import { noteOutages } from "./context.js";
import type { Colour, CommandContext } from "./context.js";
import { CommandError, EXIT, fromTypedError } from "./exit.js";
import type { ListFlags, Listing } from "./output/listing.js";
import { printJsonLine, printList, printRecord } from "./output/print.js";
import { progressLine } from "./progress.js";
import { operationChanges } from "./wait.js";
import { vmWithPast } from "./vm/select.js";
import type { WatchedOperation } from "./wait.js";

const OPERATIONS = graphql(`
  query Operations($vmId: ID, $states: [OperationState!], $first: Int) {
    operations(vmId: $vmId, states: $states, first: $first) {
      nodes { id kind vmId state progressRatio etaSeconds cancellable error requestedBy startedAt endedAt }
    }
  }
`);
const OPERATION = graphql(`query KnownOperation($id: ID!) { operation(id: $id) { id } }`);
const CANCEL = graphql(`
  mutation Cancel($id: ID!) {
    result: cancelOperation(id: $id) {
      __typename
      ... on CancelOperationSuccess { operation { id kind vmId state } }
      ... on Error { message }
    }
  }
`);

type ListedOperation = ResultOf<typeof OPERATIONS>["operations"]["nodes"][number];

const STATE_COLOURS: Readonly<Record<ListedOperation["state"], Colour>> = { RUNNING: "yellow", SUCCEEDED: "green", FAILED: "vermilion", CANCELLED: "grey" };

/** Null while it runs. */
function tookMs({ startedAt, endedAt }: ListedOperation): number | null {
  return endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt);
}

export const OPERATION_LISTING: Listing<ListedOperation> = {
  name: ({ id }) => id,
  empty: "No operation matches.",
  columns: [
    { name: "id", value: ({ id }) => id, cell: ({ id }) => id },
    { name: "vm", value: ({ vmId }) => vmId, cell: ({ vmId }) => sanitise(vmId) },
    { name: "kind", value: ({ kind }) => words(kind), cell: ({ kind }) => words(kind) },
    { name: "state", value: ({ state }) => words(state), cell: ({ state }) => words(state), colour: ({ state }) => STATE_COLOURS[state] },
    { name: "progress", title: "DONE%", align: "right", value: ({ progressRatio }) => progressRatio, cell: ({ progressRatio }) => formatPercent(progressRatio) },
    { name: "eta", shown: "wide", align: "right", value: ({ etaSeconds }) => etaSeconds, cell: ({ etaSeconds }) => (etaSeconds === null ? UNKNOWN : formatDuration(etaSeconds * 1000)) },
    { name: "age", align: "right", value: ({ startedAt }) => startedAt, cell: ({ startedAt }, { nowMs }) => formatAge(startedAt, nowMs) },
    { name: "took", align: "right", value: tookMs, cell: (operation) => formatDuration(tookMs(operation)) },
    { name: "by", value: ({ requestedBy }) => requestedBy, cell: ({ requestedBy }) => sanitise(requestedBy) },
    { name: "cancellable", shown: "wide", value: ({ cancellable }) => cancellable, cell: ({ cancellable }) => (cancellable ? "yes" : "no") },
    { name: "error", value: ({ error }) => error, cell: ({ error }) => sanitise(error ?? "") },
  ],
};

export interface OperationsOptions extends ListFlags {
  /** Id or name. */
  readonly vm?: string;
  readonly running?: boolean;
  readonly last: number;
}

export async function listOperations(context: CommandContext, options: OperationsOptions): Promise<void> {
  const ask = async (vmId: string | null, states: readonly "RUNNING"[] | null, first: number): Promise<ListedOperation[]> =>
    (await context.client().request(OPERATIONS, { vmId, states: states === null ? null : [...states], first }, context.signal)).operations.nodes;
  const vmId = options.vm === undefined ? null : await vmWithPast(context, options.vm, async (id) => (await ask(id, null, 1)).length > 0);
  const nodes = await ask(vmId, options.running ? ["RUNNING"] : null, options.last);
  await printList(context, OPERATION_LISTING, nodes, options);
}

/** A line at every change, until it has ended; its end decides the exit code. */
export async function watchOperation(context: CommandContext, id: string): Promise<void> {
  const { operation } = await context.client().request(OPERATION, { id }, context.signal);
  if (operation === null) throw new CommandError(EXIT.notFound, "OperationNotFound", `There is no operation "${sanitise(id)}": 'quetzal operation ls' lists them.`);
  noteOutages(context);
  let last: WatchedOperation | undefined;
  for await (const change of operationChanges(context, id, context.signal)) {
    last = change;
    const text = `${sanitise(change.vmId)}: ${words(change.kind)}`;
    context.progress(change.state === "RUNNING" ? progressLine({ done: 0, all: 1, text, ratio: change.progressRatio }, context.config.characters) : null);
    if (context.format === "json") await printJsonLine(context, change);
    else await context.print(`${text}: ${context.paint(STATE_COLOURS[change.state], words(change.state))}${change.progressRatio === null ? "" : ` ${formatPercent(change.progressRatio)} %`}`);
  }
  if (last?.state === "FAILED") throw new CommandError(EXIT.failed, "OperationFailed", last.error ?? `The operation ${id} failed.`);
  if (last?.state === "CANCELLED") throw new CommandError(EXIT.failed, "OperationCancelled", `The operation ${id} was cancelled.`);
}

export async function cancelOperation(context: CommandContext, id: string): Promise<void> {
  const { result } = await context.client().request(CANCEL, { id }, context.signal);
  if (result.__typename !== "CancelOperationSuccess") throw fromTypedError(result);
  await printRecord(context, result.operation, { name: id, lines: () => [`${sanitise(id)}: cancelled`] });
}
