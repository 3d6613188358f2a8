// A made-up fleet whose every figure is a function of the VM and the second: the same run paints the same screen. It
// knows the schema's shapes and nothing of how they travel.

export type RecordedState = "DEFINED" | "STARTING" | "RUNNING" | "PAUSED" | "STOPPING" | "STOPPED" | "CRASHED";

export interface RecordedVm {
  id: string; name: string; state: RecordedState; stateSince: number; generation: number; startedAt: number | null;
  vcpus: number; memoryBytes: number; load: number; crashCause: string | null; protected: boolean;
  labels?: { key: string; value: string }[];
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
export const HOST_ID = "lab1";
const HOST_MEMORY_BYTES = 23.4 * GIB;

/** The moment at which recordings stand still: 2026-11-23 13:02:11 UTC. */
export const RECORDED_NOW = Date.UTC(2026, 10, 23, 13, 2, 11);

const SEVEN: readonly (readonly [string, RecordedState, number, number, number])[] = [
  ["test-vm-001", "RUNNING", 2, 2 * GIB, 0.12], ["build-runner", "RUNNING", 2, 2 * GIB, 1.8], ["web-1", "RUNNING", 1, 256 * MIB, 0.03],
  ["web-2", "RUNNING", 2, 256 * MIB, 0.1], ["gis-import", "PAUSED", 2, GIB, 0], ["db-old", "CRASHED", 1, GIB, 0], ["spare", "STOPPED", 1, 512 * MIB, 0],
];

export function recordedVms(count: number, now: number): RecordedVm[] {
  return Array.from({ length: count }, (_, index): RecordedVm => {
    const [id, state, vcpus, memoryBytes, load] = SEVEN[index] ?? [`vm-${String(index).padStart(4, "0")}`, "RUNNING", 1, 256 * MIB, 0.02 + (index % 9) / 50];
    const alive = state === "RUNNING" || state === "PAUSED";
    const since = now - (3 * 86_400 + 4 * 3_600 - index * 4_711) * 1000;
    return {
      id, name: id, state, vcpus, memoryBytes, load, stateSince: since, generation: 1, startedAt: alive ? since : null, protected: false,
      crashCause: state === "CRASHED" ? "QEMU exited 1: Could not open '/srv/images/db-old.qcow2': No such file or directory" : null,
    };
  });
}

/** A steady pseudo-random figure in 0..1 for a VM and a second: slow swell, faster ripple, a little noise. */
export function wave(seed: number, second: number): number {
  const swell = Math.sin((second + seed * 37) / 41);
  const ripple = Math.sin((second + seed * 11) / 7) * 0.4;
  const noise = (((second * 2_654_435_761 + seed * 40_503) >>> 0) % 1000) / 2_500;
  return Math.min(1, Math.max(0, 0.45 + swell * 0.28 + ripple * 0.3 + noise * 0.3));
}

/** One of the fleet has user-mode networking, which nobody counts. */
export function hasTap(vm: RecordedVm): boolean {
  return vm.id !== "web-1";
}

/** One of the fleet has a CPU limit, which stops it now and then. */
function hasLimit(vm: RecordedVm): boolean {
  return vm.id === "build-runner";
}

const seedOf = (id: string): number => Array.from(id).reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 9973, 7);

export function vmFigures(vm: RecordedVm, second: number) {
  const seed = seedOf(vm.id);
  const running = vm.state === "RUNNING";
  const used = vm.memoryBytes * (0.35 + 0.4 * wave(seed + 3, second / 4));
  return {
    cpuRatio: running ? vm.load * (0.5 + wave(seed, second)) : 0,
    stealRatio: running ? vm.load * 0.02 * wave(seed + 1, second) : 0, throttledTimeRatio: hasLimit(vm) && running ? 0.125 : 0,
    guestTotalBytes: vm.memoryBytes, guestAvailableBytes: Math.round(vm.memoryBytes - used),
    balloonActualBytes: vm.memoryBytes, rssBytes: Math.round(used * 1.05 + 30 * MIB), ksmMergedBytes: Math.round(used * 0.1),
    diskReadBytesPerSecond: running ? Math.round(vm.load * 1.2e6 * wave(seed + 5, second)) : 0,
    diskWriteBytesPerSecond: running ? Math.round(vm.load * 6e5 * wave(seed + 6, second)) : 0,
    diskLatencySeconds: running ? 0.0004 + 0.003 * wave(seed + 7, second) : null,
    networkRxBytesPerSecond: !hasTap(vm) ? null : running ? Math.round(vm.load * 7e5 * wave(seed + 8, second)) : 0,
    networkTxBytesPerSecond: !hasTap(vm) ? null : running ? Math.round(vm.load * 1e5 * wave(seed + 9, second)) : 0,
    networkDropsPerSecond: hasTap(vm) ? 0 : null,
  };
}

