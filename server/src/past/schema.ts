// The past in GraphQL: the frame of an instant, how far back it goes, and the versions of a definition.
import { builder } from "../graphql/builder.js";
import { VmMetricEnum, VmStateEnum } from "../graphql/enums.js";
import { HistoryRef, HostSampleRef, TimeRangeInput, VmRef, VmSampleRef } from "../graphql/refs.js";
import { CpuPolicyRef } from "../cpu/schema.js";
import { cpuPolicy } from "../cpu/policy.js";
import { hostBreakdown, vmBreakdown } from "../memory/breakdown.js";
import { vmCompression } from "../memory/compression.js";
import { memoryPolicy } from "../memory/policy.js";
import { MemoryBreakdownRef, MemoryCompressionRef, MemoryPolicyRef } from "../memory/schema.js";
import { DiskSampleRef } from "../metrics/schema.js";
import { VCPU_HISTORY, VcpuHistoryRef, vcpuHistoryArgs } from "../metrics/vcpu-schema.js";
import { LabelRef } from "../vm/schema.js";
import type { Label } from "../vm/model.js";
import type { PastBounds, PastFrame, PastHost, PastVm } from "./model.js";
import type { ListedVersion } from "./service.js";

const PastVmRef = builder.objectRef<PastVm>("PastVm").implement({
  description: "A VM as it was at an instant, deleted since or not.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "From its definition." }),
    hostId: t.exposeID("hostId", { description: "The host it lived on." }),
    name: t.exposeString("name", { description: "Its name then." }),
    state: t.expose("state", { type: VmStateEnum, nullable: true, description: "Where it was in its life; null when nothing of so long ago is kept." }),
    stateSince: t.expose("stateSince", { type: "DateTime", nullable: true, description: "When it had entered that state; null when not kept." }),
    startedAt: t.expose("startedAt", { type: "DateTime", nullable: true, description: "When QEMU had been started; null while it did not run, and when not kept." }),
    generation: t.expose("generation", { type: "BigInt", description: "The generation that made its definition of then." }),
    vcpus: t.exposeInt("vcpus", { description: "Number of vCPUs that its definition gave it at boot." }),
    memoryBytes: t.expose("memoryBytes", { type: "Bytes", description: "Bytes that its definition gave the guest at boot." }),
    machine: t.exposeString("machine", { description: "q35 or pc." }),
    accelerator: t.exposeString("accelerator", { nullable: true, description: "kvm or tcg while it ran; null otherwise, and when not kept." }),
    networkInUse: t.exposeString("networkInUse", { nullable: true, description: "The network as it was really attached while it ran; null otherwise, and when not kept." }),
    pid: t.exposeInt("pid", { nullable: true, description: "QEMU's process id on its host while it ran; null otherwise, and when not kept." }),
    labels: t.field({ type: [LabelRef], description: "Its labels then, by key.", resolve: (vm) => vm.labels as Label[] }),
    protected: t.exposeBoolean("protected", { description: "Whether it refused deletion and forced power-off." }),
    autostart: t.exposeBoolean("autostart", { description: "Whether the daemon started it when the host booted." }),
    restartRequired: t.exposeBoolean("restartRequired", { description: "Whether its definition differed from the one that ran." }),
    crashCause: t.exposeString("crashCause", { nullable: true, description: "Why it had crashed: one sentence; null in every other state, and when not kept." }),
    definition: t.expose("definition", { type: "JSON", description: "Its definition then, as vms/vm.schema.json describes it, defaults filled in." }),
    deletedAt: t.expose("deletedAt", { type: "DateTime", nullable: true, description: "When it was deleted after that instant; null: it lives on." }),
    sample: t.expose("sample", {
      type: VmSampleRef, nullable: true,
      description: "The sample that was the newest then, or where only longer steps are kept the mean over the step. Null where it did not run, or nothing was measured or kept: a gap, never an older value. Of several disks each is null: what is kept is of all together (so it is of vCPUs where each was not kept yet). Ages, cores and room on file systems are not kept.",
    }),
    allDisks: t.expose("allDisks", { type: DiskSampleRef, nullable: true, description: 'What is kept of its disks together, under the name "all": sums, and the mean time of one operation. Null as the sample is.' }),
    memoryPolicy: t.field({ type: MemoryPolicyRef, description: "As Vm.memoryPolicy, of its definition then.", resolve: ({ definition }) => memoryPolicy(definition) }),
    cpuPolicy: t.field({ type: CpuPolicyRef, description: "As Vm.cpuPolicy, of its definition then.", resolve: ({ definition }) => cpuPolicy(definition) }),
    memoryBreakdown: t.field({
      type: MemoryBreakdownRef, nullable: true, description: "Where its memory was; null as the sample is, and where the kernel's figures of so long ago are not kept.",
      resolve: ({ sample, hostSample }) => (sample === null ? null : vmBreakdown(sample, hostSample)),
    }),
    memoryCompression: t.field({
      type: MemoryCompressionRef, nullable: true, description: "As Vm.memoryCompression; null as the sample is, and where the host's figures of so long ago are not kept.",
      resolve: ({ sample, hostSample }) => (sample === null ? null : vmCompression(sample, hostSample)),
    }),
    history: t.field({
      type: HistoryRef, description: "History of one or more metrics of this life of the VM; as Vm.history.",
      args: {
        range: t.arg({ type: TimeRangeInput, required: true, description: "The span of time." }),
        stepSeconds: t.arg.int({ description: "Length of a step in seconds; null: the server chooses." }),
        metrics: t.arg({ type: [VmMetricEnum], required: true, description: "Which metrics." }),
      },
      resolve: (vm, { range, stepSeconds, metrics }, ctx) =>
        ctx.services.past.history(vm, metrics, { from: range.from, to: range.to ?? null, stepSeconds: stepSeconds ?? null }),
    }),
    vcpuHistory: t.field({
      type: [VcpuHistoryRef], description: `History of each vCPU of this life of the VM: ${VCPU_HISTORY}`, args: vcpuHistoryArgs,
      resolve: (vm, { range, stepSeconds, metrics }, ctx) =>
        ctx.services.past.vcpuHistory(vm, metrics, { from: range.from, to: range.to ?? null, stepSeconds: stepSeconds ?? null }),
    }),
  }),
});

