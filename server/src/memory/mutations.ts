// The mutations of memory in GraphQL.
import { builder } from "../graphql/builder.js";
import { answer, resultUnion } from "../graphql/errors.js";
import { HostRef } from "../graphql/refs.js";
import { DRY_RUN, KEY, VmOperationResult } from "../vm/mutations.js";
import { THRESHOLD_MAX_PERCENT } from "./host-settings.js";
import { CompressionModeEnum, HostMemoryRef, KsmModeEnum, MemoryControlEnum } from "./schema.js";
import type { HostMemorySet } from "./service.js";

const TargetInput = (name: string, target: string) => builder.inputType(name, {
  description: "A running VM, and what its guest is to have.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The VM." }),
    targetBytes: t.field({ type: "Bytes", required: true, description: target }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});
const SetVmBalloonInput = TargetInput("SetVmBalloonInput", "Bytes that the guest is to leave itself: from room.balloonFloorBytes to all that it has.");
const ResizeVmMemoryInput = TargetInput("ResizeVmMemoryInput", "Bytes that the guest is to have plugged in, boot memory counted in: up to room.memoryMaxBytes.");
const PageOutVmInput = builder.inputType("PageOutVmInput", {
  description: "A running VM to page out.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The VM." }),
    bytes: t.field({ type: "Bytes", description: "At most so many bytes, above 0; null: all that is resident." }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});
