// Waiting for an operation's end, also across lost connections and restarts of the server.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { noteOutages } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";

/** What a command that may wait selects of the operation it was given. */
export const WATCHED_OPERATION = graphql(`fragment WatchedOperation on Operation { id kind vmId state progressRatio error startedAt endedAt }`);
const OPERATION = graphql(`subscription Operation($id: ID!) { operation(id: $id) { ...WatchedOperation } }`, [WATCHED_OPERATION]);

export type WatchedOperation = ResultOf<typeof WATCHED_OPERATION>;

/** Waits until the operation has ended; throws when it failed, was cancelled, or takes longer than `timeoutSeconds`. */
export async function waitForOperation(context: CommandContext, accepted: WatchedOperation, timeoutSeconds: number): Promise<WatchedOperation> {
  const { id } = accepted;
  if (accepted.state !== "RUNNING") return judge(accepted, id, false, timeoutSeconds);
  noteOutages(context);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutSeconds * 1000);
  let last = accepted;
  try {
    for await (const { operation } of context.client().subscribe(OPERATION, { id }, AbortSignal.any([context.signal, deadline.signal]))) {
      last = operation;
      if (operation.state !== "RUNNING") break;
    }
  } finally {
    clearTimeout(timer);
  }
  return judge(last, id, deadline.signal.aborted, timeoutSeconds);
}

function judge(operation: WatchedOperation, id: string, isLate: boolean, timeoutSeconds: number): WatchedOperation {
  switch (operation.state) {
    case "SUCCEEDED":
      return operation;
    case "FAILED":
      throw new CommandError(EXIT.failed, "OperationFailed", operation.error ?? `The operation ${id} failed.`);
    case "CANCELLED":
      throw new CommandError(EXIT.failed, "OperationCancelled", `The operation ${id} was cancelled.`);
    case "RUNNING": {
      const message = isLate
        ? `The operation ${id} has not ended within ${timeoutSeconds} s; it goes on: 'quetzal operations' shows it, --timeout waits longer.`
        : `The wait for operation ${id} was interrupted; it goes on: 'quetzal operations' shows it.`;
      throw new CommandError(EXIT.failed, isLate ? "Timeout" : "Interrupted", message);
    }
  }
}
