// A text made into a filter: read by the grammar, then each comparison looked up among the fields. Whatever the text is,
// it gives a filter or a FilterFault that names the column and what was expected there. Pure.
import type { FilterComparison, FilterNode, FilterOperator } from "./ast.js";
import { FILTER_FIELDS, filterField, type BooleanField, type FilterFieldDefinition, type NumberField, type TextField, type WordField } from "./fields.js";
import { parse, SyntaxError as GrammarError } from "./generated/grammar.js";
import { parseThreshold, type Threshold } from "./measures.js";

/** What a person types is far shorter; a longer text is refused before it is read. */
export const MAX_FILTER_CHARACTERS = 1_000;
/** Of a wrong value, so much is repeated in the error. */
const MAX_QUOTED_CHARACTERS = 40;

/** A text that is no filter. The message is a sentence that begins with the column. */
export class FilterFault extends Error {
  override readonly name = "FilterFault";

  constructor(
    /** Place in the text, from 1; characters, not bytes. One past the end where something is missing. */
    readonly column: number,
    problem: string,
  ) {
    super(`Column ${column}: ${problem}`);
  }
}

type NumberOperator = Exclude<FilterOperator, ":" | "~">;
export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  /** Part of the name or the id, or the whole name of a state; in lower case. */
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "text"; readonly field: TextField; readonly key: string | null; readonly operator: ":" | "=" | "!=" | "~"; readonly value: string }
  | { readonly kind: "presence"; readonly field: TextField; readonly isWanted: boolean }
  | { readonly kind: "oneOf"; readonly field: WordField; readonly words: readonly string[]; readonly shown: string }
  | { readonly kind: "number"; readonly field: NumberField; readonly operator: NumberOperator; readonly threshold: Threshold; readonly shown: string }
  | { readonly kind: "boolean"; readonly field: BooleanField; readonly isWanted: boolean };

/** A filter ready to be asked; null stands for the empty text, which every VM passes. */
export type Filter = Condition | null;

/** Throws FilterFault. */
export function parseFilter(source: string): Filter {
  const node = readFilter(source);
  return node === null ? null : looked(node, source);
}

/** The filter as written, before any field is looked up. Throws FilterFault. */
export function readFilter(source: string): FilterNode | null {
  if (source.length > MAX_FILTER_CHARACTERS) {
    throw new FilterFault(MAX_FILTER_CHARACTERS + 1, `a filter has at most ${MAX_FILTER_CHARACTERS} characters, not ${source.length}; shorten it.`);
  }
  try {
    return parse(source);
  } catch (error) {
    if (error instanceof GrammarError) throw syntaxFault(error, source);
    throw error;
  }
}

function columnOf(source: string, offset: number): number {
  return Array.from(source.slice(0, offset)).length + 1;
}

/** What the grammar can go on with, in the order it is told. */
const EXPECTED = [["a value", "a value"], [")", ")"], ["a word", "a word or a condition such as cpu>50"], ["end", "the end of the filter"]] as const;

function syntaxFault({ expected, found, location }: GrammarError, source: string): FilterFault {
  const possible = new Set(expected.map((each) => (each.type === "other" ? each.description : each.type === "literal" ? each.text : each.type)));
  const column = columnOf(source, location.start.offset);
  const wanted = EXPECTED.flatMap(([name, shown]) => (possible.has(name) ? [shown] : []));
  if (found === '"') return new FilterFault(column, 'the quoted text that begins here has no end; close it with ".');
  return new FilterFault(column, `expected ${wanted.join(" or ")}, found ${found === null ? "the end" : quote(found)}.`);
}

function looked(node: FilterNode, source: string): Condition {
  switch (node.kind) {
    case "and":
    case "or":
      return { kind: node.kind, parts: node.parts.map((part) => looked(part, source)) };
    case "not":
      return { kind: "not", part: looked(node.part, source) };
    case "word":
      return { kind: "word", text: node.text.toLowerCase() };
    case "compare":
      return comparison(node, source);
  }
}

