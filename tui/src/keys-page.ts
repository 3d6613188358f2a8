// Prints docs/keys.md from the key table. A test compares what it prints with the committed file.
import { BINDINGS, keyName } from "./keys.js";

const PAGE_NAMES = { overview: "overview", vm: "VM page", operations: "operations", events: "events", help: "help" } as const;
const EVERY_PAGE = Object.keys(PAGE_NAMES).length;

export function keysPage(): string {
  const groups = [...new Set(BINDINGS.map((binding) => binding.group))];
  const sections = groups.map((group) => {
    const rows = BINDINGS.filter((binding) => binding.group === group).map((binding) => {
      const keys = binding.keys.map((key) => `\`${keyName(key)}\``).join(" ");
      const where = binding.pages.length === EVERY_PAGE ? "everywhere" : binding.pages.map((page) => PAGE_NAMES[page]).join(", ");
      return `| ${keys} | ${binding.label} | ${binding.help} | ${where} |`;
    });
    return [`## ${group}`, "", "| Key | Name | What it does | Where |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
  });
  const lead = "# Keys of the dashboard\n\nPrinted from the key table in `tui/src/keys.ts`. A verb that cannot be done now stays visible, dimmed, and says why when pressed.\nIn a console every key goes to the guest but these: `Ctrl-]` leaves, `F12` switches full screen, `Shift-PgUp` and `Shift-PgDn` look back.\n";
  return [lead, ...sections].join("\n");
}
