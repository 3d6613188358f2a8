// A filter as it was written: what the grammar makes of a text, before any field is looked up. Types only.

export type FilterOperator = ":" | "=" | "!=" | ">" | ">=" | "<" | "<=" | "~";

/** Offsets are places in the text, in UTF-16 units from 0. */
export interface FilterComparison {
  readonly kind: "compare";
  readonly field: string;
  /** The key of `label.KEY`; null for every other field. */
  readonly key: string | null;
  readonly operator: FilterOperator;
  readonly value: string;
  readonly offset: number;
  readonly valueOffset: number;
}

export type FilterNode =
  | { readonly kind: "and" | "or"; readonly parts: readonly FilterNode[] }
  | { readonly kind: "not"; readonly part: FilterNode }
  | { readonly kind: "word"; readonly text: string; readonly offset: number }
  | FilterComparison;