const PastHostRef = builder.objectRef<PastHost>("PastHost").implement({
  description: "A host at an instant.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "The host." }),
    name: t.exposeString("name", { description: "Its host name as it is known now." }),
    sample: t.expose("sample", { type: HostSampleRef, nullable: true, description: "As PastVm.sample; null where nothing was measured or kept." }),
    memoryBreakdown: t.field({
      type: MemoryBreakdownRef, nullable: true, description: "Where its memory was; null as the sample is, and where the kernel's figures of so long ago are not kept.",
      resolve: ({ sample, vms }) => (sample === null ? null : hostBreakdown(sample, vms)),
    }),
  }),
});

const PastFrameRef = builder.objectRef<PastFrame>("PastFrame").implement({
  description: "What was at one instant.",
  fields: (t) => ({
    at: t.expose("at", { type: "DateTime", description: "The instant; now, where a later one was asked for." }),
    stepSeconds: t.exposeInt("stepSeconds", { description: "Length in seconds of the steps that samples come from: 1 within the last hour, 10 within a day, 60 before." }),
    hosts: t.field({ type: [PastHostRef], description: "The hosts that are known now.", resolve: (frame) => frame.hosts as PastHost[] }),
    vms: t.field({ type: [PastVmRef], description: "Every VM that was defined then, by id.", resolve: (frame) => frame.vms as PastVm[] }),
  }),
});

const PastBoundsRef = builder.objectRef<PastBounds>("PastBounds").implement({
  description: "How far back the past goes.",
  fields: (t) => ({
    oldest: t.expose("oldest", { type: "DateTime", nullable: true, description: "The oldest instant of which anything is kept; null when nothing is yet." }),
    newest: t.expose("newest", { type: "DateTime", description: "Now." }),
  }),
});

const VmVersionRef = builder.objectRef<ListedVersion>("VmVersion").implement({
  description: "A definition that a VM has or had.",
  fields: (t) => ({
    generation: t.expose("generation", { type: "BigInt", description: "The VM's generation when it got this definition." }),
    definition: t.expose("definition", { type: "JSON", description: "The definition, as vms/vm.schema.json describes it, defaults filled in." }),
    time: t.expose("time", { type: "DateTime", description: "When the VM got it." }),
    actor: t.exposeString("actor", { nullable: true, description: "Name of the token that put it; null when that is not known." }),
    changes: t.field({ type: ["String"], description: 'What it changed of the one before, one line a field, e.g. "memory_mb: 1024 → 2048"; empty for the oldest that is kept.', resolve: (version) => version.changes as string[] }),
  }),
});

builder.objectField(VmRef, "versions", (t) =>
  t.field({
    type: [VmVersionRef], description: "Its definitions, newest first: the one it has and those before it.",
    args: { first: t.arg.int({ description: "At most so many, 1 to 750; null: 50." }) },
    resolve: (vm, { first }, ctx) => ctx.services.past.versions(vm.id, first ?? null),
  }));

builder.queryFields((t) => ({
  past: t.field({
    type: PastFrameRef, description: "What was at an instant: every VM that was defined then, with its state, definition and sample of then.",
    args: {
      at: t.arg({ type: "DateTime", required: true, description: "The instant; not in the future." }),
      where: t.arg.string({ description: "Only VMs that passed this condition of the filter language then (`alert` matches none: what fired then is in the events); null: all." }),
    },
    resolve: (_, { at, where }, ctx) => ctx.services.past.frame(at, where ?? null),
  }),
  pastBounds: t.field({ type: PastBoundsRef, description: "How far back the past goes.", resolve: (_, __, ctx) => ctx.services.past.bounds() }),
}));
