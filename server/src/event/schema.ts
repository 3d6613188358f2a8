// Events in GraphQL: pages, and the stream that replays and then goes live.
import type { EventPage } from "./log.js";
import type { EventStreamItem } from "./stream.js";
import { builder } from "../graphql/builder.js";
import { EventKindEnum, VmStateEnum } from "../graphql/enums.js";
import { EventRef } from "../graphql/refs.js";

EventRef.implement({
  description: "Something that happened.",
  fields: (t) => ({
    cursor: t.expose("cursor", { type: "BigInt", description: "Grows with every event; give it as `after` to go on from here." }),
    time: t.expose("time", { type: "DateTime", description: "When it happened, by the clock of where it happened." }),
    kind: t.expose("kind", { type: EventKindEnum, description: "What happened." }),
    vmId: t.exposeID("vmId", { nullable: true, description: "The VM it concerns; null when it concerns none." }),
    hostId: t.exposeID("hostId", { nullable: true, description: "The host it happened on; null for the server itself." }),
    hostName: t.string({
      nullable: true, description: "Name of that host; null for the server itself, and for a host that is not known any more.",
      resolve: ({ hostId }, _, ctx) => (hostId === null ? null : ctx.services.hosts.get(hostId)?.name ?? null),
    }),
    operationId: t.exposeID("operationId", { nullable: true, description: "The operation that caused it; null when none did." }),
    previousState: t.expose("previousState", { type: VmStateEnum, nullable: true, description: "For VM_STATE_CHANGED the state it left; null otherwise." }),
    state: t.expose("state", { type: VmStateEnum, nullable: true, description: "For VM_STATE_CHANGED the state it entered; null otherwise." }),
    actor: t.exposeString("actor", { nullable: true, description: "Name of the token that caused it; null when nobody did." }),
    message: t.exposeString("message", { description: "One sentence." }),
  }),
});

const EventPageRef = builder.objectRef<EventPage>("EventPage").implement({
  description: "Events, oldest first.",
  fields: (t) => ({
    events: t.field({ type: [EventRef], description: "The events of the page.", resolve: (page) => page.events }),
    newestCursor: t.expose("newestCursor", { type: "BigInt", description: "Cursor of the newest stored event; 0 when there is none." }),
    trimmedBefore: t.expose("trimmedBefore", { type: "BigInt", nullable: true, description: "Set where history between `after` and this cursor has been trimmed; null otherwise." }),
  }),
});

type Gap = Extract<EventStreamItem, { kind: "gap" }>;
type Live = Extract<EventStreamItem, { kind: "live" }>;

const EventGapRef = builder.objectRef<Gap>("EventGap").implement({
  description: "History before this cursor has been trimmed: what lies between was lost to this reader.",
  fields: (t) => ({ trimmedBefore: t.expose("trimmedBefore", { type: "BigInt", description: "Cursor of the oldest event that is kept." }) }),
});
const EventsLiveRef = builder.objectRef<Live>("EventsLive").implement({
  description: "All that was stored has been replayed; what follows is live.",
  fields: (t) => ({ cursor: t.expose("cursor", { type: "BigInt", description: "Cursor of the newest stored event; 0 when there is none." }) }),
});

const EventStreamItemRef = builder.unionType("EventStreamItem", {
  description: "An event, or where the stream stands.",
  types: [EventRef, EventGapRef, EventsLiveRef],
  resolveType: (item) => ("trimmedBefore" in item ? "EventGap" : "time" in item ? "Event" : "EventsLive"),
});

builder.queryFields((t) => ({
  events: t.field({
    type: EventPageRef,
    description: "Events in the order of their cursors. With `after` those that follow it (oldest first); without it the newest `last` (default 100).",
    args: {
      after: t.arg({ type: "BigInt", description: "A cursor; null: the newest events." }),
      first: t.arg.int({ description: "With `after`: at most so many, up to 1,000; null: 1,000." }),
      last: t.arg.int({ description: "Without `after`: so many, up to 1,000; null: 100." }),
      vmId: t.arg.id({ description: "Only events of this VM; null: all." }),
      until: t.arg({ type: "DateTime", description: "Without `after`: the newest of those that happened at or before this instant; null: now." }),
    },
    resolve: (_, args, ctx) =>
      ctx.services.events.page(ctx.viewer, { after: args.after ?? null, first: args.first ?? null, last: args.last ?? null, vmId: args.vmId ?? null, until: args.until ?? null }),
  }),
}));

builder.subscriptionFields((t) => ({
  events: t.field({
    type: EventStreamItemRef,
    description: "Events after a cursor, then live; without `after`, only what is new. Says by EventsLive where the replay ends.",
    args: {
      after: t.arg({ type: "BigInt", description: "The last cursor seen; null: only what is new." }),
      vmId: t.arg.id({ description: "Only events of this VM; null: all." }),
    },
    subscribe: (_, args, ctx) => ctx.services.events.follow(ctx.viewer, args.after ?? null, args.vmId ?? null),
    resolve: (item) => (item.kind === "event" ? item.event : item),
  }),
}));
