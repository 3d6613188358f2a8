// Neighbours: which other VM of the host took what this one waited for. A neighbour is named for use that rose in the
// very steps in which this VM's waiting did; where there is no calm step to compare with, for using much. Steps weigh by
// how much this VM waited in them.
import { judge, settled, type Judged } from "../finding.js";
import { coresText, figureText } from "../format.js";
import { count, isAllUnknown, meanOver, type Measured, type Span } from "../measure.js";
import type { DiagnosisKind, Neighbour, Observations, Remedy, Steps } from "../model.js";
import { neighbourCpuRemedy } from "../remedies/cpu.js";
import { LEAST_STEPS, THRESHOLDS, type Threshold } from "../thresholds.js";

/** A calm step can be compared with when this VM wanted at least so much of what it wants while it waits. */
const COMPARABLE_DEMAND_RATIO = 0.5;
/** So much of the waiting must fall together with the neighbour's use, or it is chance. */
const LEAST_SHARED_RATIO = 0.5;

interface Taking {
  readonly kind: DiagnosisKind;
  readonly title: string;
  readonly figure: string;
  /** What this VM suffers from, */
  readonly symptom: Judged;
  readonly symptomName: string;
  /** and how much, */
  readonly pain: Steps;
  /** when it does not, */
  readonly isCalm: (step: number) => boolean;
  /** and how much it asks for. */
  readonly demand: Steps;
  readonly use: (neighbour: Neighbour) => Steps;
  readonly rise: Threshold;
  readonly much: Threshold;
  readonly text: (value: number) => string;
  readonly remedy: (worst: Suspect) => Remedy;
}

/** A neighbour's disk traffic harms only where the host itself waits for I/O, as far as that is known. */
export function neighbourRules(observations: Observations, span: Span, steal: Judged, latency: Judged, hostIo: Judged): Judged[] {
  const { figures, vm } = observations;
  const isWithin = (steps: Steps, limit: number) => (step: number): boolean => (steps[step] ?? Infinity) <= limit;
  const disk: Taking = {
    kind: "NEIGHBOUR_DISK", title: "a neighbour's disk traffic", figure: "disk traffic of a neighbour meanwhile", symptom: latency, symptomName: "wait for its disk", pain: figures.DISK_QUEUE_DEPTH,
    isCalm: isWithin(figures.DISK_LATENCY_SECONDS, THRESHOLDS.diskLatency.value), demand: figures.DISK_OPERATIONS_PER_SECOND,
    use: ({ diskBytesPerSecond }) => diskBytesPerSecond, rise: THRESHOLDS.neighbourDiskRise, much: THRESHOLDS.neighbourDiskUse, text: (value) => figureText(value, "bytes/s"),
    remedy: ({ neighbour: { id, name } }) => ({ advice: `${name} took it: move the disk of one of the two to another pool or host, or pause it for a moment to see whether this VM recovers.`, adviceCommand: `quetzal vm pause ${id}` }),
  };
  const cpu: Taking = {
    kind: "NEIGHBOUR_CPU", title: "a neighbour's CPU", figure: "CPU a neighbour took meanwhile", symptom: steal, symptomName: "wait for a CPU", pain: figures.STEAL_RATIO,
    isCalm: isWithin(figures.STEAL_RATIO, THRESHOLDS.steal.value), demand: figures.CPU_RATIO.map((used, step) => (used === null ? null : used + (figures.STEAL_RATIO[step] ?? 0) * vm.vcpus)),
    use: ({ cpu: used }) => used, rise: THRESHOLDS.neighbourCpuRise, much: THRESHOLDS.neighbourCpuUse, text: coresText,
    remedy: ({ neighbour, during }) => neighbourCpuRemedy(vm, neighbour, { usedCores: during, waitedCores: (meanOver(figures.STEAL_RATIO, steal.beyond) ?? 0) * vm.vcpus }, !isAllUnknown(span, figures.THROTTLED_RATIO)),
  };
  const isDiskShared = latency.standing !== "cause" || hostIo.standing !== "ruledOut";
  const unshared = settled("ruledOut", disk, { name: disk.figure, threshold: disk.rise }, "The host's disks kept up with everybody, so no neighbour took anything from this VM.");
  return [taking(observations, span, cpu), isDiskShared ? taking(observations, span, disk) : unshared];
}

