// Executes what has been parsed and validated, and decides what a client sees of an error: expected ones as they are with
// a code, unexpected ones masked, with the request id under which the log has the rest.
import { createSourceEventStream, execute, GraphQLError, type ExecutionArgs, type ExecutionResult } from "graphql";
import { asExpected } from "../errors.js";
import { ReaderTooSlow } from "../broadcast.js";
import type { Log } from "../log.js";
import type { GraphqlContext } from "./context.js";
import { toGraphqlError } from "./errors.js";

export interface Executor {
  readonly execute: (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult;
  readonly subscribe: (args: ExecutionArgs) => Promise<AsyncGenerator<ExecutionResult, void, undefined> | ExecutionResult>;
  /** A subscription's source; an ExecutionResult when it could not be opened. */
  readonly open: (args: ExecutionArgs) => Promise<AsyncIterable<unknown> | ExecutionResult>;
  /** What a client sees of an error that no execution caught. */
  readonly present: (error: unknown, requestId: string) => GraphQLError;
}

export function createExecutor(log: Log): Executor {
  const present = (error: unknown, requestId: string): GraphQLError => {
    const located = error instanceof GraphQLError ? error : undefined;
    const cause = located === undefined ? error : located.originalError;
    if (located !== undefined && (cause === undefined || cause instanceof GraphQLError)) return located;
    const options = { nodes: located?.nodes ?? null, path: located?.path ?? null };
    if (cause instanceof ReaderTooSlow) return new GraphQLError(cause.message, { ...options, extensions: { code: "READER_TOO_SLOW" } });
    const expected = asExpected(cause);
    if (expected !== null) {
      const shown = toGraphqlError(expected);
      return new GraphQLError(shown.message, { ...options, extensions: shown.extensions });
    }
    log.error("unexpected error in a request", cause, { request_id: requestId, path: located?.path?.join(".") ?? "" });
    return new GraphQLError(`Something unexpected went wrong; the server's log has it under the request id ${requestId}.`, {
      ...options, extensions: { code: "INTERNAL", requestId },
    });
  };
  const masked = (result: ExecutionResult, args: ExecutionArgs): ExecutionResult =>
    result.errors === undefined ? result : { ...result, errors: result.errors.map((error) => present(error, contextOf(args).requestId)) };
  const run = (args: ExecutionArgs): Promise<ExecutionResult> | ExecutionResult => {
    const result = execute(args);
    return result instanceof Promise ? result.then((done) => masked(done, args)) : masked(result, args);
  };
  const open = async (args: ExecutionArgs) => {
    const source = await createSourceEventStream(args);
    return isAsyncIterable(source) ? source : masked(source, args);
  };
  return {
    execute: run,
    open,
    present,
    async subscribe(args) {
      const source = await open(args);
      return isAsyncIterable(source) ? executed(source, args, run, (error) => present(error, contextOf(args).requestId)) : source;
    },
  };
}

/** Executes the operation for each item. return() goes to the source at once, also while an item is awaited. */
export function executed(
  source: AsyncIterable<unknown>, args: ExecutionArgs, run: Executor["execute"], present: (error: unknown) => GraphQLError,
): AsyncGenerator<ExecutionResult, void, undefined> {
  const items = source[Symbol.asyncIterator]() as AsyncIterator<unknown, undefined, undefined>;
  const close = async (): Promise<void> => {
    await items.return?.();
  };
  return {
    async next() {
      try {
        const { done, value } = await items.next();
        return done === true ? { done, value: undefined } : { done: false, value: await run({ ...args, rootValue: value }) };
      } catch (error) {
        throw present(error);
      }
    },
    async return() {
      await close();
      return { done: true, value: undefined };
    },
    async throw(error: unknown) {
      await close();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: close,
  };
}

export function contextOf(args: ExecutionArgs): GraphqlContext {
  return args.contextValue as GraphqlContext;
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
