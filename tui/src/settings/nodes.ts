// Reads YAML nodes into plain values, each fault with its line. Knows the shapes of values and no setting.
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Document, Pair, ParsedNode } from "yaml";
import type { Placed, SettingsFault } from "./model.js";

type Entry = readonly [key: Placed<string>, value: unknown];

/** What a scalar must be. `expected` finishes the sentence "… must be". */
export interface Kind<Value> { readonly expected: string; readonly take: (value: unknown) => Value | undefined }

/** Longest text taken as a name or a value, in characters. */
const TEXT_MAX_LENGTH = 1_024;

export const TEXT: Kind<string> = {
  expected: "a text",
  take: (value) => (typeof value === "string" && value !== "" && value.length <= TEXT_MAX_LENGTH ? value : typeof value === "number" ? String(value) : undefined),
};
export const YES_OR_NO: Kind<boolean> = { expected: "true or false", take: (value) => (typeof value === "boolean" ? value : undefined) };

export function oneOf<const Value extends string>(...values: readonly Value[]): Kind<Value> {
  return { expected: `one of ${values.join(", ")}`, take: (value) => values.find((known) => known === value) };
}

export class Nodes {
  readonly faults: SettingsFault[] = [];
  private readonly lines = new LineCounter();
  private readonly document: Document.Parsed;

  constructor(text: string) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    for (const error of this.document.errors) this.fault(this.lines.linePos(error.pos[0]).line, firstSentence(error.message));
  }

  fault(line: number, text: string): void {
    this.faults.push({ line, text });
  }

  /** The whole file's entries; an empty file has none. */
  top(): Entry[] {
    const { contents } = this.document;
    return contents === null || (isScalar(contents) && contents.value === null) ? [] : this.entries(contents, "the file");
  }

  /** Entries of a mapping; a fault and none when it is something else. */
  entries(node: unknown, what: string): Entry[] {
    const resolved = this.resolve(node);
    if (!isMap(resolved)) {
      this.fault(this.lineOf(node), `${what} must be a list of "name: value" lines.`);
      return [];
    }
    return resolved.items.flatMap((pair): Entry[] => {
      const key = keyOf(pair);
      return key === undefined ? [] : [[{ value: key, line: this.lineOf(pair.key) }, pair.value]];
    });
  }

  /** Items of a list; one value alone is a list of one where `single` allows it. */
  items(node: unknown, what: string, single: "one is a list" | "lists only"): unknown[] {
    const resolved = this.resolve(node);
    if (isSeq(resolved)) return resolved.items;
    if (single === "one is a list" && isScalar(resolved) && resolved.value !== null) return [resolved];
    this.fault(this.lineOf(node), `${what} must be a list.`);
    return [];
  }

  /** A scalar of a kind; undefined, with a fault, when it is another. */
  scalar<Value>(node: unknown, what: string, kind: Kind<Value>): Placed<Value> | undefined {
    const resolved = this.resolve(node);
    const line = this.lineOf(node);
    const value = isScalar(resolved) ? kind.take(resolved.value) : undefined;
    if (value !== undefined) return { value, line };
    this.fault(line, `${what} must be ${kind.expected}.`);
    return undefined;
  }

  lineOf(node: unknown): number {
    const range = (node as ParsedNode | null)?.range;
    return range ? this.lines.linePos(range[0]).line : 1;
  }

  private resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.document) : node;
  }
}

function keyOf(pair: Pair): string | undefined {
  const { key } = pair;
  const value = isScalar(key) ? key.value : undefined;
  return typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** yaml's messages may go on with the source; only what is wrong is wanted. */
function firstSentence(message: string): string {
  return `${(message.split("\n")[0] ?? message).replace(/\.?$/, "")}.`;
}
