// Small states for tests of the store, the views and the keys. Imported by tests only.
import type { Vm, VmSample } from "./model.js";
import { reduce } from "./reduce.js";
import { initialState } from "./state.js";
import type { State } from "./state.js";

export const NOW = Date.UTC(2026, 10, 23, 13, 2, 11);

export function vm(change: Partial<Vm>): Vm {
  const id = change.id ?? "web-1";
  return {
    id, label: id, hostId: "lab1", state: "RUNNING", stateSince: NOW - 60_000, generation: 1n, startedAt: NOW - 60_000, vcpus: 1, memoryBytes: 256 * 1024 ** 2, machine: "q35",
    accelerator: "tcg", networkInUse: "user", pid: 42, protected: false, labels: [], autostart: false, restartRequired: false, crashCause: null,
    verbs: Object.fromEntries(["START", "STOP", "FORCE_OFF", "RESET", "PAUSE", "RESUME", "DELETE", "CONSOLE"].map((verb) => [verb, { allowed: true, reason: null }])), ...change,
  };
}

export function sample(vmId: string, time: number, change: Partial<VmSample> = {}): VmSample {
  return {
    vmId, time, cpuRatio: 0.5, stealRatio: 0, throttledTimeRatio: 0, vcpusUsed: null, memoryConfiguredBytes: 256 * 1024 ** 2, balloonActualBytes: null, guestTotalBytes: null, guestAvailableBytes: null, rssBytes: null,
    ksmMergedBytes: null, diskReadBytesPerSecond: null, diskWriteBytesPerSecond: null, diskLatencySeconds: null, networkRxBytesPerSecond: null, networkTxBytesPerSecond: null,
    networkDropsPerSecond: null, ...change,
  };
}

export function stateWith(vms: readonly Vm[], samples: readonly VmSample[] = []): State {
  const live = reduce(initialState(NOW), { type: "connection", connection: { phase: "live" } });
  return reduce(live, { type: "vmsListed", vms: [...vms], samples: [...samples] });
}
