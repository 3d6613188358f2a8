// Waiting for an operation's end, also across lost connections and restarts of the server.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { CommandError, EXIT } from "./exit.js";

const OPERATION = graphql(`
  subscription Operation($id: ID!) {
    operation(id: $id) { id kind vmId state progressRatio error startedAt endedAt }
  }
`);

export type WatchedOperation = ResultOf<typeof OPERATION>["operation"];

/** Waits until the operation has ended; throws when it failed, was cancelled, or takes longer than `timeoutSeconds`. */
export async function waitForOperation(client: Client, id: string, timeoutSeconds: number, signal: AbortSignal): Promise<WatchedOperation> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutSeconds * 1000);
  let last: WatchedOperation | undefined;
  try {
    for await (const { operation } of client.subscribe(OPERATION, { id }, AbortSignal.any([signal, deadline.signal]))) {
      last = operation;
      if (operation.state !== "RUNNING") break;
    }
  } finally {
    clearTimeout(timer);
  }
  return judge(last, id, deadline.signal.aborted, timeoutSeconds);
}

function judge(operation: WatchedOperation | undefined, id: string, isLate: boolean, timeoutSeconds: number): WatchedOperation {
  switch (operation?.state) {
    case "SUCCEEDED":
      return operation;
    case "FAILED":
      throw new CommandError(EXIT.failed, "OperationFailed", operation.error ?? `The operation ${id} failed.`);
    case "CANCELLED":
      throw new CommandError(EXIT.failed, "OperationCancelled", `The operation ${id} was cancelled.`);
    case "RUNNING":
    case undefined: {
      const message = isLate
        ? `The operation ${id} has not ended within ${timeoutSeconds} s; it goes on: 'quetzal operations' shows it, --timeout waits longer.`
        : `The wait for operation ${id} was interrupted; it goes on: 'quetzal operations' shows it.`;
      throw new CommandError(EXIT.failed, isLate ? "Timeout" : "Interrupted", message);
    }
  }
}