const UndoMemoryDecisionInput = builder.inputType("UndoMemoryDecisionInput", {
  description: "A decision of the memory controller to undo.",
  fields: (t) => ({
    vmId: t.id({ required: true, description: "The VM that it is about." }),
    at: t.field({ type: "DateTime", description: "Its time, to the millisecond; null: the newest of the VM's that can be undone." }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});
const AS_IT_IS = "Left out: as it is; null: the default";
const SetVmMemoryPolicyInput = builder.inputType("SetVmMemoryPolicyInput", {
  description: "A VM, and what to change of its memory policy.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The VM." }),
    floorBytes: t.field({ type: "Bytes", description: `Bytes below which nobody takes memory, in whole MiB. ${AS_IT_IS}, half of its boot memory.` }),
    ceilingBytes: t.field({ type: "Bytes", description: `Most bytes that the controller leaves it, in whole MiB. ${AS_IT_IS}, all that it has.` }),
    shares: t.int({ description: `Claim to memory when it is short, 1 to 100,000. ${AS_IT_IS}, 1,000.` }),
    control: t.field({ type: MemoryControlEnum, description: `What the controller may do. ${AS_IT_IS}, OFF.` }),
    sharingDomain: t.string({ description: `Whose like pages it may share. ${AS_IT_IS}, "default".` }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});

const KsmInput = builder.inputType("SetKsmInput", {
  description: "What to change of page sharing; what is left out stays.",
  fields: (t) => ({
    mode: t.field({ type: KsmModeEnum, description: "How it looks for like pages; null: as it is." }),
    cpuBudgetPercent: t.float({ description: "Percent of one core that scanning may take, above 0 to 100; null: as it is." }),
  }),
});
const CompressionInput = builder.inputType("SetCompressionInput", {
  description: "What to change of compression; what is left out stays.",
  fields: (t) => ({
    mode: t.field({ type: CompressionModeEnum, description: "How it compresses; null: as it is." }),
    sizeBytes: t.field({ type: "Bytes", description: "Bytes that ZRAM may hold before compression, or of memory for the pool of ZSWAP; null: as it is, or of another mode a quarter of the host's memory." }),
    algorithm: t.string({ description: 'E.g. "zstd"; null: as it is, or of another mode the best that the kernel has.' }),
  }),
});
const THRESHOLD = `above 0 to ${THRESHOLD_MAX_PERCENT}, and low < hard < soft < high; null: as it is.`;
const ControllerInput = builder.inputType("SetMemoryControllerInput", {
  description: "What to change of the memory controller; what is left out stays.",
  fields: (t) => ({
    enabled: t.boolean({ description: "Whether VMs are controlled at all; null: as it is." }),
    idleTaxPercent: t.float({ description: "Idle-memory tax in percent, 0 to 100; null: as it is." }),
    highPercent: t.float({ description: `Percent of the host's memory that must be available for a host that was short to have enough again (HIGH), ${THRESHOLD}` }),
    softPercent: t.float({ description: `Percent available below which SOFT begins, ${THRESHOLD}` }),
    hardPercent: t.float({ description: `Percent available below which HARD begins, ${THRESHOLD}` }),
    lowPercent: t.float({ description: `Percent available below which LOW begins, ${THRESHOLD}` }),
  }),
});
const SetHostMemoryInput = builder.inputType("SetHostMemoryInput", {
  description: "A host, and what to change of its memory settings.",
  fields: (t) => ({
    hostId: t.id({ description: "The host; null: the only one." }),
    ksm: t.field({ type: KsmInput, description: "Page sharing; null: as it is." }),
    compression: t.field({ type: CompressionInput, description: "Compression; null: as it is." }),
    controller: t.field({ type: ControllerInput, description: "The controller; null: as it is." }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});
const UndoHostMemoryInput = builder.inputType("UndoHostMemoryInput", {
  description: "A host whose newest change of memory settings is to be undone.",
  fields: (t) => ({
    hostId: t.id({ description: "The host; null: the only one." }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});
const SetHostMemorySuccessRef = builder.objectRef<HostMemorySet>("SetHostMemorySuccess").implement({
  description: "The settings are in effect, or in a dry run would be.",
  fields: (t) => ({
    host: t.expose("host", { type: HostRef, description: "The host." }),
    memory: t.expose("memory", { type: HostMemoryRef, description: "Its settings as they now are; in a dry run as they would be." }),
    effect: t.exposeString("effect", { description: "What it does, or in a dry run would do: one sentence for people." }),
  }),
});
const SetHostMemoryResult = resultUnion("SetHostMemoryResult", "What came of setHostMemory.", SetHostMemorySuccessRef, [
  "InsufficientResources", "Unsupported", "Forbidden", "InvalidInput", "HostUnreachable", "DatabaseUnavailable",
]);
const UndoHostMemoryResult = resultUnion("UndoHostMemoryResult", "What came of undoHostMemory.", SetHostMemorySuccessRef, [
  "NotUndoable", "InsufficientResources", "Unsupported", "Forbidden", "InvalidInput", "HostUnreachable", "DatabaseUnavailable",
]);

builder.mutationFields((t) => ({
  setVmBalloon: t.field({
    type: VmOperationResult, description: "Ask a guest's balloon driver to leave the guest so much. The operation ends when it has, or with what it reached and why. Lasts until the VM is powered off.",
    args: { input: t.arg({ type: SetVmBalloonInput, required: true, description: "Which VM, and the target." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.memory.setBalloon(ctx.viewer, { ...input, idempotencyKey: input.idempotencyKey ?? null })),
  }),
  resizeVmMemory: t.field({
    type: VmOperationResult, description: "Grow or shrink what a guest has plugged in. The operation ends when the guest has it, or with what it reached and why. Lasts until the VM is powered off.",
    args: { input: t.arg({ type: ResizeVmMemoryInput, required: true, description: "Which VM, and the target." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.memory.resize(ctx.viewer, { ...input, idempotencyKey: input.idempotencyKey ?? null })),
  }),
  pageOutVm: t.field({
    type: VmOperationResult, description: "Page a guest's memory out to the host's swap; what the guest touches comes back.",
    args: { input: t.arg({ type: PageOutVmInput, required: true, description: "Which VM, and how much." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.memory.pageOut(ctx.viewer, { ...input, bytes: input.bytes ?? null, idempotencyKey: input.idempotencyKey ?? null })),
  }),
  undoMemoryDecision: t.field({
    type: VmOperationResult,
    description: "Undo a decision of the memory controller that moved a balloon, by setting its target back: an operation as setVmBalloon's, with its rights and its undo. Only while the VM runs and its target is what the decision set; the newest first, then the one before. Pages that were paged out come back by themselves; what was not carried out has nothing to undo.",
    args: { input: t.arg({ type: UndoMemoryDecisionInput, required: true, description: "Which decision." }) },
    resolve: (_, { input: { vmId, at, idempotencyKey, dryRun } }, ctx) => answer(() => ctx.services.undo.undoDecision(ctx.viewer, { id: vmId, at: at ?? null, idempotencyKey: idempotencyKey ?? null, dryRun })),
  }),
  setVmMemoryPolicy: t.field({
    type: VmOperationResult, description: "Change a VM's memory policy in its definition, in effect at once. Undone as any change of a definition.",
    args: { input: t.arg({ type: SetVmMemoryPolicyInput, required: true, description: "Which VM, and what to change." }) },
    resolve: (_, { input: { id, idempotencyKey, dryRun, ...change } }, ctx) =>
      answer(() => ctx.services.memory.setPolicy(ctx.viewer, { id, idempotencyKey: idempotencyKey ?? null, dryRun, change })),
  }),
  setHostMemory: t.field({
    type: SetHostMemoryResult, description: "Change how a host shares, compresses and takes back memory. A step that the host refuses undoes those before it. The same settings again change nothing; undoHostMemory takes it back.",
    args: { input: t.arg({ type: SetHostMemoryInput, required: true, description: "Which host, and what to change." }) },
    resolve: (_, { input: { hostId, dryRun, ...change } }, ctx) => answer(() => ctx.services.memory.setHostMemory(ctx.viewer, { hostId: hostId ?? null, dryRun, change })),
  }),
  undoHostMemory: t.field({
    type: UndoHostMemoryResult, description: "Undo the newest setHostMemory of a host that still stands, then the one before: what it changed is as it was, and no other setting is touched. Refused where that was set otherwise since.",
    args: { input: t.arg({ type: UndoHostMemoryInput, required: true, description: "Which host." }) },
    resolve: (_, { input: { hostId, dryRun } }, ctx) => answer(() => ctx.services.memory.undoHostMemory(ctx.viewer, { hostId: hostId ?? null, dryRun })),
  }),
}));
