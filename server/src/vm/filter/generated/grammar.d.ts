// What the generated parser gives; written by hand, because the generator does not know the types of the actions.
import type { FilterNode } from "../ast.js";

export type Expectation =
  | { readonly type: "other"; readonly description: string }
  | { readonly type: "literal"; readonly text: string }
  | { readonly type: "class" | "any" | "end" };

export class SyntaxError extends globalThis.SyntaxError {
  readonly expected: readonly Expectation[];
  readonly found: string | null;
  readonly location: { readonly start: { readonly offset: number } };
}

export function parse(text: string): FilterNode | null;
