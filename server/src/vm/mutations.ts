// The mutations of VMs in GraphQL.
import { builder } from "../graphql/builder.js";
import { PutVmActionEnum, StopEscalationEnum } from "../graphql/enums.js";
import { answer, Refusal, resultUnion } from "../graphql/errors.js";
import { ExpectedError } from "../errors.js";
import { OperationRef, VmRef } from "../graphql/refs.js";
import type { PutVmSuccess, SimpleVerb, VmOperationAccepted } from "./service.js";

export const KEY = "Chosen by the client: a repetition with the same key and content is carried out once. Null: every call counts.";
export const DRY_RUN = "Judge only: nothing is changed, and no event is written.";

const EFFECT = "What it does, or in a dry run would do: one sentence for people.";

const PutVmSuccessRef = builder.objectRef<PutVmSuccess>("PutVmSuccess").implement({
  description: "The definition is in order.",
  fields: (t) => ({
    vm: t.expose("vm", { type: VmRef, description: "The VM as it now is; in a dry run that would create it, as it would be." }),
    action: t.expose("action", { type: PutVmActionEnum, description: "What was done, or in a dry run would be." }),
    changes: t.field({ type: ["String"], description: 'What changes, one line a field, e.g. "memory_mb: 1024 → 2048".', resolve: (done) => done.changes as string[] }),
    operation: t.expose("operation", { type: OperationRef, nullable: true, description: "Null for a dry run and where nothing changed." }),
    effect: t.exposeString("effect", { description: EFFECT }),
  }),
});
const PutVmResult = resultUnion("PutVmResult", "What came of putting a definition.", PutVmSuccessRef, [
  "InvalidSpec", "VmExists", "VmChanged", "InsufficientResources", "StorageFault", "Unsupported", "Forbidden", "InvalidInput", "HostUnreachable", "DatabaseUnavailable",
]);
const ApplyVmsResultRef = builder.objectRef<{ readonly results: readonly (typeof PutVmResult)["$inferType"][] }>("ApplyVmsResult").implement({
  description: "What came of applyVms.",
  fields: (t) => ({ results: t.field({ type: [PutVmResult], description: "One a definition, in the order of the input.", resolve: (done) => done.results as (typeof PutVmResult)["$inferType"][] }) }),
});
const VmOperationAcceptedRef = builder.objectRef<VmOperationAccepted>("VmOperationAccepted").implement({
  description: "The verb was accepted.",
  fields: (t) => ({
    vm: t.expose("vm", { type: VmRef, description: "The VM after the verb was accepted." }),
    operation: t.expose("operation", { type: OperationRef, nullable: true, description: "What carries it out; null for a dry run." }),
    effect: t.exposeString("effect", { description: EFFECT }),
  }),
});
export const VmOperationResult = resultUnion("VmOperationResult", "What came of a verb.", VmOperationAcceptedRef, [
  "VmNotFound", "InvalidVmState", "InsufficientResources", "StorageFault", "Unsupported", "LaunchFailed", "VmProtected",
  "OperationNotFound", "NotUndoable", "InvalidSpec", "VmExists", "VmChanged", "Forbidden", "InvalidInput", "HostUnreachable", "DatabaseUnavailable",
]);

const PutVmInput = builder.inputType("PutVmInput", {
  description: "A definition to put.",
  fields: (t) => ({
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
    definition: t.field({ type: "JSON", required: true, description: "As vms/vm.schema.json describes it." }),
    createOnly: t.boolean({ required: true, defaultValue: false, description: "Refuse to replace an existing VM." }),
    ifGeneration: t.field({ type: "BigInt", description: "Refuse (VmChanged) when the definition is another than it was at this generation of the VM; null: whatever it is." }),
    hostId: t.id({ description: "Host to define it on; null: the one it is on, or the only one." }),
  }),
});
const ApplyVmsInput = builder.inputType("ApplyVmsInput", {
  description: "Definitions to put.",
  fields: (t) => ({
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
    definitions: t.field({ type: ["JSON"], required: true, description: "Each as vms/vm.schema.json describes it; at most 1,000." }),
    hostId: t.id({ description: "Host to define them on; null: the one each is on, or the only one." }),
  }),
});
const VmVerbInput = builder.inputType("VmVerbInput", {
  description: "A VM to do something to.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The VM." }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});
const UndoOperationInput = builder.inputType("UndoOperationInput", {
  description: "An operation to undo.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The operation." }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});
