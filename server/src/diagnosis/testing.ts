// Observations for tests: a calm VM, of which a test says what was different.
import type { VmRoom } from "../memory/model.js";
import { HOST_FIGURES, VM_FIGURES, type HostFigure, type Observations, type Steps, type VmFacts, type VmFigure } from "./model.js";

export const STEP_SECONDS = 5;
/** As many steps to compare with as there are in the window. */
export const LOOKBACK_STEPS = 12;
export const WINDOW_STEPS = 12;
export const ALL_STEPS = LOOKBACK_STEPS + WINDOW_STEPS;
export const MIB = 1_048_576;

const CALM_VM: Readonly<Record<VmFigure, number>> = {
  CPU_RATIO: 0.02, STEAL_RATIO: 0.001, THROTTLED_RATIO: 0, THROTTLED_TIME_RATIO: 0, VCPUS_PRESENT: 2, PLUGGED_BYTES: 0, SWAP_BYTES: 0, MAJOR_FAULTS_PER_SECOND: 0, GUEST_AVAILABLE_BYTES: 128 * MIB, BALLOON_ACTUAL_BYTES: 256 * MIB,
  GUEST_MAJOR_FAULTS_PER_SECOND: 0, GUEST_SWAP_IN_BYTES_PER_SECOND: 0, GUEST_SWAP_OUT_BYTES_PER_SECOND: 0, DISK_READ_BYTES_PER_SECOND: 40_000,
  DISK_WRITE_BYTES_PER_SECOND: 40_000, DISK_LATENCY_SECONDS: 0.001, DISK_OPERATIONS_PER_SECOND: 20, DISK_QUEUE_DEPTH: 0.02, NETWORK_DROPS_PER_SECOND: 0,
};
const CALM_HOST: Readonly<Record<HostFigure, number>> = { PSI_CPU_RATIO: 0.05, PSI_IO_RATIO: 0.01, PSI_MEMORY_RATIO: 0 };

export const FACTS: VmFacts = {
  id: "web-2", hostId: "h1", name: "web two", vcpus: 2, memoryBytes: 256 * MIB, definedMemoryBytes: 256 * MIB, hasBalloon: true, hasDisks: true, network: "counted", pid: 4711, pausedSince: null,
  room: null, limitPercent: null, weight: 100, isPinned: false, isControlled: false, hostCpus: 16,
};

/** Of a running VM that has what it booted with and can have no more. */
export function roomOf(more: Partial<VmRoom>): VmRoom {
  return { balloonTargetBytes: FACTS.memoryBytes, balloonFloorBytes: FACTS.memoryBytes / 2, memoryTargetBytes: FACTS.memoryBytes, memoryMaxBytes: FACTS.memoryBytes, vcpusTarget: FACTS.vcpus, vcpusMax: FACTS.vcpus, ...more };
}

export function flat(value: number | null, steps = ALL_STEPS): Steps {
  return new Array<number | null>(steps).fill(value);
}

/** `calm` before the step, `then` from it on; by default the second half of the window. */
export function risen(calm: number | null, then: number | null, fromStep = LOOKBACK_STEPS + WINDOW_STEPS / 2): Steps {
  return Array.from({ length: ALL_STEPS }, (_, step) => (step < fromStep ? calm : then));
}

export interface Differences {
  readonly vm?: Partial<VmFacts>;
  readonly figures?: Partial<Record<VmFigure, Steps>>;
  readonly host?: Partial<Record<HostFigure, Steps>>;
  readonly neighbours?: Observations["neighbours"];
}

export function observations({ vm, figures, host, neighbours }: Differences = {}): Observations {
  const calm = <Name extends string>(names: readonly Name[], values: Readonly<Record<Name, number>>): Record<Name, Steps> =>
    Object.fromEntries(names.map((name) => [name, flat(values[name])])) as Record<Name, Steps>;
  return {
    vm: { ...FACTS, ...vm }, fromSecond: 1_767_268_800, stepSeconds: STEP_SECONDS, windowStart: LOOKBACK_STEPS,
    figures: { ...calm(VM_FIGURES, CALM_VM), ...figures }, host: { ...calm(HOST_FIGURES, CALM_HOST), ...host }, neighbours: neighbours ?? null,
  };
}
