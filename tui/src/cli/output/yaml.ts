// Values as YAML text, in which nothing drives a terminal either. Apart, so that only -o yaml pays for the library. Pure.
import { Document, Scalar, visit } from "yaml";
import { UNPRINTABLE } from "../../width.js";
import { escaped } from "./encode.js";

/** Only in double quotes does YAML know escapes. */
const NEEDS_ESCAPES = new RegExp(`(?!\\n)[${UNPRINTABLE}]`, "u");

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
