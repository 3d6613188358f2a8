// Memory as the server knows it: the room a running VM moves in, policies out of definitions, a host's settings, the
// controller's decisions, and where memory went. Types only.
export const MEMORY_CONTROLS = ["OFF", "RECOMMEND", "ON"] as const;
export type MemoryControl = (typeof MEMORY_CONTROLS)[number];

/** The limits between which a running VM's memory and vCPUs move, and what was last asked for. */
export interface VmRoom {
  readonly balloonTargetBytes: number;
  readonly balloonFloorBytes: number;
  readonly memoryTargetBytes: number;
  readonly memoryMaxBytes: number;
  readonly vcpusTarget: number;
  readonly vcpusMax: number;
}

/** A definition's memory policy, defaults filled in. */
export interface MemoryPolicy {
  readonly floorBytes: number;
  readonly ceilingBytes: number;
  readonly maxBytes: number;
  readonly shares: number;
  readonly control: MemoryControl;
  readonly sharingDomain: string;
}

export const KSM_MODES = ["UNTOUCHED", "TUNED", "STOPPED", "UNMERGED"] as const;
export type KsmMode = (typeof KSM_MODES)[number];
export const COMPRESSION_MODES = ["UNTOUCHED", "ZRAM", "ZSWAP"] as const;
export type CompressionMode = (typeof COMPRESSION_MODES)[number];
export const PRESSURE_STATES = ["HIGH", "SOFT", "HARD", "LOW"] as const;
export type PressureState = (typeof PRESSURE_STATES)[number];

export interface KsmSettings {
  readonly mode: KsmMode;
  readonly cpuBudgetPercent: number;
  /** Null: no VM has asked to share. */
  readonly activeDomain: string | null;
  readonly reason: string;
  readonly pagesPerScan: number;
  readonly sleepMs: number;
  readonly cpuUsedRatio: number | null;
}
export interface CompressionSettings {
  readonly mode: CompressionMode;
  readonly sizeBytes: number;
  readonly algorithm: string;
}
export interface ControllerSettings {
  readonly enabled: boolean;
  readonly idleTaxPercent: number;
  readonly highPercent: number;
  readonly softPercent: number;
  readonly hardPercent: number;
  readonly lowPercent: number;
}
/** What is paged out to compressed memory, and what it costs. */
export interface MemoryCompression {
  readonly originalBytes: number;
  readonly storedBytes: number;
  /** Null where nothing is stored. */
  readonly ratio: number | null;
  readonly refaultsPerSecond: number | null;
}
export interface MemoryThresholds {
  readonly highBytes: number;
  readonly softBytes: number;
  readonly hardBytes: number;
  readonly lowBytes: number;
}
export interface HostMemory {
  readonly ksm: KsmSettings;
  readonly compression: CompressionSettings;
  readonly controller: ControllerSettings;
  readonly state: PressureState;
  readonly thresholds: MemoryThresholds;
}

export const DECISION_ACTIONS = ["BALLOON", "PAGE_OUT", "ASK_FOR_ROOM"] as const;
export type DecisionAction = (typeof DECISION_ACTIONS)[number];

/** One decision of the memory controller about one VM. */
export interface MemoryDecision {
  readonly hostId: string;
  readonly vmId: string;
  readonly time: Date;
  readonly action: DecisionAction;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly reason: string;
  readonly carriedOut: boolean;
  readonly state: PressureState;
  readonly hostAvailableBytes: number;
  readonly guestAvailableBytes: number | null;
  readonly guestTotalBytes: number | null;
  /** By how much QEMU's resident memory fell, measured afterwards; negative: it grew. Part of it may be compressed now. */
  readonly effectBytes: bigint | null;
}

export const MEMORY_PART_KINDS = [
  "GUEST_USED", "GUEST_CACHE", "GUEST_FREE", "SHARED", "COMPRESSED", "SWAPPED", "BALLOONED", "REPORTED_FREE", "UNPLUGGED", "OVERHEAD",
  "VMS", "PAGE_CACHE", "KERNEL", "OTHER", "FREE",
] as const;
export type MemoryPartKind = (typeof MEMORY_PART_KINDS)[number];

export interface MemoryPart {
  readonly kind: MemoryPartKind;
  readonly bytes: number;
  readonly description: string;
  readonly source: string;
}
/** Where an amount of memory is: the parts and the remainder add up to the total. */
export interface MemoryBreakdown {
  readonly at: Date;
  readonly totalBytes: number;
  readonly source: string;
  readonly parts: readonly MemoryPart[];
  /** What no part explains; negative where parts overlap or were measured at different moments. */
  readonly remainderBytes: bigint;
}

export interface FitEstimate {
  readonly count: number;
  readonly basis: readonly string[];
  readonly limitedBy: "MEMORY" | "CPU";
  readonly perVmBytes: number;
}