export function vmSample(vm: RecordedVm, time: number) {
  const figures = vmFigures(vm, Math.floor(time / 1000));
  return {
    __typename: "VmSample", vmId: vm.id, time: new Date(time).toISOString(), ...figures,
    guestUpdatedAt: new Date(time - 1_200).toISOString(), guestCacheBytes: Math.round(vm.memoryBytes * 0.1), guestMajorFaultsPerSecond: vm.load * 3, guestSwapInBytesPerSecond: 0,
    guestSwapOutBytesPerSecond: 0, pssBytes: Math.round(figures.rssBytes * 0.9), swapBytes: 0, majorFaultsPerSecond: 0, ksmProfitBytes: String(Math.round(figures.ksmMergedBytes * 0.95)), cpuUserRatio: figures.cpuRatio * 0.7, cpuSystemRatio: figures.cpuRatio * 0.3, memoryConfiguredBytes: vm.memoryBytes, vcpusPresent: vm.vcpus, vcpusUsed: vm.vcpus,
    vcpus: Array.from({ length: vm.vcpus }, (_, index) => ({ index, ratio: figures.cpuRatio / vm.vcpus, stealRatio: figures.stealRatio * (1 + index / 4) })),
    disks: [{
      name: "vda", readBytesPerSecond: figures.diskReadBytesPerSecond, writeBytesPerSecond: figures.diskWriteBytesPerSecond, readsPerSecond: figures.diskReadBytesPerSecond / 16_384,
      writesPerSecond: figures.diskWriteBytesPerSecond / 16_384, flushesPerSecond: 0.2, readLatencySeconds: figures.diskLatencySeconds,
      writeLatencySeconds: figures.diskLatencySeconds === null ? null : figures.diskLatencySeconds * 2, flushLatencySeconds: figures.diskLatencySeconds === null ? null : figures.diskLatencySeconds * 4, allocatedBytes: 310 * MIB, capacityBytes: 1_024 * MIB,
    }],
    nics: figures.networkRxBytesPerSecond === null || figures.networkTxBytesPerSecond === null ? [] : [{
      name: "net0", rxBytesPerSecond: figures.networkRxBytesPerSecond, txBytesPerSecond: figures.networkTxBytesPerSecond, rxPacketsPerSecond: figures.networkRxBytesPerSecond / 900,
      txPacketsPerSecond: figures.networkTxBytesPerSecond / 300, dropsPerSecond: 0,
    }],
    qmpAgeMs: 12,
  };
}

export function hostFigures(second: number) {
  return {
    cpuRatio: 0.2 + 0.4 * wave(1, second), memoryAvailableBytes: Math.round(HOST_MEMORY_BYTES * (0.55 - 0.15 * wave(2, second / 3))),
    diskReadBytesPerSecond: Math.round(3.1e6 * wave(3, second)), diskWriteBytesPerSecond: Math.round(4.1e5 * wave(4, second)),
    networkRxBytesPerSecond: Math.round(1.24e6 * wave(5, second)), networkTxBytesPerSecond: Math.round(8e4 * wave(6, second)),
    cpuStealRatio: 0.04 * wave(7, second), cpuIowaitRatio: 0.06 * wave(8, second), psiCpuRatio: 0.08 * wave(9, second), psiMemoryRatio: 0, psiIoRatio: 0.03 * wave(10, second),
    ksmSavedBytes: 1.2 * GIB,
  };
}

export function hostSample(time: number) {
  const figures = hostFigures(Math.floor(time / 1000));
  return {
    hostId: HOST_ID, time: new Date(time).toISOString(), ...figures, cpuCoreRatios: [figures.cpuRatio * 1.2, figures.cpuRatio * 0.8],
    load1: 1.42, load5: 1.2, load15: 0.9, memoryTotalBytes: HOST_MEMORY_BYTES, memoryCachedBytes: 3 * GIB,
    swapTotalBytes: 0, swapUsedBytes: 0, refaultsPerSecond: 4, ksmProfitBytes: "1200000000", compressedOriginalBytes: 3.1 * GIB, compressedStoredBytes: 1.2 * GIB,
    networkDropsPerSecond: 0, diskSpaces: [{ path: "/var/lib/quetzal", totalBytes: 200 * GIB, availableBytes: 84 * GIB }, { path: "/srv/images", totalBytes: 2_000 * GIB, availableBytes: 90 * GIB }],
  };
}

export const RECORDED_HOST = {
  id: HOST_ID, name: HOST_ID, connected: true, connectedSince: "2026-11-20T09:02:11.000Z", connectionError: null, kernel: "6.1.0", cpuModel: "Recorded CPU at 2.4 GHz", cpuCount: 2, memoryBytes: HOST_MEMORY_BYTES,
  daemonVersion: "0.1.0", qemuVersion: "7.2.22", bootedAt: "2026-11-11T13:02:11.000Z", daemonStartedAt: null,
  capabilities: [
    { name: "kvm", available: false, reason: "emulated only: 989 ns an iteration, using TCG", mend: "a host whose CPU shows vmx or svm" },
    { name: "bridge", available: false, reason: "there is no bridge qzbr0", mend: "ip link add qzbr0 type bridge && ip link set qzbr0 up" },
    ...["qemu", "user_network", "tap", "ksm", "balloon", "psi", "cgroup_cpu", "cgroup_memory"].map((name) => ({ name, available: true, reason: null, mend: null })),
    { name: "zram", available: true, reason: "zram0, 3.1 GiB in 1.2 GiB", mend: null },
  ],
};

/** What a VM's console wrote: a boot, in colour, up to the login. */
export function recordedConsole(id: string): string {
  const boot = Array.from({ length: 12 }, (_, index) => `[    ${(index / 7).toFixed(6)}] \x1b[32mvirtio_blk\x1b[0m virtio${index}: [vda] line ${index + 1} of the boot`);
  return [...boot, `Welcome to ${id}.`, "", `${id} login: `].join("\r\n");
}
