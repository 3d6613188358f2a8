// What each vCPU ran and how long it waited for a CPU that somebody else had. Pure; knows counters, not clients.
import type { VcpuTime, VmMetrics } from "../hypervisor/generated/quetzal/v1/metrics.js";
import { clampRatio, growth, ratioOfTime, sumKnown, type Elapsed } from "./counter.js";
import type { VcpuSample } from "./samples.js";

/**
 * Linux counts the time under a CPU quota as run delay too. It says how long the quota stopped the VM as a whole, summed
 * over the CPUs that it was stopped on, and each of them could have run one vCPU: so much is taken from the sum of the
 * delays, from each vCPU by its part of that sum. What is left is the waiting that there would be without the quota.
 */
export function vcpuSamples(elapsed: Elapsed | null, before: VmMetrics | null, now: VmMetrics): VcpuSample[] {
  const found = now.vcpus.map((vcpu) => ({ vcpu, was: before?.vcpus.find(({ index }) => index === vcpu.index) }));
  const delayNs = sumKnown(found.map(({ vcpu, was }) => growth(was?.runDelayNs, vcpu.runDelayNs))) ?? 0;
  const stoppedNs = growth(before?.cpuThrottle?.throttledNs, now.cpuThrottle?.throttledNs) ?? 0;
  const leftRatio = delayNs > stoppedNs ? 1 - stoppedNs / delayNs : 0;
  return found.map(({ vcpu, was }) => vcpuSample(elapsed, was, vcpu, leftRatio));
}

function vcpuSample(elapsed: Elapsed | null, before: VcpuTime | undefined, now: VcpuTime, leftRatio: number): VcpuSample {
  const delay = ratioOfTime(elapsed, before?.runDelayNs, now.runDelayNs);
  return { index: now.index, ratio: ratioOfTime(elapsed, before?.runNs, now.runNs), stealRatio: delay === null ? null : clampRatio(delay * leftRatio) };
}
