// A GraphQL client that shares nothing with the product's own, so that tests see the API as a stranger does.
import type { ExecutionResult } from "graphql";
import { type Client, createClient } from "graphql-ws";
import WebSocket from "ws";

export interface GraphqlAnswer<T> { readonly data?: T; readonly errors?: readonly { message: string; extensions?: Record<string, unknown> }[] }

export interface GraphqlPeer extends AsyncDisposable {
  /** Posts a document; throws on GraphQL errors. */
  query<T>(document: string, variables?: Record<string, unknown>): Promise<T>;
  /** Posts a document and gives status and body as they came. */
  raw<T>(document: string, variables?: Record<string, unknown>, token?: string): Promise<{ status: number; body: GraphqlAnswer<T> }>;
  /** One answer over the WebSocket of the subscriptions, as a client that holds one asks. Throws on GraphQL errors. */
  ask<T>(document: string, variables?: Record<string, unknown>): Promise<T>;
  /** Items of a subscription until `return()`. */
  subscribe<T>(document: string, variables?: Record<string, unknown>): AsyncIterableIterator<T>;
}

export function connect(url: string, token: string): GraphqlPeer {
  const socket: Client = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    lazy: true,
    retryAttempts: 0,
  });
  const raw = async <T>(document: string, variables: Record<string, unknown> = {}, as = token) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", authorization: `Bearer ${as}` },
      body: JSON.stringify({ query: document, variables }),
    });
    return { status: response.status, body: (await response.json()) as GraphqlAnswer<T> };
  };
  return {
    raw,
    async query<T>(document: string, variables?: Record<string, unknown>) {
      const { status, body } = await raw<T>(document, variables);
      if (body.errors !== undefined || body.data === undefined) throw new Error(`GraphQL ${status}: ${JSON.stringify(body.errors)}`);
      return body.data;
    },
    ask<T>(document: string, variables: Record<string, unknown> = {}) {
      return new Promise<T>((resolve, reject) => {
        let answer: ExecutionResult<T> | undefined;
        socket.subscribe<T>({ query: document, variables }, {
          next: (result) => { answer = result as ExecutionResult<T>; },
          error: (error) => reject(new Error(`GraphQL over WebSocket: ${JSON.stringify(error)}`)),
          complete: () => answer?.data == null ? reject(new Error(`GraphQL over WebSocket: ${JSON.stringify(answer)}`)) : resolve(answer.data),
        });
      });
    },
    subscribe<T>(document: string, variables: Record<string, unknown> = {}) {
      const results = socket.iterate<T>({ query: document, variables });
      // No generator: one that waits for an item hears of return() only when the item comes.
      return {
        async next(): Promise<IteratorResult<T, undefined>> {
          const { done, value } = (await results.next()) as IteratorResult<ExecutionResult<T>, undefined>;
          if (done === true) return { done, value: undefined };
          if (value.errors !== undefined || value.data === null || value.data === undefined) throw new Error(`subscription: ${JSON.stringify(value.errors)}`);
          return { done: false, value: value.data };
        },
        async return(): Promise<IteratorResult<T, undefined>> {
          await results.return?.();
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]() { return this; },
      };
    },
    async [Symbol.asyncDispose]() { await socket.dispose(); },
  };
}
