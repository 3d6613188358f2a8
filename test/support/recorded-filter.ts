// What the recorded server answers about filters and alerts: the real language over the made-up fleet, and the crashed
// VMs as alerts. Pure.
import { matchesFilter } from "../../server/src/vm/filter/evaluate.js";
import type { FilterSubject } from "../../server/src/vm/filter/fields.js";
import { FilterFault, parseFilter } from "../../server/src/vm/filter/parse.js";
import type { VmSample } from "../../server/src/metrics/model.js";
import { HOST_ID, vmSample } from "./recorded-fleet.js";
import type { RecordedVm } from "./recorded-fleet.js";

export function recordedMatches(vms: readonly RecordedVm[], where: string, now: number): { ids: string[]; error: string | null; errorColumn: number | null } {
  try {
    const filter = parseFilter(where);
    return { ids: vms.filter((vm) => matchesFilter(filter, subject(vm, now))).map(({ id }) => id), error: null, errorColumn: null };
  } catch (error) {
    if (error instanceof FilterFault) return { ids: [], error: error.message, errorColumn: error.column };
    throw error;
  }
}

const CRASHED = { id: "crashed", name: "Crashed", where: "state:crashed", forSeconds: 0, severity: "CRITICAL", enabled: true, updatedBy: "QuetzalCore" };

export function recordedAlerts(vms: readonly RecordedVm[], now: number): object[] {
  const time = new Date(now).toISOString();
  return vms.filter((vm) => vm.state === "CRASHED").map((vm) => ({ id: `alert-${vm.id}`, vmId: vm.id, since: time, message: "Crashed: state crashed.", rule: { ...CRASHED, updatedAt: time } }));
}

function subject(vm: RecordedVm, now: number): FilterSubject {
  const isAlive = vm.state === "RUNNING" || vm.state === "PAUSED";
  return {
    id: vm.id, name: vm.name, state: vm.state, stateSince: new Date(vm.stateSince), startedAt: vm.startedAt === null ? null : new Date(vm.startedAt), hostId: HOST_ID, hostName: HOST_ID,
    vcpus: vm.vcpus, memoryBytes: vm.memoryBytes, labels: [], protected: vm.protected, autostart: false, restartRequired: false, definition: { memory_mb: vm.memoryBytes / 1_048_576 }, now: new Date(now),
    sample: isAlive ? (vmSample(vm, now) as unknown as VmSample) : null, alerts: vm.state === "CRASHED" ? [{ name: CRASHED.name, severity: CRASHED.severity }] : [],
  };
}
