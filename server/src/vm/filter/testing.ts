// A VM for tests of filters: running, measured, nothing wrong with it.
import type { VmSample } from "../../metrics/model.js";
import type { FilterSubject } from "./fields.js";

const MIB = 1_048_576;
export const NOW = new Date("2026-01-31T12:00:00.000Z");

export function sampleOf(change: Partial<VmSample> = {}): VmSample {
  return {
    vmId: "web-1", time: NOW, cpuRatio: 0.5, cpuUserRatio: 0.4, cpuSystemRatio: 0.1, vcpus: [], stealRatio: 0.02, throttledRatio: 0, throttledTimeRatio: 0, vcpusPresent: 2, vcpusUsed: 2, majorFaultsPerSecond: 0,
    memoryConfiguredBytes: 256 * MIB, balloonActualBytes: 256 * MIB, pluggedBytes: null, guestRam: null, guestTotalBytes: 240 * MIB, guestAvailableBytes: 120 * MIB,
    guestCacheBytes: 40 * MIB, guestFreeBytes: 80 * MIB, guestUpdatedAt: NOW, guestMajorFaultsPerSecond: 0, guestSwapInBytesPerSecond: 0, guestSwapOutBytesPerSecond: 0,
    rssBytes: 200 * MIB, pssBytes: 130 * MIB, swapBytes: 0, ksmMergedBytes: 0, ksmProfitBytes: 0n, diskReadBytesPerSecond: 1_000_000,
    diskWriteBytesPerSecond: 0, diskLatencySeconds: 0.004, diskOperationsPerSecond: 20, diskQueueDepth: 0.08, networkRxBytesPerSecond: 1_000, networkTxBytesPerSecond: 0, networkDropsPerSecond: 0,
    disks: [], nics: [], qmpAgeMs: 3, ...change,
  };
}

export function subjectOf(change: Partial<FilterSubject> = {}): FilterSubject {
  return {
    id: "web-1", name: "Web One", state: "RUNNING", stateSince: new Date(NOW.getTime() - 7_200_000), startedAt: new Date(NOW.getTime() - 7_200_000),
    hostId: "host-1", hostName: "lab1", vcpus: 2, memoryBytes: 256 * MIB, labels: [{ key: "tier", value: "web" }, { key: "app.example/role", value: "front end" }],
    protected: false, autostart: true, restartRequired: false, definition: { memory_mb: 256 }, sample: sampleOf(), alerts: [], now: NOW, ...change,
  };
}
