// VMs in GraphQL: the type, its list, and the stream of changes. The mutations are in mutations.ts.
import type { Event } from "../event/log.js";
import { builder } from "../graphql/builder.js";
import { SortOrderEnum, VmMetricEnum, VmSortFieldEnum, VmStateEnum, VmVerbEnum } from "../graphql/enums.js";
import { EventRef, HistoryRef, HostRef, OperationRef, PageInfoRef, TimeRangeInput, VmRef, VmSampleRef } from "../graphql/refs.js";
import { openFeed } from "../feed.js";
import type { VmPage, VmListArgs } from "./list.js";
import type { CrashReport, Label, Vm, VmChange } from "./model.js";
import { isAlive, type VerbAvailability } from "./verbs.js";

const DEFAULT_OPERATIONS = 10;
const DEFAULT_EVENTS = 20;

export const LabelRef = builder.objectRef<Label>("Label").implement({
  description: "A label of a definition.",
  fields: (t) => ({ key: t.exposeString("key", { description: "Its name." }), value: t.exposeString("value", { description: "Its value; may be empty." }) }),
});

const CrashReportRef = builder.objectRef<CrashReport>("CrashReport").implement({
  description: "Why a VM crashed.",
  fields: (t) => ({
    cause: t.exposeString("cause", { description: 'One sentence, e.g. "QEMU exited 1: Could not open …".' }),
    exitCode: t.exposeInt("exitCode", { nullable: true, description: "QEMU's exit code; null when a signal ended it." }),
    signal: t.exposeInt("signal", { nullable: true, description: "Number of the signal that ended QEMU; null when it exited." }),
    stderrTail: t.exposeString("stderrTail", { description: "The last of QEMU's stderr, at most 4 KiB." }),
    consoleTail: t.exposeString("consoleTail", { description: "The last of the first serial port, at most 4 KiB; not to be trusted." }),
  }),
});

const VerbAvailabilityRef = builder.objectRef<VerbAvailability>("VerbAvailability").implement({
  description: "Whether a verb is legal now.",
  fields: (t) => ({
    verb: t.expose("verb", { type: VmVerbEnum, description: "The verb." }),
    allowed: t.exposeBoolean("allowed", { description: "Whether it would be accepted now." }),
    reason: t.exposeString("reason", { nullable: true, description: "Why not; null when allowed." }),
  }),
});

VmRef.implement({
  description: "A virtual machine. While its host is not connected, what is shown is what was observed last.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "From its definition." }),
    name: t.exposeString("name", { description: "For people; the id where the definition gives none." }),
    host: t.field({
      type: HostRef, description: "Where it lives.",
      resolve: (vm, _, ctx) => ctx.services.hosts.expect(vm.hostId),
    }),
    state: t.expose("state", { type: VmStateEnum, description: "Where it is in its life." }),
    stateSince: t.expose("stateSince", { type: "DateTime", description: "When it entered that state." }),
    generation: t.expose("generation", { type: "BigInt", description: "Grows with every change of the VM." }),
    startedAt: t.expose("startedAt", { type: "DateTime", nullable: true, description: "When QEMU was started; null while it does not run." }),
    vcpus: t.exposeInt("vcpus", { description: "Number of vCPUs that the definition gives it at boot." }),
    memoryBytes: t.expose("memoryBytes", { type: "Bytes", description: "Bytes that the definition gives the guest at boot." }),
    machine: t.exposeString("machine", { description: "q35 or pc." }),
    accelerator: t.exposeString("accelerator", { nullable: true, description: "kvm or tcg while it runs, else null." }),
    networkInUse: t.exposeString("networkInUse", { nullable: true, description: 'The network as it is really attached while it runs, e.g. "user (bridge br0: needs CAP_NET_ADMIN)"; else null.' }),
    qemuVersion: t.exposeString("qemuVersion", { nullable: true, description: "Version of the QEMU that runs it; null while it does not run." }),
    pid: t.exposeInt("pid", { nullable: true, description: "QEMU's process id on its host; null while it does not run." }),
    labels: t.field({ type: [LabelRef], description: "Its labels, by key.", resolve: (vm) => vm.labels as Label[] }),
    protected: t.exposeBoolean("protected", { description: "Refuses deletion and forced power-off." }),
    autostart: t.exposeBoolean("autostart", { description: "Whether the daemon starts it when the host boots." }),
    restartRequired: t.exposeBoolean("restartRequired", { description: "The stored definition differs from the one that runs." }),
    definition: t.expose("definition", { type: "JSON", description: "The definition, as vms/vm.schema.json describes it, defaults filled in." }),
    crash: t.expose("crash", { type: CrashReportRef, nullable: true, description: "Why it crashed; null in every other state." }),
    verbs: t.field({
      type: [VerbAvailabilityRef], description: "Every verb, whether it is legal now for this viewer, and if not, why.",
      resolve: (vm, _, ctx) => ctx.services.vms.verbs(vm, ctx.viewer),
    }),
    latest: t.field({
      type: VmSampleRef, nullable: true, description: "The newest sample; null while it does not run.",
      resolve: (vm, _, ctx) => (isAlive(vm.state) ? ctx.services.metrics.latestVm(vm.id) : null),
    }),
    history: t.field({
      type: HistoryRef,
      description: "History of one or more metrics. `stepSeconds` is rounded up to what is kept; null picks one that gives at most 600 points.",
      args: {
        range: t.arg({ type: TimeRangeInput, required: true, description: "The span of time." }),
        stepSeconds: t.arg.int({ description: "Length of a step in seconds; null: the server chooses." }),
        metrics: t.arg({ type: [VmMetricEnum], required: true, description: "Which metrics." }),
      },
      resolve: (vm, { range, stepSeconds, metrics }, ctx) =>
        ctx.services.metrics.vmHistory(vm.id, metrics, { from: range.from, to: range.to ?? null, stepSeconds: stepSeconds ?? null }),
    }),
    operations: t.field({
      type: [OperationRef], description: "Its operations, newest first.",
      args: { first: t.arg.int({ description: "At most so many, up to 500; null: 10." }) },
      resolve: async (vm, { first }, ctx) =>
        (await ctx.services.operations.list({ vmId: vm.id, states: null, first: first ?? DEFAULT_OPERATIONS, after: null })).operations,
    }),
    events: t.field({
      type: [EventRef], description: "Its newest events, oldest first.",
      args: { last: t.arg.int({ description: "So many, up to 1,000; null: 20." }) },
      resolve: async (vm, { last }, ctx): Promise<Event[]> =>
        (await ctx.services.events.page(ctx.viewer, { after: null, first: null, last: last ?? DEFAULT_EVENTS, vmId: vm.id })).events,
    }),
  }),
});

