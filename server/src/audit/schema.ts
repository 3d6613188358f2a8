// The audit in GraphQL.
import { builder } from "../graphql/builder.js";
import { AuditOutcomeEnum, EventKindEnum } from "../graphql/enums.js";
import { OperationRef, PageInfoRef, VmRef, type PageInfo } from "../graphql/refs.js";
import type { AuditEntry } from "./entry.js";
import { auditCursor } from "./store.js";

const AuditEntryRef = builder.objectRef<AuditEntry>("AuditEntry").implement({
  description: "Something that somebody did or tried.",
  fields: (t) => ({
    cursor: t.field({ type: "BigInt", description: "Cursor of the event that it is.", resolve: ({ event }) => event.cursor }),
    time: t.field({ type: "DateTime", description: "When it was asked for.", resolve: ({ event }) => event.time }),
    actor: t.string({ nullable: true, description: "Name of the token; null when a login failed with one that nobody knows.", resolve: ({ event }) => event.actor }),
    kind: t.field({ type: EventKindEnum, description: "What it is; for OPERATION_STARTED see the operation's kind.", resolve: ({ event }) => event.kind }),
    operation: t.expose("operation", { type: OperationRef, nullable: true, description: "What carried it out; null when nothing had to, or when it is no longer kept." }),
    vmId: t.id({ nullable: true, description: "The VM it was meant for; null when it was meant for none.", resolve: ({ event }) => event.vmId }),
    vm: t.field({ type: VmRef, nullable: true, description: "That VM; null when it is gone.", resolve: ({ event }, _, ctx) => (event.vmId === null ? null : ctx.services.vms.get(event.vmId)) }),
    outcome: t.field({ type: AuditOutcomeEnum, nullable: true, description: "What came of it; null when that is no longer kept.", resolve: ({ outcome }) => outcome }),
    reason: t.exposeString("reason", { nullable: true, description: "Why it failed: one sentence; null otherwise." }),
    message: t.string({ description: "One sentence.", resolve: ({ event }) => event.message }),
  }),
});

interface AuditConnection {
  readonly entries: readonly AuditEntry[];
  readonly pageInfo: PageInfo;
}

const AuditEdgeRef = builder.objectRef<AuditEntry>("AuditEdge").implement({
  description: "An entry in the audit.",
  fields: (t) => ({
    cursor: t.string({ description: "Give it as `after` to go on from here.", resolve: ({ event }) => auditCursor(event) }),
    node: t.field({ type: AuditEntryRef, description: "The entry.", resolve: (entry) => entry }),
  }),
});
const AuditConnectionRef = builder.objectRef<AuditConnection>("AuditConnection").implement({
  description: "A page of the audit.",
  fields: (t) => ({
    edges: t.field({ type: [AuditEdgeRef], description: "The entries with their cursors.", resolve: (page) => page.entries as AuditEntry[] }),
    nodes: t.field({ type: [AuditEntryRef], description: "The entries alone.", resolve: (page) => page.entries as AuditEntry[] }),
    pageInfo: t.expose("pageInfo", { type: PageInfoRef, description: "Where the page lies." }),
  }),
});

builder.queryField("audit", (t) =>
  t.field({
    type: AuditConnectionRef,
    description: "Who did or tried what, and what came of it, newest first: verbs, cancellations, consoles written to, tokens, refused calls and failed logins. Needs the role ADMIN.",
    args: {
      first: t.arg.int({ description: "At most so many, up to 500; null: 100." }),
      after: t.arg.string({ description: "endCursor of the page before; null: from the newest." }),
      actor: t.arg.string({ description: "Only what the token of this name did; null: all." }),
      vmId: t.arg.id({ description: "Only what was meant for this VM; null: all." }),
    },
    resolve: async (_, args, ctx) => {
      const { entries, hasNextPage } = await ctx.services.audit.list(ctx.viewer, {
        first: args.first ?? null, after: args.after ?? null, actor: args.actor ?? null, vmId: args.vmId ?? null,
      });
      const [first, last] = [entries[0], entries.at(-1)];
      return {
        entries,
        pageInfo: {
          hasNextPage, hasPreviousPage: args.after != null,
          startCursor: first === undefined ? null : auditCursor(first.event), endCursor: last === undefined ? null : auditCursor(last.event),
        },
      };
    },
  }));
