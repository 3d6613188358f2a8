// `quetzal operations`: what was asked for, by whom, and how far it is; and cancelling one.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { UNKNOWN, formatAge, formatDuration, formatPercent, sanitise, words } from "../format.js";
import { printJson, printLines } from "./context.js";
import type { Colour, CommandContext } from "./context.js";
import { fromTypedError } from "./exit.js";
import { tableLines } from "./table.js";

const OPERATIONS = graphql(`
  query Operations($vmId: ID, $states: [OperationState!], $first: Int) {
    operations(vmId: $vmId, states: $states, first: $first) {
      nodes { id kind vmId state progressRatio etaSeconds cancellable error requestedBy startedAt endedAt }
    }
  }
`);
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

export interface OperationsOptions {
  readonly vm?: string;
  readonly running?: boolean;
  readonly last: number;
}

export async function listOperations(context: CommandContext, options: OperationsOptions): Promise<void> {
  const variables = { vmId: options.vm ?? null, states: options.running ? (["RUNNING"] as const).slice() : null, first: options.last };
  const { nodes } = (await context.client().request(OPERATIONS, variables, context.signal)).operations;
  if (context.format === "json") return printJson(context, nodes);
  if (nodes.length === 0) context.note("No operation matches.");
  else await printLines(context, operationTable(context, nodes));
}

export async function cancelOperation(context: CommandContext, id: string): Promise<void> {
  const { result } = await context.client().request(CANCEL, { id }, context.signal);
  if (result.__typename !== "CancelOperationSuccess") throw fromTypedError(result);
  if (context.format === "json") return printJson(context, result.operation);
  await context.print(`${sanitise(id)}: cancelled`);
}

const STATE_COLOURS: Readonly<Record<ListedOperation["state"], Colour>> = { RUNNING: "yellow", SUCCEEDED: "green", FAILED: "vermilion", CANCELLED: "grey" };
const STATE_COLUMN = 3;

function operationTable(context: CommandContext, operations: readonly ListedOperation[]): string[] {
  const columns = [{ title: "ID" }, { title: "VM" }, { title: "KIND" }, { title: "STATE" }, { title: "DONE%", align: "right" as const }, { title: "AGE", align: "right" as const }, { title: "TOOK", align: "right" as const }, { title: "BY" }, { title: "ERROR" }];
  const rows = operations.map((operation) => [
    operation.id,
    sanitise(operation.vmId),
    words(operation.kind),
    words(operation.state),
    formatPercent(operation.progressRatio),
    formatAge(operation.startedAt, context.nowMs()),
    operation.endedAt === null ? UNKNOWN : formatDuration(Date.parse(operation.endedAt) - Date.parse(operation.startedAt)),
    sanitise(operation.requestedBy),
    sanitise(operation.error ?? ""),
  ]);
  return tableLines(columns, rows, (cell, y, x) => {
    const operation = operations[y];
    return operation && x === STATE_COLUMN ? context.paint(STATE_COLOURS[operation.state], cell) : cell;
  });
}
