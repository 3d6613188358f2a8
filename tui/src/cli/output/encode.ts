// Values as JSON and CSV text. Whatever comes from elsewhere may hold characters that drive a terminal: JSON escapes
// them, which loses nothing; CSV knows no escapes and gets a question mark. Pure.
import { sanitise } from "../../format.js";
import { UNPRINTABLE } from "../../width.js";
import type { ListColumn, Value } from "./listing.js";

/** All of them but the newline between the lines of readable JSON and YAML: one in a text is escaped by those. */
const DANGEROUS = new RegExp(`(?!\\n)[${UNPRINTABLE}]`, "gu");

export function escaped(text: string): string {
  return text.replace(DANGEROUS, (mark) => Array.from({ length: mark.length }, (_, unit) => `\\u${mark.charCodeAt(unit).toString(16).padStart(4, "0")}`).join(""));
}

export function jsonText(value: unknown, indent: 0 | 2): string {
  return escaped(JSON.stringify(value, null, indent));
}

/** A line of RFC 4180. */
export function csvLine(values: readonly Value[]): string {
  return values.map(csvField).join(",");
}

function csvField(value: Value): string {
  const text = value === null ? "" : sanitise(String(value), "keep");
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvLines<Row>(columns: readonly ListColumn<Row>[], rows: readonly Row[], flags: { readonly headers?: boolean }): string[] {
  const body = rows.map((row) => csvLine(columns.map((column) => column.value(row))));
  return flags.headers === false ? body : [csvLine(columns.map(({ name }) => name)), ...body];
}
