// Pages that can be had as text, by name, and the commands that tell what the dashboard's other pages show. Apart from
// their views, so that the grammar of the command line loads none.
import type { Page } from "../store/state.js";

export const PLAIN_PAGES = ["overview", "vm", "why", "memory", "hosts", "events", "operations", "alerts"] as const;
export type PlainPage = (typeof PLAIN_PAGES)[number];

/** The pages of one VM, which has to be named. */
export const PLAIN_VM_PAGES: readonly PlainPage[] = ["vm", "why"];

/** What says in text what a page of the dashboard shows that is none of the plain ones. */
const TOLD_BY: Readonly<Record<Exclude<Page, PlainPage>, string>> = {
  compare: "quetzal vm ls -o wide", instants: "quetzal metrics VM --range 1h", log: "quetzal events",
  plan: "quetzal vm stop VM… --dry-run", form: "quetzal vm create --help", edit: "quetzal vm edit VM", columns: "quetzal vm ls --columns", views: "quetzal vm ls --filter", help: "quetzal help",
};

/** A page by its name, or one sentence about what there is instead. */
export function plainPageNamed(name: string): { page: PlainPage } | { reason: string } {
  const page = PLAIN_PAGES.find((one) => one === name);
  if (page !== undefined) return { page };
  const told = Object.entries(TOLD_BY).find(([one]) => one === name)?.[1];
  const instead = told === undefined ? "There is no such page" : `That page is for the screen, and '${told}' tells it in text`;
  return { reason: `${instead}; pages as plain text are ${PLAIN_PAGES.join(", ")}.` };
}
