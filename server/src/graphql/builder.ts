// The Pothos builder: scalars, context and the rule that a field is not null unless it says so. Knows no noun.
import SchemaBuilder from "@pothos/core";
import type { GraphqlContext } from "./context.js";

export interface SchemaTypes {
  Context: GraphqlContext;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    Bytes: { Input: number; Output: number };
    BigInt: { Input: bigint; Output: bigint };
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
  };
}

export const builder = new SchemaBuilder<SchemaTypes>({ defaultFieldNullability: false });

/** The builder's types with Pothos' defaults filled in, as references to types carry them. */
export type BuilderTypes = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Types> ? Types : never;
export type { ObjectRef } from "@pothos/core";
