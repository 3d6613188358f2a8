// Writes docs/keys.md from the key table. Run by `npm run generate`; a test compares. Not part of the bundle.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BINDINGS, keyName } from "./keys.js";
import type { Binding } from "./keys.js";

export const KEYS_DOCUMENT_PATH = fileURLToPath(new URL("../../docs/keys.md", import.meta.url));

const PAGE_COUNT = new Set(BINDINGS.flatMap((binding) => binding.pages)).size;

/** The text of docs/keys.md. */
export function keysDocument(): string {
  const groups = [...new Set(BINDINGS.map((binding) => binding.group))];
  const sections = groups.map((group) => {
    const rows = BINDINGS.filter((binding) => binding.group === group).map(row);
    return `## ${group}\n\n| key | what it does | where |\n|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `# Keys of the dashboard\n\nPrinted from the key table \`tui/src/keys.ts\` by \`npm run generate\`.\n\n${sections.join("\n")}`;
}

function row(binding: Binding): string {
  const keys = binding.keys.map((key) => `\`${keyName(key)}\``).join(" ");
  const where = binding.pages.length === PAGE_COUNT ? "everywhere" : binding.pages.join(", ");
  return `| ${keys} | ${binding.help} | ${where} |`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(KEYS_DOCUMENT_PATH, keysDocument());
