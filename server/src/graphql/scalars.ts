// The API's scalars. JavaScript side: Bytes is a safe integer, BigInt a bigint, DateTime a Date, JSON any value.
import { GraphQLError, Kind, valueFromASTUntyped, type ValueNode } from "graphql";
import { builder } from "./builder.js";

function refuse(message: string): never {
  throw new GraphQLError(message);
}

function toBytes(value: unknown): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0) {
    refuse(`Bytes must be a whole number from 0 to 2^53 - 1, not ${String(value)}.`);
  }
  return number;
}

function toBigInt(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^-?\d{1,19}$/.test(value)) {
    const parsed = BigInt(value);
    if (BigInt.asIntN(64, parsed) === parsed) return parsed;
  }
  return refuse(`BigInt must be a 64-bit whole number in decimal, e.g. "42", not ${JSON.stringify(value)}.`);
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function toDate(value: unknown): Date {
  if (value instanceof Date) return value;
  const date = typeof value === "string" && RFC3339.test(value) ? new Date(value) : undefined;
  if (date === undefined || Number.isNaN(date.getTime())) {
    refuse(`DateTime must be RFC 3339, e.g. "2026-01-31T12:00:00.000Z", not ${JSON.stringify(value)}.`);
  }
  return date;
}

function numberLiteral(node: ValueNode): unknown {
  return node.kind === Kind.INT ? Number(node.value) : undefined;
}

builder.scalarType("Bytes", {
  description: "A size or a count of bytes: a whole JSON number from 0 to 2^53 - 1.",
  serialize: toBytes,
  parseValue: toBytes,
  parseLiteral: (node) => toBytes(numberLiteral(node)),
});
builder.scalarType("BigInt", {
  description: "A 64-bit whole number, as a decimal string.",
  serialize: (value) => toBigInt(value).toString(),
  parseValue: toBigInt,
  parseLiteral: (node) => toBigInt(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : undefined),
});
builder.scalarType("DateTime", {
  description: "An instant: RFC 3339 in UTC with milliseconds, e.g. 2026-01-31T12:00:00.000Z.",
  serialize: (value) => toDate(value).toISOString(),
  parseValue: toDate,
  parseLiteral: (node) => toDate(node.kind === Kind.STRING ? node.value : undefined),
});
builder.scalarType("JSON", {
  description: "Any JSON value.",
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables ?? undefined),
});
