// Pages that can be had as text, by name. Apart from their views, so that the grammar of the command line loads none.
export const PLAIN_PAGES = ["overview", "vm", "hosts", "events", "operations", "alerts"] as const;
export type PlainPage = (typeof PLAIN_PAGES)[number];
