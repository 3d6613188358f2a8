// Where a figure begins to hurt, and where that is taken from. A person reads `source` beside the figure.
import type { MetricUnit } from "../metrics/catalog.js";

export interface Threshold {
  readonly value: number;
  readonly unit: MetricUnit;
  readonly source: string;
}

const USE = "USE method (B. Gregg)";
const PSI = "Linux PSI (Documentation/accounting/psi.rst), \"some\" over 10 s";

export const THRESHOLDS = {
  steal: { value: 0.05, unit: "ratio", source: `Run delay of the vCPU threads (/proc/PID/task/TID/schedstat), without what a CPU quota stopped. ${USE}: waiting for a CPU is saturation; above 5 % people notice.` },
  throttled: { value: 0.25, unit: "ratio", source: "cpu.stat of QEMU's control group (Linux CFS bandwidth control). A quarter of the periods is where Kubernetes' own alert CPUThrottlingHigh begins." },
  guestCpu: { value: 0.9, unit: "ratio", source: `CPU time of the QEMU process over its vCPUs. ${USE}: a resource used above 90 % leaves no room for bursts.` },
  hostCpu: { value: 0.2, unit: "ratio", source: `${PSI}, cpu: tasks waited for a CPU in a fifth of the time. It counts only while this VM waits as well.` },
  hostIo: { value: 0.2, unit: "ratio", source: `${PSI}, io: tasks waited for I/O in a fifth of the time. It counts only while this VM's disk is slow as well.` },
  hostMemory: { value: 0.1, unit: "ratio", source: `${PSI}, memory: tasks waited for memory in a tenth of the time, where Linux' own oomd guides begin to act.` },
  majorFaults: { value: 10, unit: "1/s", source: `Major faults of the QEMU process (/proc/PID/stat). ${USE}: paging is memory's saturation; each costs a disk access. Counted only while part of it is in swap or the host is short of memory.` },
  guestMajorFaults: { value: 10, unit: "1/s", source: `Major faults that the guest's balloon driver reports. ${USE}: paging is memory's saturation; each costs a disk access. Counted only while little memory is available.` },
  guestSwap: { value: 100_000, unit: "bytes/s", source: `Swap traffic that the guest's balloon driver reports. ${USE}: sustained swapping is memory's saturation; 100 kB/s is some 25 pages a second.` },
  guestAvailable: { value: 0.1, unit: "ratio", source: `MemAvailable that the guest's balloon driver reports, over what it has. ${USE}: below a tenth the guest lives by throwing out its caches.` },
  balloon: { value: 0.95, unit: "ratio", source: "The balloon's actual size (QMP query-balloon) over the memory that it boots with and that is plugged in: below 95 % something was taken. It counts only while the guest has too little." },
  diskLatency: { value: 0.02, unit: "seconds", source: `Mean time of a read or write as QEMU counts it (query-blockstats). ${USE}; 20 ms is beyond what a busy rotating disk takes.` },
  diskQueue: { value: 4, unit: "operations", source: `Operations under way by Little's law from query-blockstats. ${USE}: a queue is saturation; it counts only where each operation also takes 5 ms and more.` },
  networkDrops: { value: 1, unit: "1/s", source: `Drops of the VM's tap (/sys/class/net/TAP/statistics). ${USE}: drops are a network's errors; a lost packet costs TCP a retransmission.` },
  neighbourCpuRise: { value: 0.25, unit: "ratio", source: "CPU of each other VM of the host while this one waited, less its CPU while this one did not; 1 is one core." },
  neighbourCpuUse: { value: 0.25, unit: "ratio", source: "CPU of each other VM of the host while this one waited; 1 is one core. There was no calm moment to compare with." },
  neighbourDiskRise: { value: 1_000_000, unit: "bytes/s", source: "Disk traffic of each other VM of the host while this one's disk was slow, less its traffic while it was not." },
  neighbourDiskUse: { value: 2_000_000, unit: "bytes/s", source: "Disk traffic of each other VM of the host while this one's disk was slow. There was no calm moment to compare with." },
} as const satisfies Readonly<Record<string, Threshold>>;

/** Major faults without swap count only below this share of available memory: above it they are programs being read. */
export const FAULTS_COUNT_BELOW_AVAILABLE_RATIO = 0.2;
/** A slow disk counts only where operations were under way for this share of the time: a rare slow one hurts nobody. */
export const DISK_WAITED_QUEUE_DEPTH = 0.05;
/** A queue at quick operations is a disk at work, not a disk too slow. */
export const QUEUE_COUNTS_FROM_LATENCY_SECONDS = 0.005;
/** From this share on the guest's swapping is what the disk is busy with. */
export const SWAP_EXPLAINS_DISK_SHARE = 0.5;

/** Fewer steps than this are a blip, whatever they show. */
export const LEAST_STEPS = 2;
/** A figure must be beyond its threshold for this share of the window, */
export const LEAST_SHARE = 0.1;
/** or for this long without a break. */
export const LEAST_RUN_SECONDS = 30;

/** A cause that covers less of the window than this did not make it slow as a whole; */
export const LITTLE_SHARE = 0.25;
/** nor did one that has not been seen for so long, */
export const OVER_SECONDS = 60;
/** or for this share of the window, if that is longer, */
export const OVER_SHARE = 0.1;
/** yet no more than this share: of a short window the end is told from the beginning, too. */
export const OVER_MOST_SHARE = 0.5;
