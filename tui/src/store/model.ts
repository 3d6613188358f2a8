// The dashboard's nouns as the store keeps them: plain values, times in epoch milliseconds, every text already
// paintable. They mirror the GraphQL schema's names; how they travel is the feed's business.

export type VmState = "DEFINED" | "STARTING" | "RUNNING" | "PAUSED" | "STOPPING" | "STOPPED" | "MIGRATING" | "CRASHED";
export type VmVerb = "START" | "STOP" | "FORCE_OFF" | "RESET" | "PAUSE" | "RESUME" | "DELETE" | "CONSOLE";
export type OperationState = "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

export interface VerbAvailability { allowed: boolean; reason: string | null }

export interface Vm {
  id: string;
  /** What to paint: the name, or the id where the name cannot be painted. */
  label: string;
  hostId: string;
  state: VmState;
  stateSince: number;
  generation: bigint;
  startedAt: number | null;
  vcpus: number;
  memoryBytes: number;
  machine: string;
  accelerator: string | null;
  networkInUse: string | null;
  pid: number | null;
  protected: boolean;
  /** Paintable, by key. */
  labels: readonly { key: string; value: string }[];
  autostart: boolean;
  restartRequired: boolean;
  crashCause: string | null;
  verbs: Partial<Record<VmVerb, VerbAvailability>>;
}

export interface VcpuSample { index: number; ratio: number | null; stealRatio: number | null }
export interface DiskSample {
  name: string;
  readBytesPerSecond: number | null;
  writeBytesPerSecond: number | null;
  readsPerSecond: number | null;
  writesPerSecond: number | null;
  flushesPerSecond: number | null;
  readLatencySeconds: number | null;
  writeLatencySeconds: number | null;
  flushLatencySeconds: number | null;
  /** That its file takes on the host's disk. */
  allocatedBytes: number | null;
  /** Its size as the guest sees it. */
  capacityBytes: number | null;
}
export interface NicSample {
  name: string;
  rxBytesPerSecond: number | null;
  txBytesPerSecond: number | null;
  rxPacketsPerSecond: number | null;
  txPacketsPerSecond: number | null;
  dropsPerSecond: number | null;
}

/** One VM at one instant; null is unknown. */
export interface VmSample {
  vmId: string;
  time: number;
  cpuRatio: number | null;
  stealRatio: number | null;
  /** Time that its CPU quota stopped it; 1 is one core's. */
  throttledTimeRatio: number | null;
  /** vCPUs that the guest is to use of those that QEMU has; null: not told yet. */
  vcpusUsed: number | null;
  memoryConfiguredBytes: number;
  balloonActualBytes: number | null;
  guestTotalBytes: number | null;
  guestAvailableBytes: number | null;
  rssBytes: number | null;
  ksmMergedBytes: number | null;
  diskReadBytesPerSecond: number | null;
  diskWriteBytesPerSecond: number | null;
  diskLatencySeconds: number | null;
  networkRxBytesPerSecond: number | null;
  networkTxBytesPerSecond: number | null;
  networkDropsPerSecond: number | null;
}
/** What the page of one VM adds to its sample. */
export interface VmDetail {
  time: number;
  cpuUserRatio: number | null;
  cpuSystemRatio: number | null;
  vcpus: VcpuSample[];
  disks: DiskSample[];
  nics: NicSample[];
  /** When the guest last spoke of its memory; null when it never did. */
  guestUpdatedAt: number | null;
  guestCacheBytes: number | null;
  guestMajorFaultsPerSecond: number | null;
  guestSwapInBytesPerSecond: number | null;
  guestSwapOutBytesPerSecond: number | null;
  pssBytes: number | null;
  swapBytes: number | null;
  ksmProfitBytes: number | null;
  /** Age of QEMU's newest answer at `time`. */
  qmpAgeMs: number | null;
  /** Beyond the boot memory; null without the feature hotplug. */
  pluggedBytes: number | null;
  /** vCPUs that QEMU has. */
  vcpusPresent: number | null;
  /** Time stopped by a CPU quota, in percent of a core's; null without the cpu controller. */
  throttledTimeRatio: number | null;
  /** Pages of QEMU that had to be fetched back. */
  majorFaultsPerSecond: number | null;
}

