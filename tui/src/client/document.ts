// Typed GraphQL documents: the result and variable types come from server/schema.graphql at compile time, and at run
// time a document is only its text, so that no GraphQL parser is loaded. It must not know how documents travel.
import type { DocumentDecoration, ResultOf, VariablesOf, initGraphQLTada } from "gql.tada";
import type { introspection } from "./generated/schema-types.js";

interface Setup {
  introspection: introspection;
  disableMasking: true;
  scalars: {
    /** A whole number of bytes, 0 to 2^53 - 1. */
    Bytes: number;
    /** A 64-bit whole number in decimal digits. */
    BigInt: string;
    /** RFC 3339 in UTC. */
    DateTime: string;
    JSON: unknown;
  };
}

/** What a document or fragment really is: its own text and those of the fragments it uses, each once. */
interface DocumentText {
  readonly parts: ReadonlySet<string>;
}

type Graphql = ReturnType<typeof initGraphQLTada<Setup>>;

/** A document whose result is `Result` and whose variables are `Variables`. */
export type TypedDocument<Result, Variables> = DocumentDecoration<Result, Variables>;
export type { ResultOf, VariablesOf };

function compose(text: string, fragments: readonly DocumentText[] = []): DocumentText {
  const parts = new Set<string>();
  for (const fragment of fragments) for (const part of fragment.parts) parts.add(part);
  parts.add(text.trim());
  return { parts };
}

/** Declares a typed document or fragment: graphql(`query { … }`, [fragments]). */
export const graphql = compose as unknown as Graphql;

/** The text to send. */
export function documentText(document: object): string {
  return [...(document as DocumentText).parts].join("\n");
}
