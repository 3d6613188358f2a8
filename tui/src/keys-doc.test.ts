// docs/keys.md, printed from the key table: `npx vitest run --project unit tui/src/keys-doc.test.ts -u` renews it.
import { expect, it } from "vitest";
import { BINDINGS, EVERYWHERE, keyName } from "./keys.js";
import type { Binding } from "./keys.js";

function line({ command, keys, help, pages }: Binding): string {
  const named = keys.map((key) => `\`${keyName(key)}\``).join(" ");
  return `| ${named} | ${help} | ${where(pages)} | \`${command}\` |`;
}

/** But forms, where letters are typed. */
function where(pages: Binding["pages"]): string {
  const missing = EVERYWHERE.filter((page) => !pages.includes(page));
  if (missing.length > 1) return pages.join(", ");
  return missing[0] === undefined ? "everywhere" : `everywhere but ${missing[0]}`;
}

function keysDocument(): string {
  const groups = [...new Set(BINDINGS.map((binding) => binding.group))];
  const tables = groups.map((group) => [
    `## ${group}`, "", "| key | what it does | where | name in config.yaml |", "|---|---|---|---|", ...BINDINGS.filter((binding) => binding.group === group).map(line),
  ].join("\n"));
  return ["# Keys of the dashboard", "Printed from the key table `tui/src/keys.ts` by `npm run generate`.", ...tables].join("\n\n") + "\n";
}

it("docs/keys.md is what the key table prints", async () => {
  await expect(keysDocument()).toMatchFileSnapshot("../../docs/keys.md");
});
