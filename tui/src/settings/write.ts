// Changes to config.yaml that leave comments, order and everything else as the person wrote it.
import { parseDocument } from "yaml";
import type { Document } from "yaml";
import { textOf, writeText } from "./file.js";

export class SettingsError extends Error {}

/** Applies a change to the file, which is made where it is not there. Throws a SettingsError when it cannot be kept whole. */
export function editSettings(path: string, change: (document: Document) => void): void {
  const text = textOf(path) ?? "";
  if (typeof text !== "string") throw new SettingsError(`${path}: ${text.fault}`);
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new SettingsError(`${path} was left as it is, for it is no valid YAML: 'quetzal config check' names the lines.`);
  change(document);
  try {
    writeText(path, document.toString({ lineWidth: 0, flowCollectionPadding: false }));
  } catch (error) {
    throw new SettingsError(`${path} could not be written (${(error as NodeJS.ErrnoException).code ?? String(error)}).`, { cause: error });
  }
}

/** A list in one line, as people write short lists. */
export function inOneLine(document: Document, values: readonly string[]): unknown {
  return document.createNode(values, { flow: true });
}
