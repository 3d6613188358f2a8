// A filter as text: what parses to the same filter again. Pure.
import type { FilterNode } from "./ast.js";

const PLAIN_WORD = /^[^ \t\r\n()"<>:=!~-][^ \t\r\n()"<>:=!~]*$/;
const KEYWORD = /^(?:and|or|not)$/i;
const PLAIN_VALUE = /^[^ \t\r\n()"<>]+$/;
/** Operators that are read on past their own end: `cpu:` followed by `=5` must not become `:=`, nor `>` `>=`. */
const MAY_GROW = /^=/;

/** Empty for the filter that all VMs pass. */
export function printFilter(node: FilterNode | null): string {
  return node === null ? "" : print(node);
}

function print(node: FilterNode): string {
  switch (node.kind) {
    case "and":
      return node.parts.map(part).join(" ");
    case "or":
      return node.parts.map(part).join(" or ");
    case "not":
      return `not ${part(node.part)}`;
    case "word":
      return word(node.text);
    case "compare": {
      const field = node.key === null ? node.field : `${node.field}.${word(node.key)}`;
      const value = PLAIN_VALUE.test(node.value) && !MAY_GROW.test(node.value) ? node.value : quoted(node.value);
      return `${field}${node.operator}${value}`;
    }
  }
}

function part(node: FilterNode): string {
  return node.kind === "and" || node.kind === "or" ? `(${print(node)})` : print(node);
}

function word(text: string): string {
  return PLAIN_WORD.test(text) && !KEYWORD.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
