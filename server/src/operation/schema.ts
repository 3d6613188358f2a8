// Operations in GraphQL.
import { builder } from "../graphql/builder.js";
import { OperationKindEnum, OperationStateEnum } from "../graphql/enums.js";
import { answer, resultUnion } from "../graphql/errors.js";
import { OperationRef, PageInfoRef, VmRef, type PageInfo } from "../graphql/refs.js";
import { operationCursor, type Operation, type OperationState } from "./store.js";

OperationRef.implement({
  description: "A verb that was accepted, until it has ended and after.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique over all hosts and for ever." }),
    kind: t.expose("kind", { type: OperationKindEnum, description: "What was asked for." }),
    vmId: t.exposeID("vmId", { description: "The VM it was asked of." }),
    vm: t.field({ type: VmRef, nullable: true, description: "That VM; null when it is gone.", resolve: (operation, _, ctx) => ctx.services.vms.get(operation.vmId) }),
    state: t.expose("state", { type: OperationStateEnum, description: "Where it is." }),
    progressRatio: t.exposeFloat("progressRatio", { nullable: true, description: "0 to 1; null when it cannot be told." }),
    etaSeconds: t.exposeInt("etaSeconds", { nullable: true, description: "Seconds until its likely end; null when it cannot be told." }),
    cancellable: t.exposeBoolean("cancellable", { description: "Whether cancelOperation may end it now." }),
    error: t.exposeString("error", { nullable: true, description: "Why it failed: one sentence with the mend; null otherwise." }),
    requestedBy: t.exposeString("requestedBy", { description: "Name of the token that asked." }),
    startedAt: t.expose("startedAt", { type: "DateTime", description: "When it was asked for." }),
    endedAt: t.expose("endedAt", { type: "DateTime", nullable: true, description: "When it ended; null while it runs." }),
  }),
});

interface OperationPage {
  readonly operations: readonly Operation[];
  readonly pageInfo: PageInfo;
}

const OperationEdgeRef = builder.objectRef<Operation>("OperationEdge").implement({
  description: "An operation in its list.",
  fields: (t) => ({
    cursor: t.string({ description: "Give it as `after` to go on from here.", resolve: operationCursor }),
    node: t.field({ type: OperationRef, description: "The operation.", resolve: (operation) => operation }),
  }),
});
const OperationConnectionRef = builder.objectRef<OperationPage>("OperationConnection").implement({
  description: "A page of operations.",
  fields: (t) => ({
    edges: t.field({ type: [OperationEdgeRef], description: "The operations with their cursors.", resolve: (page) => page.operations as Operation[] }),
    nodes: t.field({ type: [OperationRef], description: "The operations alone.", resolve: (page) => page.operations as Operation[] }),
    pageInfo: t.expose("pageInfo", { type: PageInfoRef, description: "Where the page lies." }),
  }),
});

const CancelOperationSuccessRef = builder.objectRef<{ operation: Operation }>("CancelOperationSuccess").implement({
  description: "The cancellation was accepted; the operation ends CANCELLED, or as it did if that came first.",
  fields: (t) => ({ operation: t.expose("operation", { type: OperationRef, description: "The operation as it now is." }) }),
});
const CancelOperationResult = resultUnion("CancelOperationResult", "What came of cancelOperation.", CancelOperationSuccessRef, [
  "OperationNotFound", "NotCancellable", "Forbidden", "HostUnreachable", "DatabaseUnavailable",
]);

builder.queryFields((t) => ({
  operations: t.field({
    type: OperationConnectionRef, description: "Operations, newest first.",
    args: {
      vmId: t.arg.id({ description: "Only those of this VM; null: all." }),
      states: t.arg({ type: [OperationStateEnum], description: "Only those in one of these states; null: all." }),
      until: t.arg({ type: "DateTime", description: "Only those asked for at or before this instant; null: all." }),
      first: t.arg.int({ description: "At most so many, up to 500; null: 50." }),
      after: t.arg.string({ description: "endCursor of the page before; null: from the newest." }),
    },
    resolve: async (_, args, ctx) => {
      const { operations, hasNextPage } = await ctx.services.operations.list({
        vmId: args.vmId ?? null, states: (args.states as OperationState[] | null | undefined) ?? null, until: args.until ?? null, first: args.first ?? null, after: args.after ?? null,
      });
      const [first, last] = [operations[0], operations.at(-1)];
      return {
        operations,
        pageInfo: {
          hasNextPage, hasPreviousPage: args.after != null,
          startCursor: first === undefined ? null : operationCursor(first), endCursor: last === undefined ? null : operationCursor(last),
        },
      };
    },
  }),
  operation: t.field({
    type: OperationRef, nullable: true, description: "One operation; null when none has this id.",
    args: { id: t.arg.id({ required: true, description: "The operation's id." }) },
    resolve: (_, { id }, ctx) => ctx.services.operations.find(id),
  }),
}));

builder.mutationFields((t) => ({
  cancelOperation: t.field({
    type: CancelOperationResult, description: "Cancel an operation under way.",
    args: { id: t.arg.id({ required: true, description: "The operation's id." }) },
    resolve: (_, { id }, ctx) => answer(async () => ({ operation: await ctx.services.vms.cancel(ctx.viewer, id) })),
  }),
}));

builder.subscriptionFields((t) => ({
  operation: t.field({
    type: OperationRef, description: "An operation as it is now, then after every change, until it has ended.",
    args: { id: t.arg.id({ required: true, description: "The operation's id." }) },
    subscribe: (_, { id }, ctx) => ctx.services.operations.watch(id),
    resolve: (operation) => operation,
  }),
}));
