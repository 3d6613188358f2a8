// CPU in GraphQL: a VM's policy, and the mutations of its vCPUs.
import { builder } from "../graphql/builder.js";
import { answer } from "../graphql/errors.js";
import { VmRef } from "../graphql/refs.js";
import { DRY_RUN, KEY, VmOperationResult } from "../vm/mutations.js";
import { cpuPolicy, type CpuPin, type CpuPolicy } from "./policy.js";

const CpuPinRef = builder.objectRef<CpuPin>("CpuPin").implement({
  description: "The host CPUs that run one vCPU.",
  fields: (t) => ({
    vcpu: t.exposeInt("vcpu", { description: "Number of the vCPU, from 0." }),
    cpus: t.field({ type: ["Int"], description: "Numbers of CPUs of the host, from 0.", resolve: ({ cpus }) => cpus as number[] }),
  }),
});
export const CpuPolicyRef = builder.objectRef<CpuPolicy>("CpuPolicy").implement({
  description: "How much of the host's CPUs a VM gets, and which: from its definition, defaults filled in. A change is in effect at once.",
  fields: (t) => ({
    weight: t.exposeInt("weight", { description: "Claim to CPU time beside the other VMs' when it is short." }),
    limitPercent: t.exposeInt("limitPercent", { nullable: true, description: "Most CPU time of the whole VM, in percent of one core; null: no limit." }),
    pins: t.field({ type: [CpuPinRef], description: "Which CPUs run which vCPU; one that is not named runs on any.", resolve: ({ pins }) => pins as CpuPin[] }),
    emulatorCpus: t.field({ type: ["Int"], nullable: true, description: "CPUs of the host that run QEMU's own threads; null: any.", resolve: ({ emulatorCpus }) => emulatorCpus as number[] | null }),
    maxVcpus: t.exposeInt("maxVcpus", { description: "Most vCPUs that it can have while it runs; a change of it needs a restart." }),
  }),
});

builder.objectField(VmRef, "cpuPolicy", (t) =>
  t.field({ type: CpuPolicyRef, description: "How much of the host's CPUs it gets, and which.", resolve: ({ definition }) => cpuPolicy(definition) }));

const SetVmVcpusInput = builder.inputType("SetVmVcpusInput", {
  description: "A running VM, and how many vCPUs it is to have.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The VM." }),
    count: t.int({ required: true, description: "Number of vCPUs, 1 to room.vcpusMax." }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});
const CpuPinInput = builder.inputType("CpuPinInput", {
  description: "The host CPUs that are to run one vCPU.",
  fields: (t) => ({
    vcpu: t.int({ required: true, description: "Number of the vCPU, from 0." }),
    cpus: t.intList({ required: true, description: "Numbers of CPUs of the host, from 0; at least one." }),
  }),
});
const AS_IT_IS = "Left out: as it is; null: the default";
const SetVmCpuPolicyInput = builder.inputType("SetVmCpuPolicyInput", {
  description: "A VM, and what to change of its CPU policy.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The VM." }),
    weight: t.int({ description: `Claim to CPU time when it is short, 1 to 10,000. ${AS_IT_IS}, 100.` }),
    limitPercent: t.int({ description: `Most CPU time of the whole VM, in percent of one core, from 5. ${AS_IT_IS}, no limit.` }),
    pins: t.field({ type: [CpuPinInput], description: `Which CPUs run which vCPU, in place of all pins before. ${AS_IT_IS}, none.` }),
    emulatorCpus: t.intList({ description: `CPUs of the host that run QEMU's own threads. ${AS_IT_IS}, any.` }),
    idempotencyKey: t.string({ description: KEY }),
    dryRun: t.boolean({ required: true, defaultValue: false, description: DRY_RUN }),
  }),
});

builder.mutationFields((t) => ({
  setVmVcpus: t.field({
    type: VmOperationResult, description: "Add vCPUs to a running VM, or take the last ones out of the guest's use. The operation ends when the guest has them online, or with what it reached and why. Lasts until the VM is powered off.",
    args: { input: t.arg({ type: SetVmVcpusInput, required: true, description: "Which VM, and how many." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.cpu.setVcpus(ctx.viewer, { ...input, idempotencyKey: input.idempotencyKey ?? null })),
  }),
  setVmCpuPolicy: t.field({
    type: VmOperationResult, description: "Change a VM's CPU policy in its definition, in effect at once. Undone as any change of a definition.",
    args: { input: t.arg({ type: SetVmCpuPolicyInput, required: true, description: "Which VM, and what to change." }) },
    resolve: (_, { input: { id, idempotencyKey, dryRun, ...change } }, ctx) =>
      answer(() => ctx.services.cpu.setPolicy(ctx.viewer, { id, idempotencyKey: idempotencyKey ?? null, dryRun, change })),
  }),
}));
