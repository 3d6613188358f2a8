// One frame of the past, put together from what was kept: lives, moments and stored metrics. Pure.
import type { Instant } from "../metrics/instants.js";
import type { HostSample, VmSample } from "../metrics/model.js";
import { definitionFields } from "../hypervisor/wire.js";
import { isAlive } from "../vm/verbs.js";
import type { PastHost, PastLife, PastVm } from "./model.js";
import { diskTotals, hostSampleThen, vmSampleThen } from "./sample.js";

/** What is kept of a VM at an instant, and of its vCPUs; null: nothing was measured then, or it is not kept. */
export interface KeptVm {
  readonly instant: Instant | null;
  readonly vcpus: Instant | null;
}

/** A VM as it was. What did not live has no sample, as live. */
export function pastVm(life: PastLife, { instant, vcpus }: KeptVm, hostSample: HostSample | null = null): PastVm {
  const { moment } = life;
  const isMeasured = instant !== null && (moment === null || isAlive(moment.state));
  return {
    ...definitionFields(life.definition, life.vmId),
    id: life.vmId, hostId: life.hostId, generation: life.generation, deletedAt: life.endedAt,
    state: moment?.state ?? null, stateSince: moment?.stateSince ?? null, startedAt: moment?.startedAt ?? null,
    accelerator: moment?.accelerator ?? null, networkInUse: moment?.networkInUse ?? null, pid: moment?.pid ?? null,
    restartRequired: moment?.restartRequired ?? false, crashCause: moment?.crashCause ?? null, hostSample,
    sample: isMeasured ? vmSampleThen(life, instant, vcpus) : null, allDisks: isMeasured ? diskTotals(instant) : null,
  };
}

/** `memoryBytes` stands for the total where history has none of its own. `vms`: the samples of those that ran on it. */
export function pastHost(host: { readonly id: string; readonly name: string; readonly memoryBytes: number }, instant: Instant | null, vms: readonly VmSample[] = []): PastHost {
  return { id: host.id, name: host.name, sample: instant === null ? null : hostSampleThen(host, instant), vms };
}