const StopVmInput = builder.inputType("StopVmInput", {
  description: "A VM to stop.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The VM." }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
    timeoutSeconds: t.int({ required: true, defaultValue: 60, description: "Seconds that the guest may take, 1 to 3,600." }),
    escalation: t.field({ type: StopEscalationEnum, required: true, defaultValue: "NONE", description: "What happens then." }),
  }),
});
const DeleteVmInput = builder.inputType("DeleteVmInput", {
  description: "A VM to delete.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The VM." }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
    deleteDisks: t.boolean({ required: true, defaultValue: false, description: "Delete its disks too; they cannot be brought back." }),
  }),
});

const SIMPLE_VERBS: readonly (readonly [SimpleVerb, string])[] = [
  ["startVm", "Power a VM on."],
  ["forceOffVm", "Cut the power at once."],
  ["resetVm", "Press the reset button."],
  ["pauseVm", "Stop the guest's CPUs; its memory stays."],
  ["resumeVm", "Let a paused guest run on."],
];
for (const [verb, description] of SIMPLE_VERBS) {
  builder.mutationField(verb, (t) =>
    t.field({
      type: VmOperationResult, description,
      args: { input: t.arg({ type: VmVerbInput, required: true, description: "Which VM." }) },
      resolve: (_, { input }, ctx) => answer(() => ctx.services.vms.simpleVerb(ctx.viewer, verb, { ...input, idempotencyKey: input.idempotencyKey ?? null })),
    }));
}

const UndoRef = builder.objectRef<{ readonly text: string }>("Undo").implement({
  description: "What would undo an operation.",
  fields: (t) => ({ text: t.exposeString("text", { description: 'What undoOperation would do, e.g. "Let web-1 run on."' }) }),
});
builder.objectField(OperationRef, "undo", (t) =>
  t.field({
    type: UndoRef, nullable: true, description: "What would undo it now; null: it cannot be undone (any more); undoOperation says why.",
    resolve: async (operation, _, ctx) => {
      const plan = await ctx.services.undo.plan(operation);
      return plan.kind === "none" ? null : { text: plan.text };
    },
  }));

builder.mutationFields((t) => ({
  putVm: t.field({
    type: PutVmResult, description: "Define a VM, or replace its definition. A running VM keeps its running configuration until its next start.",
    args: { input: t.arg({ type: PutVmInput, required: true, description: "The definition." }) },
    resolve: (_, { input }, ctx) =>
      answer(() => ctx.services.vms.put(ctx.viewer, { ...input, idempotencyKey: input.idempotencyKey ?? null, hostId: input.hostId ?? null, ifGeneration: input.ifGeneration ?? null })),
  }),
  undoOperation: t.field({
    type: VmOperationResult,
    description: "Undo an operation: pausing by resuming and the other way round, starting by asking the guest to power down, stopping by starting, an edit of a definition by the version before, a deletion by defining the VM again (its disks stayed). Needs the rights of the verb that does it.",
    args: { input: t.arg({ type: UndoOperationInput, required: true, description: "Which operation." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.undo.undo(ctx.viewer, { ...input, idempotencyKey: input.idempotencyKey ?? null })),
  }),
  applyVms: t.field({
    type: ApplyVmsResultRef, description: "Define or replace several VMs; each is judged alone. The answer is in the order of the input.",
    args: { input: t.arg({ type: ApplyVmsInput, required: true, description: "The definitions." }) },
    resolve: async (_, { input }, ctx) => {
      const results = await ctx.services.vms.apply(ctx.viewer, { ...input, idempotencyKey: input.idempotencyKey ?? null, hostId: input.hostId ?? null });
      return { results: results.map((result) => (result instanceof ExpectedError ? new Refusal(result) : result)) };
    },
  }),
  stopVm: t.field({
    type: VmOperationResult, description: "Ask the guest to power down (ACPI).",
    args: { input: t.arg({ type: StopVmInput, required: true, description: "Which VM, and how long to wait." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.vms.stop(ctx.viewer, { ...input, idempotencyKey: input.idempotencyKey ?? null })),
  }),
  deleteVm: t.field({
    type: VmOperationResult, description: "Delete a stopped VM.",
    args: { input: t.arg({ type: DeleteVmInput, required: true, description: "Which VM." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.vms.delete(ctx.viewer, { ...input, idempotencyKey: input.idempotencyKey ?? null })),
  }),
}));
