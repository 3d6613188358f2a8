// What a filter looks at, put together from where the server has it: the VM, its host, its newest sample, its alerts.
import type { AlertBoard } from "../../alert/board.js";
import type { HostService } from "../../host/service.js";
import type { MetricsService } from "../../metrics/service.js";
import type { Vm } from "../model.js";
import type { VmRegistry } from "../registry.js";
import { isAlive } from "../verbs.js";
import { matchesFilter } from "./evaluate.js";
import type { FilterSubject } from "./fields.js";
import { parseFilter, type Filter } from "./parse.js";

export interface FilterSources {
  readonly registry: VmRegistry;
  readonly hosts: HostService;
  readonly metrics: MetricsService;
  readonly alerts: AlertBoard;
}

export class FilterSubjects {
  constructor(readonly sources: FilterSources) {}

  of(vm: Vm, now: Date): FilterSubject {
    const { hosts, metrics, alerts } = this.sources;
    return {
      id: vm.id, name: vm.name, state: vm.state, stateSince: vm.stateSince, startedAt: vm.startedAt,
      hostId: vm.hostId, hostName: hosts.get(vm.hostId)?.name ?? null, vcpus: vm.vcpus, memoryBytes: vm.memoryBytes,
      labels: vm.labels, protected: vm.protected, autostart: vm.autostart, restartRequired: vm.restartRequired, definition: vm.definition,
      sample: isAlive(vm.state) ? metrics.latestVm(vm.id) : null,
      alerts: alerts.of(vm.id).map(({ rule }) => ({ name: rule.name, severity: rule.severity })),
      now,
    };
  }

  /** Whether a VM passes a filter now. Throws FilterFault. */
  passes(where: string, now = new Date()): (vm: Vm) => boolean {
    const filter = parseFilter(where);
    return (vm) => matchesFilter(filter, this.of(vm, now));
  }

  /** The VMs that pass now. */
  matching(filter: Filter, now = new Date()): Vm[] {
    return this.sources.registry.list().filter((vm) => matchesFilter(filter, this.of(vm, now)));
  }
}
