// Writes generated/grammar.js from grammar.peggy; `npm run generate` runs it, and a test compares. Plain JavaScript,
// because the parser is generated before anything is compiled.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import peggy from "peggy";

const HEADER = "// Generated from grammar.peggy by `npm run generate`; edit that file, not this one.\n// @ts-nocheck\n";
const source = fileURLToPath(new URL("grammar.peggy", import.meta.url));
const target = fileURLToPath(new URL("generated/grammar.js", import.meta.url));

/** The parser's source, as it is committed. */
export function generatedGrammar() {
  return HEADER + peggy.generate(readFileSync(source, "utf8"), { output: "source", format: "es", allowedStartRules: ["Filter"], grammarSource: "grammar.peggy" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, generatedGrammar());
