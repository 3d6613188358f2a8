// The metrics that are kept of each vCPU. They are stored apart from those of the VM, whose rows are of one length: here a
// row has as many values as there are vCPUs. A vCPU's values stand together, so another metric takes a migration.
import type { Metric } from "./catalog.js";
import type { VcpuSample } from "./samples.js";

export const VCPU_METRICS = {
  RATIO: { unit: "ratio", read: (sample) => sample.ratio, meaning: "Time on a host CPU; 1 is one core. As vcpus.ratio of the samples." },
  STEAL_RATIO: { unit: "ratio", read: (sample) => sample.stealRatio, meaning: "Share of time it could have run and no CPU was free for it, 0 to 1. As vcpus.stealRatio of the samples." },
} as const satisfies Readonly<Record<string, Metric<VcpuSample>>>;

export type VcpuMetricName = keyof typeof VCPU_METRICS;

const NAMES = Object.keys(VCPU_METRICS) as VcpuMetricName[];
const READERS: readonly ((sample: VcpuSample) => number | null)[] = Object.values(VCPU_METRICS).map(({ read }) => read);

/** Kept values by place, up to the last vCPU; null for those that were not there. */
export function vcpuValues(vcpus: readonly VcpuSample[]): (number | null)[] {
  const count = vcpus.reduce((most, { index }) => Math.max(most, index + 1), 0);
  const values = new Array<number | null>(count * READERS.length).fill(null);
  for (const vcpu of vcpus) READERS.forEach((read, metric) => (values[vcpu.index * READERS.length + metric] = read(vcpu)));
  return values;
}

export function vcpuPlace(index: number, metric: VcpuMetricName): number {
  return index * NAMES.length + NAMES.indexOf(metric);
}

/** Which vCPU's value stands at a place. */
export function vcpuAt(place: number): number {
  return Math.floor(place / NAMES.length);
}

/** The vCPUs of kept values, as they were shown. */
export function vcpuSamplesOf(values: readonly (number | null)[]): VcpuSample[] {
  const at = (index: number, metric: VcpuMetricName): number | null => values[vcpuPlace(index, metric)] ?? null;
  return Array.from({ length: Math.ceil(values.length / NAMES.length) }, (_, index) => ({ index, ratio: at(index, "RATIO"), stealRatio: at(index, "STEAL_RATIO") }));
}