const VmEdgeRef = builder.objectRef<{ readonly cursor: string; readonly node: Vm }>("VmEdge").implement({
  description: "A VM in its list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Give it as `after` or `before` with the same filter and sort." }),
    node: t.expose("node", { type: VmRef, description: "The VM." }),
  }),
});
const VmConnectionRef = builder.objectRef<VmPage>("VmConnection").implement({
  description: "A page of VMs.",
  fields: (t) => ({
    edges: t.field({ type: [VmEdgeRef], description: "The VMs with their cursors.", resolve: (page) => page.edges as { cursor: string; node: Vm }[] }),
    nodes: t.field({ type: [VmRef], description: "The VMs alone.", resolve: (page) => page.edges.map((edge) => edge.node) }),
    pageInfo: t.field({
      type: PageInfoRef, description: "Where the page lies.",
      resolve: ({ edges, hasNextPage, hasPreviousPage }) => ({
        hasNextPage, hasPreviousPage, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null,
      }),
    }),
    totalCount: t.exposeInt("totalCount", { description: "VMs that pass the filter, on all pages." }),
  }),
});

const VmChangeRef = builder.objectRef<VmChange>("VmChange").implement({
  description: "A VM after a change, or the id of one that is gone.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "The VM's id." }),
    vm: t.expose("vm", { type: VmRef, nullable: true, description: "The VM as it now is; null: deleted." }),
  }),
});

const VmFilter = builder.inputType("VmFilter", {
  description: "All that is given must hold.",
  fields: (t) => ({
    states: t.field({ type: [VmStateEnum], description: "In one of these states; null: any." }),
    search: t.string({ description: "Part of the id or name, in any case; null: any." }),
    hostId: t.id({ description: "On this host; null: any." }),
    labels: t.stringList({ description: 'Each "key" or "key=value"; all must hold. Null: any.' }),
    where: t.string({ description: "A filter of the filter language, e.g. `state:running cpu>50 label=web`; its fields are `filterFields`. Null: any." }),
  }),
});
const VmSort = builder.inputType("VmSort", {
  description: "What a list is sorted by; equals are ordered by id.",
  fields: (t) => ({
    field: t.field({ type: VmSortFieldEnum, required: true, description: "The field." }),
    order: t.field({ type: SortOrderEnum, required: true, defaultValue: "ASC", description: "The direction." }),
  }),
});

builder.queryFields((t) => ({
  vms: t.field({
    type: VmConnectionRef, description: "VMs; every argument narrows the list.",
    args: {
      filter: t.arg({ type: VmFilter, description: "Which VMs; null: all." }),
      sort: t.arg({ type: VmSort, description: "In which order; null: by name." }),
      first: t.arg.int({ description: "At most so many from the front, up to 1,000; null: 1,000." }),
      after: t.arg.string({ description: "A cursor to go on after; null: from the front." }),
      last: t.arg.int({ description: "Without `first`: at most so many from the back, up to 1,000." }),
      before: t.arg.string({ description: "A cursor to stop before; null: to the end." }),
    },
    resolve: (_, args, ctx) => ctx.services.vms.list(args as VmListArgs),
  }),
  vm: t.field({
    type: VmRef, nullable: true, description: "One VM; null when no VM has this id.",
    args: { id: t.arg.id({ required: true, description: "The VM's id." }) },
    resolve: (_, { id }, ctx) => ctx.services.vms.get(id),
  }),
}));

builder.subscriptionFields((t) => ({
  vmChanged: t.field({
    type: VmChangeRef, description: "A VM as it is now, then after every change; without `id`, every VM.",
    args: { id: t.arg.id({ description: "The VM; null: every VM." }) },
    extensions: { shared: "all" },
    subscribe: (_, { id }, ctx) => openFeed(ctx.services.vms.changes(id ?? null), ctx.part),
    resolve: (item) => item.value,
  }),
}));