export interface Capability { name: string; available: boolean; reason: string | null; mend: string | null }

export interface Host {
  id: string;
  name: string;
  connected: boolean;
  connectionError: string | null;
  connectedSince: number | null;
  bootedAt: number | null;
  cpuModel: string;
  cpuCount: number;
  memoryBytes: number;
  daemonVersion: string;
  qemuVersion: string;
  kernel: string;
  capabilities: Capability[];
}

/** Room on one of a host's file systems. */
export interface DiskSpace { path: string; totalBytes: number; availableBytes: number }

export interface HostSample {
  hostId: string;
  time: number;
  cpuRatio: number | null;
  cpuCoreRatios: number[] | null;
  cpuStealRatio: number | null;
  cpuIowaitRatio: number | null;
  psiCpuRatio: number | null;
  psiMemoryRatio: number | null;
  psiIoRatio: number | null;
  load1: number | null;
  load5: number | null;
  load15: number | null;
  memoryTotalBytes: number;
  memoryAvailableBytes: number;
  memoryCachedBytes: number | null;
  swapTotalBytes: number | null;
  swapUsedBytes: number | null;
  /** Pages fetched back from swap, compressed or not. */
  refaultsPerSecond: number | null;
  ksmSavedBytes: number | null;
  ksmProfitBytes: number | null;
  compressedOriginalBytes: number | null;
  compressedStoredBytes: number | null;
  diskReadBytesPerSecond: number | null;
  diskWriteBytesPerSecond: number | null;
  networkRxBytesPerSecond: number | null;
  networkTxBytesPerSecond: number | null;
  networkDropsPerSecond: number | null;
  diskSpaces: DiskSpace[];
}

export interface Event {
  cursor: bigint;
  time: number;
  kind: string;
  vmId: string | null;
  operationId: string | null;
  state: VmState | null;
  actor: string | null;
  message: string;
}

/** A rule that fires on a VM now. */
export interface Alert {
  id: string;
  vmId: string;
  since: number;
  message: string;
  ruleId: string;
  ruleName: string;
  severity: "WARNING" | "CRITICAL";
  /** The rule's condition, and for how long it had to hold. */
  where: string;
  forSeconds: number;
}

export interface Operation {
  id: string;
  kind: string;
  vmId: string;
  state: OperationState;
  progressRatio: number | null;
  cancellable: boolean;
  error: string | null;
  requestedBy: string;
  startedAt: number;
  endedAt: number | null;
}

/** Events of one VM from before those that are kept of all, oldest first: fetched when its page asks for them. */
export interface VmRecord {
  vmId: string;
  events: Event[];
  /** What its console said last before it crashed; empty when it has not. */
  crashTail: string[];
}

/** The last lines of one VM's serial port, as a terminal would show them. */
export interface ConsoleTail { vmId: string; lines: string[]; closed: string | null }

/** Something this dashboard said or did. */
export interface LogLine {
  /** When it was last said. */
  time: number;
  tone: "info" | "error";
  text: string;
  /** How often in a row. */
  times: number;
}

/** The definition of one VM as lines of text, fetched when its page asks for it. */
export interface Definition { vmId: string; lines: string[] }

/** Figures drawn over time, per VM and per host. */
export const VM_FIGURES = ["cpu", "steal", "throttled", "guestUsed", "balloon", "rss", "diskRead", "diskWrite", "diskLatency", "netRx", "netTx", "netDrops"] as const;
export type VmFigure = (typeof VM_FIGURES)[number];
export const HOST_FIGURES = ["cpu", "steal", "iowait", "psiCpu", "psiMemory", "psiIo", "memoryUsed", "ksmSaved", "diskRead", "diskWrite", "netRx", "netTx"] as const;
export type HostFigure = (typeof HOST_FIGURES)[number];
