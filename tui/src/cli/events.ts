// `quetzal events` and `quetzal vm events`: what happened, and with --follow what happens, without a gap.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { ClientError, DATABASE_AWAY } from "../client/error.js";
import { UNKNOWN, sanitise, words } from "../format.js";
import { noteOutages } from "./context.js";
import type { CommandContext } from "./context.js";
import type { ListColumn, ListFlags, Listing } from "./output/listing.js";
import { printJsonLine, printList, printYamlDocument, rowPrinter } from "./output/print.js";
import { until } from "./until.js";
import { vmWithPast } from "./vm/select.js";

const EVENT = graphql(`
  fragment ListedEvent on Event {
    cursor time kind vmId hostId hostName operationId previousState state actor message
  }
`);
const EVENTS = graphql(
  `query Events($after: BigInt, $first: Int, $last: Int, $vmId: ID) {
    events(after: $after, first: $first, last: $last, vmId: $vmId) { events { ...ListedEvent } newestCursor trimmedBefore }
  }`,
  [EVENT],
);
const FOLLOW = graphql(
  `subscription FollowEvents($after: BigInt, $vmId: ID) {
    events(after: $after, vmId: $vmId) {
      __typename
      ... on Event { ...ListedEvent }
      ... on EventGap { trimmedBefore }
      ... on EventsLive { cursor }
    }
  }`,
  [EVENT],
);

type ListedEvent = ResultOf<typeof EVENT>;

/** Whom it is about, as people know it. */
export function subjectOf({ vmId, hostName, hostId }: Pick<ListedEvent, "vmId" | "hostName" | "hostId">): string | null {
  return vmId ?? hostName ?? hostId;
}

function text(name: string, of: (event: ListedEvent) => string | null, unknown: string): ListColumn<ListedEvent> {
  return { name, value: of, cell: (event) => sanitise(of(event) ?? unknown) };
}

export const EVENT_LISTING: Listing<ListedEvent> = {
  name: ({ cursor }) => cursor,
  empty: "No event matches.",
  columns: [
    // A 64-bit number: as text it sorts only among those of its length.
    { name: "cursor", align: "right", value: ({ cursor }) => Number(cursor), cell: ({ cursor }) => cursor },
    { name: "time", value: ({ time }) => time, cell: ({ time }) => time.slice(0, 19).replace("T", " ") },
    { ...text("kind", ({ kind }) => words(kind), UNKNOWN), shown: "wide" },
    text("about", subjectOf, UNKNOWN),
    text("by", ({ actor }) => actor, UNKNOWN),
    { ...text("operation", ({ operationId }) => operationId, UNKNOWN), shown: "wide" },
    text("message", ({ message }) => message, ""),
  ],
};

export interface EventsOptions extends ListFlags {
  /** Id or name. */
  readonly vm?: string;
  /** Events with a greater cursor. */
  readonly after?: string;
  /** How many of the newest, without `after`. */
  readonly last: number;
  readonly follow?: boolean;
}

/** Events asked for at once when reading from a cursor. */
const PAGE_SIZE = 500;

export async function listEvents(context: CommandContext, asked: EventsOptions): Promise<void> {
  const hasPast = async (vm: string): Promise<boolean> => (await newest(context, { vm, last: 1 })).events.length > 0;
  const options = asked.vm === undefined ? asked : { ...asked, vm: await vmWithPast(context, asked.vm, hasPast) };
  if (options.follow) return followEvents(context, options);
  const page = options.after === undefined ? await newest(context, options) : await from(context, options, options.after);
  if (page.trimmedBefore !== null) context.note(gapLine(page.trimmedBefore));
  await printList(context, EVENT_LISTING, page.events, options, page);
}

interface Page {
  readonly events: readonly ListedEvent[];
  readonly newestCursor: string;
  readonly trimmedBefore: string | null;
}

async function newest(context: CommandContext, options: EventsOptions): Promise<Page> {
  return (await context.client().request(EVENTS, { last: options.last, vmId: options.vm ?? null }, context.signal)).events;
}

async function from(context: CommandContext, options: EventsOptions, start: string): Promise<Page> {
  const events: ListedEvent[] = [];
  let trimmedBefore: string | null = null;
  let after = start;
  for (;;) {
    const page: Page = (await context.client().request(EVENTS, { after, first: PAGE_SIZE, vmId: options.vm ?? null }, context.signal)).events;
    events.push(...page.events);
    trimmedBefore ??= page.trimmedBefore;
    const last = page.events.at(-1);
    if (last === undefined || page.events.length < PAGE_SIZE) return { events, newestCursor: page.newestCursor, trimmedBefore };
    after = last.cursor;
  }
}

async function followEvents(context: CommandContext, options: EventsOptions): Promise<void> {
  const print = rowPrinter(context, EVENT_LISTING, options);
  let after = options.after;
  if (after === undefined) {
    // The newest ones first, then exactly what follows them.
    const page = await newest(context, options);
    await print(page.events);
    after = page.newestCursor;
  }
  const follower: Follower = { cursor: after, isFollowing: false };
  noteOutages(context);
  while (!context.signal.aborted) {
    try {
      await hear(context, options, print, follower);
      return;
    } catch (error) {
      if (!follower.isFollowing || !(error instanceof ClientError) || !PASSING.has(error.code ?? "")) throw error;
      context.note(`${error.message} It goes on from where it was.`);
      await until(AGAIN_MS, context.signal);
    }
  }
}

/** Where a follower is: what ends for a while under it is begun again there. */
interface Follower { cursor: string; isFollowing: boolean }

/** Answers that end a subscription and pass: the database is away, or this reader was too slow and was let go. */
const PASSING: ReadonlySet<string> = new Set([DATABASE_AWAY, "READER_TOO_SLOW"]);
const AGAIN_MS = 1_000;

async function hear(context: CommandContext, options: EventsOptions, print: (events: readonly ListedEvent[]) => Promise<void>, follower: Follower): Promise<void> {
  const variables = (): { after: string; vmId: string | null } => ({ after: follower.cursor, vmId: options.vm ?? null });
  for await (const { events: item } of context.client().subscribe(FOLLOW, variables, context.signal)) {
    follower.isFollowing = true;
    switch (item.__typename) {
      case "Event":
        follower.cursor = item.cursor;
        await print([item]);
        break;
      case "EventGap":
        follower.cursor = item.trimmedBefore;
        if (context.format === "json") await printJsonLine(context, item);
        else if (context.format === "yaml") await printYamlDocument(context, item);
        else context.note(gapLine(item.trimmedBefore));
        break;
      case "EventsLive":
        follower.cursor = item.cursor;
        break;
    }
  }
}

function gapLine(trimmedBefore: string): string {
  return `History before cursor ${trimmedBefore} has been trimmed: events are missing here.`;
}
