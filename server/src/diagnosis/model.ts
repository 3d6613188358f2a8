// What a diagnosis is made of: the observations that go in, the findings that come out. Types only.
import type { VmRoom } from "../memory/model.js";
import type { HostMetricName, MetricUnit, VmMetricName } from "../metrics/catalog.js";

/** Every cause that is looked for, in the order in which equals are listed. */
export const DIAGNOSIS_KINDS = [
  "THROTTLING", "NEIGHBOUR_CPU", "STEAL", "HOST_CPU", "BALLOON", "GUEST_MEMORY", "HOST_MEMORY",
  "NEIGHBOUR_DISK", "DISK_LATENCY", "DISK_QUEUE", "HOST_IO", "NETWORK_DROPS", "GUEST_CPU",
] as const;
export type DiagnosisKind = (typeof DIAGNOSIS_KINDS)[number];
export type DiagnosisVerdict = "SLOW" | "FINE" | "UNKNOWN";
export type DiagnosisConfidence = "LOW" | "MEDIUM" | "HIGH";

/** The metrics that the rules read. */
export const VM_FIGURES = [
  "CPU_RATIO", "STEAL_RATIO", "THROTTLED_RATIO", "THROTTLED_TIME_RATIO", "VCPUS_PRESENT", "PLUGGED_BYTES", "SWAP_BYTES", "MAJOR_FAULTS_PER_SECOND", "GUEST_AVAILABLE_BYTES", "BALLOON_ACTUAL_BYTES",
  "GUEST_MAJOR_FAULTS_PER_SECOND", "GUEST_SWAP_IN_BYTES_PER_SECOND", "GUEST_SWAP_OUT_BYTES_PER_SECOND", "DISK_READ_BYTES_PER_SECOND",
  "DISK_WRITE_BYTES_PER_SECOND", "DISK_LATENCY_SECONDS", "DISK_OPERATIONS_PER_SECOND", "DISK_QUEUE_DEPTH", "NETWORK_DROPS_PER_SECOND",
] as const satisfies readonly VmMetricName[];
export const HOST_FIGURES = ["PSI_CPU_RATIO", "PSI_IO_RATIO", "PSI_MEMORY_RATIO"] as const satisfies readonly HostMetricName[];
export type VmFigure = (typeof VM_FIGURES)[number];
export type HostFigure = (typeof HOST_FIGURES)[number];

/** One value a step, null where nothing was recorded; all of one length. */
export type Steps = readonly (number | null)[];

export interface VmFacts {
  readonly id: string;
  readonly hostId: string;
  readonly name: string;
  readonly vcpus: number;
  /** That it was started with; of one that does not run, its definition's. */
  readonly memoryBytes: number;
  /** That its definition says by now: no policy put into that may ask for more. */
  readonly definedMemoryBytes: number;
  readonly hasBalloon: boolean;
  readonly hasDisks: boolean;
  readonly network: "counted" | "user" | "none";
  /** QEMU's process on the host; null while it does not run. */
  readonly pid: number | null;
  /** Null: it is not paused. */
  readonly pausedSince: Date | null;
  /** What it was asked to have and may have without a restart; null while it does not run. */
  readonly room: VmRoom | null;
  /** Its own limit, in percent of a core; null: it has none. */
  readonly limitPercent: number | null;
  readonly weight: number;
  /** Whether its vCPUs are kept to some of the host's CPUs. */
  readonly isPinned: boolean;
  /** Whether the memory controller moves its balloon. */
  readonly isControlled: boolean;
  /** CPUs of its host; null: not known. */
  readonly hostCpus: number | null;
}

/** Another VM of the same host. */
export interface Neighbour {
  readonly id: string;
  readonly name: string;
  /** Its claim to CPU time beside the other VMs'. */
  readonly weight: number;
  /** In cores. */
  readonly cpu: Steps;
  readonly diskBytesPerSecond: Steps;
}

export interface Observations {
  readonly vm: VmFacts;
  /** Unix second of the first step. */
  readonly fromSecond: number;
  readonly stepSeconds: number;
  /** Steps before this one precede the window: they are only compared with. */
  readonly windowStart: number;
  readonly figures: Readonly<Record<VmFigure, Steps>>;
  readonly host: Readonly<Record<HostFigure, Steps>>;
  /** Null: not looked at, which is enough while nothing shows that anybody took something. */
  readonly neighbours: readonly Neighbour[] | null;
}

export interface DiagnosisEvidence {
  readonly name: string;
  /** Mean over the steps beyond the threshold; where there is none, over all. Null: not known. */
  readonly value: number | null;
  readonly threshold: number;
  readonly unit: MetricUnit;
  /** Share of the observed window beyond the threshold, 0 to 1; null: not known. */
  readonly shareBeyond: number | null;
  /** Where the figure and its threshold come from. */
  readonly source: string;
  readonly text: string;
}

/** What to do about a cause, and a command that does it or shows more; null: there is none. */
export interface Remedy {
  readonly advice: string;
  readonly adviceCommand: string | null;
}

export interface DiagnosisFinding {
  readonly kind: DiagnosisKind;
  readonly title: string;
  /** 0 to 1, for ranking; 0 unless it is a cause. */
  readonly score: number;
  readonly evidence: readonly DiagnosisEvidence[];
  readonly advice: string | null;
  readonly adviceCommand: string | null;
  readonly neighbourId: string | null;
}

export interface Diagnosis {
  readonly from: Date;
  readonly to: Date;
  readonly stepSeconds: number;
  readonly verdict: DiagnosisVerdict;
  readonly summary: string;
  readonly slowFrom: Date | null;
  readonly slowTo: Date | null;
  readonly confidence: DiagnosisConfidence | null;
  /** Highest score first. */
  readonly causes: readonly DiagnosisFinding[];
  readonly ruledOut: readonly DiagnosisFinding[];
  /** Those that cannot be judged; the evidence's text says why. */
  readonly notKnown: readonly DiagnosisFinding[];
}
