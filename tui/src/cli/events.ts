// `quetzal events` and `quetzal vm events`: what happened, and with --follow what happens, without a gap.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { sanitise } from "../format.js";
import { noteOutages, printJson, printJsonLine, printLines } from "./context.js";
import type { CommandContext } from "./context.js";

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

export interface EventsOptions {
  readonly vm?: string;
  /** Events with a greater cursor. */
  readonly after?: string;
  /** How many of the newest, without `after`. */
  readonly last: number;
  readonly follow?: boolean;
}

/** Events asked for at once when reading from a cursor. */
const PAGE_SIZE = 500;

export async function listEvents(context: CommandContext, options: EventsOptions): Promise<void> {
  if (options.follow) return followEvents(context, options);
  const page = options.after === undefined ? await newest(context, options) : await from(context, options, options.after);
  if (context.format === "json") return printJson(context, page);
  if (page.trimmedBefore !== null) context.note(gapLine(page.trimmedBefore));
  if (page.events.length === 0) context.note("No event matches.");
  else await printLines(context, page.events.map(eventLine));
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
  let after = options.after;
  if (after === undefined) {
    // The newest ones first, then exactly what follows them.
    const page = await newest(context, options);
    for (const event of page.events) await printEvent(context, event);
    after = page.newestCursor;
  }
  let cursor = after;
  noteOutages(context);
  const variables = (): { after: string; vmId: string | null } => ({ after: cursor, vmId: options.vm ?? null });
  for await (const { events: item } of context.client().subscribe(FOLLOW, variables, context.signal)) {
    switch (item.__typename) {
      case "Event":
        cursor = item.cursor;
        await printEvent(context, item);
        break;
      case "EventGap":
        cursor = item.trimmedBefore;
        if (context.format === "json") await printJsonLine(context, item);
        else context.note(gapLine(item.trimmedBefore));
        break;
      case "EventsLive":
        cursor = item.cursor;
        break;
    }
  }
}

function printEvent(context: CommandContext, event: ListedEvent): Promise<void> {
  return context.format === "json" ? printJsonLine(context, event) : context.print(eventLine(event));
}

function gapLine(trimmedBefore: string): string {
  return `History before cursor ${trimmedBefore} has been trimmed: events are missing here.`;
}

const CURSOR_WIDTH = 6;

export function eventLine(event: ListedEvent): string {
  const subject = event.vmId ?? event.hostName ?? event.hostId;
  const about = subject === null ? "" : `${sanitise(subject)}: `;
  const actor = event.actor === null ? "" : ` (by ${sanitise(event.actor)})`;
  return `${event.cursor.padStart(CURSOR_WIDTH)}  ${event.time.slice(0, 19).replace("T", " ")}  ${about}${sanitise(event.message)}${actor}`;
}
