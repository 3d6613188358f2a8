// CPU: how many vCPUs a running VM has, and its policy. The daemon judges limits. Knows no GraphQL.
import { InvalidInput } from "../errors.js";
import { vcpusEffect } from "../memory/effects.js";
import type { MetricsService } from "../metrics/service.js";
import type { Viewer } from "../token/model.js";
import type { VerbInput, VmOperationAccepted, VmService } from "../vm/service.js";
import { withCpuPolicy, type CpuPolicyChange } from "./policy.js";

export class CpuService {
  constructor(private readonly parts: { readonly vms: VmService; readonly metrics: MetricsService }) {}

  setVcpus(viewer: Viewer, input: VerbInput & { readonly count: number }): Promise<VmOperationAccepted> {
    const most = this.parts.vms.get(input.id)?.room?.vcpusMax;
    // The wire knows no negative count.
    if (input.count < 1) throw new InvalidInput(`count is ${most === undefined ? "at least 1" : `1 to ${most}`}, not ${input.count}.`, "count");
    return this.parts.vms.order(viewer, {
      kind: "SET_VM_VCPUS", input, request: input, previousTarget: ({ room }) => room?.vcpusTarget ?? null,
      effect: (vm) => vcpusEffect(vm, input.count, this.parts.metrics.latestVm(vm.id)),
      call: (client, operationId, options) => client.cpu.setVcpus({ operationId, vmId: input.id, count: input.count, dryRun: input.dryRun }, options),
    });
  }

  setPolicy(viewer: Viewer, input: VerbInput & { readonly change: CpuPolicyChange }): Promise<VmOperationAccepted> {
    return this.parts.vms.edit(viewer, input, (definition) => withCpuPolicy(definition, input.change));
  }
}