interface Suspect {
  readonly neighbour: Neighbour;
  /** Mean use while this VM suffered, */
  readonly during: number;
  /** and in calm steps; null: there were too few. */
  readonly calm: number | null;
}

function taking({ vm, neighbours }: Observations, span: Span, look: Taking): Judged {
  const figure = { name: look.figure, threshold: look.rise };
  if (look.symptom.standing === "notKnown") return settled("notKnown", look, figure, `Whether a neighbour took anything cannot be told, because it is not known whether this VM had to ${look.symptomName}.`);
  if (look.symptom.standing === "ruledOut" || neighbours === null) return settled("ruledOut", look, figure, `This VM did not ${look.symptomName}, so no neighbour took anything from it.`);
  const weights = look.symptom.beyond.map((isBad, step) => (isBad ? (look.pain[step] ?? 0) : 0));
  const calm = calmSteps(look);
  const hasCalm = count(calm) >= LEAST_STEPS;
  const threshold = hasCalm ? look.rise : look.much;
  const taken = ({ during, calm: before }: Suspect): number => during - (before ?? 0);
  const suspects = neighbours.map((neighbour): Suspect => ({
    neighbour, during: weighedUse(look.use(neighbour), weights), calm: hasCalm ? meanOver(look.use(neighbour).map((value) => value ?? 0), calm) : null,
  })).sort((a, b) => taken(b) - taken(a));
  const worst = suspects[0];
  if (worst === undefined) return settled("ruledOut", look, figure, "No other VM of the host ran in this window.");
  const comparison = worst.calm === null ? "all the while: there was no calm moment to compare with" : `${look.text(worst.calm)} while this VM was calm`;
  const measured = takenIn(span, weights, look.use(worst.neighbour), (worst.calm ?? 0) + threshold.value, taken(worst));
  if (taken(worst) <= threshold.value || !measured.isSustained) return settled("ruledOut", look, { name: look.figure, threshold }, `No neighbour used more while this VM had to ${look.symptomName}; the nearest is ${worst.neighbour.name} with ${look.text(worst.during)} (${comparison}).`);
  const judged = judge({
    kind: look.kind, title: look.title, main: { name: look.figure, measured, threshold, bad: "above" }, whyNotKnown: "",
    ...look.remedy(worst),
  });
  const text = `${worst.neighbour.name} (${worst.neighbour.id}) used ${look.text(worst.during)} while ${vm.name} had to ${look.symptomName}, ${comparison}`;
  return { ...judged, neighbourId: worst.neighbour.id, evidence: judged.evidence.map((each) => ({ ...each, text })) };
}

/** Steps in which this VM wanted as much and did not have to wait: while it asks for nothing, nothing can be taken. */
function calmSteps({ symptom, isCalm, demand }: Taking): boolean[] {
  const wanted = (meanOver(demand, symptom.beyond) ?? 0) * COMPARABLE_DEMAND_RATIO;
  return symptom.beyond.map((isBad, step) => !isBad && isCalm(step) && (demand[step] ?? 0) >= wanted);
}

/** Mean use, each step by its weight; a VM that did not run used nothing. */
function weighedUse(use: Steps, weights: readonly number[]): number {
  const total = sum(weights);
  return total === 0 ? 0 : sum(weights.map((weight, step) => weight * (use[step] ?? 0))) / total;
}

function takenIn(span: Span, weights: readonly number[], use: Steps, limit: number, value: number): Measured {
  const beyond = weights.map((weight, step) => weight > 0 && (use[step] ?? 0) > limit);
  const shared = sum(weights.filter((_, step) => beyond[step])) / sum(weights);
  return {
    isKnown: true, beyond, share: count(beyond) / Math.max(span.observedCount, 1), value,
    isSustained: count(beyond) >= LEAST_STEPS && shared >= LEAST_SHARED_RATIO,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
