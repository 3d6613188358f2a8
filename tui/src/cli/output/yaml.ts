// Values as YAML text, in which nothing drives a terminal either. Apart, so that only -o yaml pays for the library. Pure.
import { Document, Scalar, visit } from "yaml";
import { escaped } from "./encode.js";

/** Only in double quotes does YAML know escapes. */
const NEEDS_ESCAPES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;

/** With the newline at its end: where a text ends in some, each counts. */
export function yamlText(value: unknown): string {
  const document = new Document(value);
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === "string" && NEEDS_ESCAPES.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return escaped(document.toString({ lineWidth: 0 }));
}