function comparison(node: FilterComparison, source: string): Condition {
  const field = filterField(node.field);
  if (field === null) throw new FilterFault(columnOf(source, node.offset), unknownField(node.field));
  const wrongValue = (expected: string): FilterFault => new FilterFault(columnOf(source, node.valueOffset), `${field.name} expects ${expected}, not ${quote(node.value)}.`);
  const only = <Operator extends FilterOperator>(operators: readonly Operator[]): Operator => {
    const found = operators.find((operator) => operator === node.operator);
    if (found !== undefined) return found;
    throw new FilterFault(columnOf(source, node.offset), `${field.name} is compared with ${operators.join(" ")}, not ${node.operator} (e.g. ${field.example}).`);
  };
  switch (field.kind) {
    case "text":
      return textCondition(field, node, only([":", "=", "!=", "~"]));
    case "word":
      return wordCondition(field, node.value.toLowerCase(), only([":", "=", "!=", "~"]), wrongValue);
    case "number": {
      const operator = only([">", "<", ">=", "<=", "=", "!=", ":"]);
      const threshold = parseThreshold(node.value, field.measure, field.whole !== undefined);
      if (threshold === null) throw wrongValue(field.measure.expected);
      return { kind: "number", field, operator: operator === ":" ? "=" : operator, threshold, shown: node.value };
    }
    case "boolean": {
      const operator = only([":", "=", "!="]);
      const isWanted = yesOrNo(node.value);
      if (isWanted === null) throw wrongValue("yes or no");
      return { kind: "boolean", field, isWanted: operator === "!=" ? !isWanted : isWanted };
    }
  }
}

function textCondition(field: TextField, node: FilterComparison, operator: ":" | "=" | "!=" | "~"): Condition {
  const isWanted = field.asksPresence === true && (operator === ":" || operator === "=") ? yesOrNo(node.value) : null;
  if (isWanted !== null) return { kind: "presence", field, isWanted };
  return { kind: "text", field, key: node.key, operator, value: node.value.toLowerCase() };
}

/** A word that stands for none of the field's is a mistake, but for a pattern. */
function wordCondition(field: WordField, value: string, operator: ":" | "=" | "!=" | "~", wrongValue: (expected: string) => FilterFault): Condition {
  const meant = field.words.filter((word) => (operator === ":" ? word.startsWith(value) : operator === "~" ? matchesGlob(value, word) : word === value));
  if (meant.length === 0) throw wrongValue(`one of ${field.words.join(", ")}`);
  return { kind: "oneOf", field, words: operator === "!=" ? field.words.filter((word) => !meant.includes(word)) : meant, shown: `${operator}${value}` };
}

function yesOrNo(value: string): boolean | null {
  const lower = value.toLowerCase();
  return ["yes", "true", "on"].includes(lower) ? true : ["no", "false", "off"].includes(lower) ? false : null;
}

function unknownField(name: string): string {
  const near = nearest(name, FILTER_FIELDS);
  const hint = near === null ? "" : ` Did you mean ${near}?`;
  return `there is no field ${quote(name)}.${hint} Fields: ${FILTER_FIELDS.map((field) => field.name).join(", ")}.`;
}

/** The field that the name is a part of, or ends or begins as. */
function nearest(name: string, fields: readonly FilterFieldDefinition[]): string | null {
  const parts = (field: string) => [field, ...field.split(".")];
  return fields.find((field) => parts(field.name).some((part) => part.startsWith(name) || name.startsWith(part)))?.name ?? null;
}

function quote(text: string): string {
  const characters = Array.from(text);
  return JSON.stringify(characters.length > MAX_QUOTED_CHARACTERS ? `${characters.slice(0, MAX_QUOTED_CHARACTERS).join("")}…` : text);
}

/**
 * Whether `text` is as `pattern` says: `*` any characters, `?` one. In the time of the product of their lengths at worst:
 * a regular expression of the same pattern may take for ever.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let place = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < text.length; ) {
    if (place < pattern.length && pattern[place] === "*") {
      star = place;
      resume = index;
      place += 1;
    } else if (place < pattern.length && (pattern[place] === "?" || pattern[place] === text[index])) {
      place += 1;
      index += 1;
    } else if (star >= 0) {
      place = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(place));
}
