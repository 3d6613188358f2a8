// `quetzal audit`: who did or tried what, when, and what came of it, newest first.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { UNKNOWN, sanitise, words } from "../format.js";
import { printJson, printLines } from "./context.js";
import type { Colour, CommandContext } from "./context.js";
import { tableLines } from "./table.js";

const AUDIT = graphql(`
  query Audit($first: Int, $after: String, $actor: String, $vmId: ID) {
    audit(first: $first, after: $after, actor: $actor, vmId: $vmId) {
      nodes { cursor time actor kind vmId outcome reason message operation { id kind state startedAt endedAt } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

type Entry = ResultOf<typeof AUDIT>["audit"]["nodes"][number];

export interface AuditOptions {
  readonly actor?: string;
  readonly vm?: string;
  /** How many of the newest. */
  readonly last: number;
}

/** Entries asked for at once. */
const PAGE_SIZE = 500;

export async function showAudit(context: CommandContext, options: AuditOptions): Promise<void> {
  const entries: Entry[] = [];
  for (let after: string | null = null; ; ) {
    const first = Math.min(PAGE_SIZE, options.last - entries.length);
    const { nodes, pageInfo }: ResultOf<typeof AUDIT>["audit"] = (
      await context.client().request(AUDIT, { first, after, actor: options.actor ?? null, vmId: options.vm ?? null }, context.signal)
    ).audit;
    entries.push(...nodes);
    after = pageInfo.endCursor;
    if (!pageInfo.hasNextPage || entries.length >= options.last) break;
  }
  if (context.format === "json") return printJson(context, entries);
  if (entries.length === 0) context.note("Nothing in the audit matches.");
  else await printLines(context, auditTable(context, entries));
}

const OUTCOME_COLOURS: Readonly<Record<NonNullable<Entry["outcome"]>, Colour>> = {
  RUNNING: "yellow", SUCCEEDED: "green", FAILED: "vermilion", CANCELLED: "grey", REFUSED: "orange",
};
const OUTCOME_COLUMN = 4;

function auditTable(context: CommandContext, entries: readonly Entry[]): string[] {
  const columns = ["TIME", "WHO", "WHAT", "VM", "OUTCOME", "MESSAGE"].map((title) => ({ title }));
  const rows = entries.map((entry) => [
    entry.time.slice(0, 19).replace("T", " "),
    sanitise(entry.actor ?? UNKNOWN),
    actOf(entry),
    sanitise(entry.vmId ?? ""),
    entry.outcome === null ? UNKNOWN : words(entry.outcome),
    sanitise(entry.reason ?? entry.message),
  ]);
  return tableLines(columns, rows, (cell, y, x) => {
    const outcome = entries[y]?.outcome ?? null;
    return x === OUTCOME_COLUMN && outcome !== null ? context.paint(OUTCOME_COLOURS[outcome], cell) : cell;
  });
}

/** What was done: the verb, or what else the event is of. */
function actOf(entry: Entry): string {
  if (entry.kind === "OPERATION_CANCEL_REQUESTED") return entry.operation === null ? "cancel" : `cancel ${words(entry.operation.kind)}`;
  return words(entry.operation?.kind ?? entry.kind);
}
