// Waiting for an operation's end, also across lost connections and restarts of the server.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { noteOutages } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";

/** What a command that may wait selects of the operation it was given. */
export const WATCHED_OPERATION = graphql(`fragment WatchedOperation on Operation { id kind vmId state progressRatio etaSeconds error startedAt endedAt }`);
const OPERATION = graphql(`subscription Operation($id: ID!) { operation(id: $id) { ...WatchedOperation } }`, [WATCHED_OPERATION]);

export type WatchedOperation = ResultOf<typeof WATCHED_OPERATION>;

export interface Wait {
  /** Aborted when the person's time is over. */
  readonly deadline: AbortSignal;
  /** That time, to say it. */
  readonly seconds: number;
  /** Told each change. */
  onChange?(operation: WatchedOperation): void;
}

/** Waits until the operation has ended; throws when it failed, was cancelled, or takes longer than it may. */
export async function waitForOperation(context: CommandContext, accepted: WatchedOperation, wait: Wait): Promise<WatchedOperation> {
  let last = accepted;
  if (accepted.state === "RUNNING") {
    noteOutages(context);
    for await (const operation of operationChanges(context, accepted.id, AbortSignal.any([context.signal, wait.deadline]))) {
      last = operation;
      wait.onChange?.(operation);
    }
  }
  return judge(last, wait);
}

/** The operation as it is and after every change, until it has ended or the signal aborts. */
export async function* operationChanges(context: CommandContext, id: string, signal: AbortSignal): AsyncGenerator<WatchedOperation, void, undefined> {
  for await (const { operation } of context.client().subscribe(OPERATION, { id }, signal)) {
    yield operation;
    if (operation.state !== "RUNNING") return;
  }
}

/** Aborts after so many seconds; dispose of it, or the timer keeps the program alive. */
export function deadlineIn(seconds: number): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), seconds * 1000);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

function judge(operation: WatchedOperation, wait: Wait): WatchedOperation {
  const { id } = operation;
  switch (operation.state) {
    case "SUCCEEDED":
      return operation;
    case "FAILED":
      throw new CommandError(EXIT.failed, "OperationFailed", operation.error ?? `The operation ${id} failed.`);
    case "CANCELLED":
      throw new CommandError(EXIT.failed, "OperationCancelled", `The operation ${id} was cancelled.`);
    case "RUNNING":
      if (wait.deadline.aborted) {
        throw new CommandError(EXIT.timeout, "Timeout", `The operation ${id} has not ended within ${wait.seconds} s; it goes on: 'quetzal operation watch ${id}' follows it, --timeout waits longer.`);
      }
      throw new CommandError(EXIT.failed, "Interrupted", `The wait for operation ${id} was interrupted; it goes on: 'quetzal operation watch ${id}' follows it.`);
  }
}
