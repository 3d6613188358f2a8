// `quetzal audit`: who did or tried what, when, and what came of it, newest first.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { UNKNOWN, sanitise, words } from "../format.js";
import type { Colour, CommandContext } from "./context.js";
import type { ListColumn, ListFlags, Listing } from "./output/listing.js";
import { printList } from "./output/print.js";
import { namedVm } from "./vm/select.js";

const AUDIT = graphql(`
  query Audit($first: Int, $after: String, $actor: String, $vmId: ID) {
    audit(first: $first, after: $after, actor: $actor, vmId: $vmId) {
      nodes { cursor time actor kind vmId outcome reason message operation { id kind state startedAt endedAt } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

type Entry = ResultOf<typeof AUDIT>["audit"]["nodes"][number];

export interface AuditOptions extends ListFlags {
  readonly actor?: string;
  /** Id or name; of one that never was, what was tried is kept by its id. */
  readonly vm?: string;
  /** How many of the newest. */
  readonly last: number;
}

/** Entries asked for at once. */
const PAGE_SIZE = 500;

export async function showAudit(context: CommandContext, options: AuditOptions): Promise<void> {
  const entries: Entry[] = [];
  const vmId = options.vm === undefined ? null : (await namedVm(context, options.vm)).id;
  for (let after: string | null = null; ; ) {
    const first = Math.min(PAGE_SIZE, options.last - entries.length);
    const { nodes, pageInfo }: ResultOf<typeof AUDIT>["audit"] = (
      await context.client().request(AUDIT, { first, after, actor: options.actor ?? null, vmId }, context.signal)
    ).audit;
    entries.push(...nodes);
    after = pageInfo.endCursor;
    if (!pageInfo.hasNextPage || entries.length >= options.last) break;
  }
  await printList(context, AUDIT_LISTING, entries, options);
}

const OUTCOME_COLOURS: Readonly<Record<NonNullable<Entry["outcome"]>, Colour>> = {
  RUNNING: "yellow", SUCCEEDED: "green", FAILED: "vermilion", CANCELLED: "grey", REFUSED: "orange",
};

function text(name: string, title: string, of: (entry: Entry) => string | null, unknown: string): ListColumn<Entry> {
  return { name, title, value: of, cell: (entry) => sanitise(of(entry) ?? unknown) };
}

export const AUDIT_LISTING: Listing<Entry> = {
  name: ({ cursor }) => cursor,
  empty: "Nothing in the audit matches.",
  columns: [
    { name: "cursor", shown: "wide", align: "right", value: ({ cursor }) => Number(cursor), cell: ({ cursor }) => cursor },
    { name: "time", value: ({ time }) => time, cell: ({ time }) => time.slice(0, 19).replace("T", " ") },
    text("actor", "WHO", ({ actor }) => actor, UNKNOWN),
    text("what", "WHAT", actOf, UNKNOWN),
    text("vm", "VM", ({ vmId }) => vmId, ""),
    {
      ...text("outcome", "OUTCOME", ({ outcome }) => (outcome === null ? null : words(outcome)), UNKNOWN),
      colour: ({ outcome }) => (outcome === null ? undefined : OUTCOME_COLOURS[outcome]),
    },
    { ...text("operation", "OPERATION", ({ operation }) => operation?.id ?? null, UNKNOWN), shown: "wide" },
    text("message", "MESSAGE", ({ reason, message }) => reason ?? message, UNKNOWN),
  ],
};

/** What was done: the verb, or what else the event is of. */
function actOf(entry: Entry): string {
  if (entry.kind === "OPERATION_CANCEL_REQUESTED") return entry.operation === null ? "cancel" : `cancel ${words(entry.operation.kind)}`;
  return words(entry.operation?.kind ?? entry.kind);
}
