// Memory: does the guest page, was its memory taken by the balloon, is it paged out on the host.
import { judge, settled, strength, type Figure, type Judged } from "../finding.js";
import { combine, meanOver, measure, type Measured, type Span } from "../measure.js";
import type { Observations, Steps } from "../model.js";
import { balloonRemedy, guestMemoryRemedy, hostMemoryRemedy, needOf } from "../remedies/memory.js";
import { FAULTS_COUNT_BELOW_AVAILABLE_RATIO, THRESHOLDS } from "../thresholds.js";

export interface MemorySigns {
  /** Bytes swapped in and out a second. */
  readonly swapTraffic: Steps;
  readonly availableRatio: Steps;
  readonly swapping: Measured;
}

export function memorySigns({ figures }: Observations, span: Span): MemorySigns {
  const swapTraffic = combine(figures.GUEST_SWAP_IN_BYTES_PER_SECOND, figures.GUEST_SWAP_OUT_BYTES_PER_SECOND, (read, written) => read + written);
  const availableRatio = combine(figures.GUEST_AVAILABLE_BYTES, figures.BALLOON_ACTUAL_BYTES, (available, has) => (has === 0 ? 1 : Math.min(available / has, 1)));
  return { swapTraffic, availableRatio, swapping: measure(span, swapTraffic, (rate) => rate > THRESHOLDS.guestSwap.value) };
}

export function memoryRules(observations: Observations, span: Span, signs: MemorySigns): Judged[] {
  return [balloon(observations, span, signs), guestMemory(observations, span, signs), hostMemory(observations, span)];
}

const noBalloonFigures = 'it has no memory balloon, whose driver reports it; add "ballooning" to the features of its definition';

function guestMemory({ figures, vm }: Observations, span: Span, { availableRatio, swapping }: MemorySigns): Judged {
  const isShort = (step: number): boolean => (availableRatio[step] ?? 0) < FAULTS_COUNT_BELOW_AVAILABLE_RATIO;
  const faults: Figure = {
    name: "major faults of the guest", threshold: THRESHOLDS.guestMajorFaults, bad: "above",
    measured: measure(span, figures.GUEST_MAJOR_FAULTS_PER_SECOND, (rate, step) => rate > THRESHOLDS.guestMajorFaults.value && isShort(step)),
  };
  const swap: Figure = { name: "swapped by the guest", threshold: THRESHOLDS.guestSwap, bad: "above", measured: swapping };
  const available: Figure = {
    name: "memory available in the guest", threshold: THRESHOLDS.guestAvailable, bad: "below",
    measured: measure(span, availableRatio, (ratio) => ratio < THRESHOLDS.guestAvailable.value),
  };
  const [main, other] = strength(faults) > strength(swap) ? [faults, swap] : [swap, faults];
  return judge({
    kind: "GUEST_MEMORY", title: "guest memory", main, others: [other, available],
    whyNotKnown: vm.hasBalloon ? "Whether the guest pages cannot be told: its balloon driver has not reported in this window." : `Whether the guest pages cannot be told: ${noBalloonFigures}.`,
    ...guestMemoryRemedy(vm, observedNeed(figures, main.measured)),
  });
}

/** A balloon that took what the guest does not miss is doing its work; where it is missed, what was taken weighs as well. */
function balloon({ figures, vm }: Observations, span: Span, { availableRatio }: MemorySigns): Judged {
  const look = { kind: "BALLOON", title: "memory balloon" } as const;
  const figure = { name: "memory available in the guest", threshold: THRESHOLDS.guestAvailable };
  if (!vm.hasBalloon) return settled("ruledOut", look, figure, "It has no memory balloon, so nothing was taken by it.");
  const left = figures.BALLOON_ACTUAL_BYTES.map((actual, step) => (actual === null ? null : actual / (vm.memoryBytes + (figures.PLUGGED_BYTES[step] ?? 0))));
  const isTaken = (step: number): boolean => (left[step] ?? 1) < THRESHOLDS.balloon.value;
  const missed = measure(span, availableRatio, (ratio, step) => ratio < THRESHOLDS.guestAvailable.value && isTaken(step));
  const taken: Figure = { name: "memory left to the guest", measured: measure(span, left, (_, step) => missed.beyond[step] === true), threshold: THRESHOLDS.balloon, bad: "below" };
  const judged = judge({
    ...look,
    main: { ...figure, measured: missed, bad: "below", ...(missed.share === 0 ? { remark: "what was taken, if anything, is not missed" } : {}) },
    others: [taken],
    whyNotKnown: "Whether the guest misses what the balloon took cannot be told: its balloon driver has not reported in this window.",
    ...balloonRemedy(vm, observedNeed(figures, missed)),
  });
  return judged.standing === "cause" ? { ...judged, score: Math.max(judged.score, strength(taken)) } : judged;
}

/** What the guest used in such steps, with headroom; null when not known. */
function observedNeed({ BALLOON_ACTUAL_BYTES: actual, GUEST_AVAILABLE_BYTES: available }: Observations["figures"], { beyond }: Measured): number | null {
  return needOf(meanOver(combine(actual, available, (has, left) => has - left), beyond));
}

function hostMemory({ figures, host }: Observations, span: Span): Judged {
  // QEMU's first steps fault as well, for its own program: only with memory in swap, or wanted on the host, is it paging.
  const isPaged = (step: number): boolean => (figures.SWAP_BYTES[step] ?? 1) > 0 || (host.PSI_MEMORY_RATIO[step] ?? 0) > THRESHOLDS.hostMemory.value;
  const faults = measure(span, figures.MAJOR_FAULTS_PER_SECOND, (rate, step) => rate > THRESHOLDS.majorFaults.value && isPaged(step));
  const pressure = measure(span, host.PSI_MEMORY_RATIO, (ratio, step) => ratio > THRESHOLDS.hostMemory.value && (!faults.isKnown || faults.beyond[step] === true));
  const faulting: Figure = { name: "major faults of the QEMU process", measured: faults, threshold: THRESHOLDS.majorFaults, bad: "above" };
  const pressing: Figure = { name: "time in which some task of the host waited for memory", measured: pressure, threshold: THRESHOLDS.hostMemory, bad: "above" };
  const [main, other] = faults.isKnown ? [faulting, pressing] : [pressing, faulting];
  return judge({
    kind: "HOST_MEMORY", title: "host memory pressure", main, others: [other],
    whyNotKnown: "Whether the host pages this VM's memory cannot be told: the history of this window does not hold it.",
    ...hostMemoryRemedy(),
  });
}
