// Neighbours: which other VM of the host took what this one waited for. A neighbour is named for use that rose in the
// very steps in which this VM's waiting did; where there is no calm step to compare with, for using much.
import { judge, settled, type Judged } from "../finding.js";
import { coresText, figureText } from "../format.js";
import { count, meanOver, ranIn, type Measured, type Span } from "../measure.js";
import type { DiagnosisKind, Neighbour, Observations, Steps } from "../model.js";
import { LEAST_STEPS, THRESHOLDS, type Threshold } from "../thresholds.js";

interface Taking {
  readonly kind: DiagnosisKind;
  readonly title: string;
  readonly figure: string;
  /** What this VM suffers from. */
  readonly symptom: Judged;
  readonly symptomName: string;
  /** Whether the step is calm: the symptom is known and not there. */
  readonly isCalm: (step: number) => boolean;
  readonly use: (neighbour: Neighbour) => Steps;
  readonly rise: Threshold;
  readonly much: Threshold;
  readonly text: (value: number) => string;
}

export function neighbourRules(observations: Observations, span: Span, steal: Judged, latency: Judged): Judged[] {
  const { figures } = observations;
  const calmCpu = (step: number): boolean => {
    const ratio = figures.STEAL_RATIO[step];
    return ratio != null && ratio <= THRESHOLDS.steal.value;
  };
  return [
    taking(observations, span, {
      kind: "NEIGHBOUR_CPU", title: "a neighbour's CPU", figure: "CPU a neighbour took meanwhile", symptom: steal, symptomName: "wait for a CPU", isCalm: calmCpu,
      use: ({ cpu }) => cpu, rise: THRESHOLDS.neighbourCpuRise, much: THRESHOLDS.neighbourCpuUse, text: coresText,
    }),
    taking(observations, span, {
      kind: "NEIGHBOUR_DISK", title: "a neighbour's disk traffic", figure: "disk traffic of a neighbour meanwhile", symptom: latency, symptomName: "wait for its disk",
      isCalm: (step) => ranIn(observations, step) && (figures.DISK_LATENCY_SECONDS[step] ?? 0) <= THRESHOLDS.diskLatency.value,
      use: ({ diskBytesPerSecond }) => diskBytesPerSecond, rise: THRESHOLDS.neighbourDiskRise, much: THRESHOLDS.neighbourDiskUse, text: (value) => figureText(value, "bytes/s"),
    }),
  ];
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
  const suffered = look.symptom.beyond;
  const calm = suffered.map((_, step) => !suffered[step] && look.isCalm(step));
  const hasCalm = count(calm) >= LEAST_STEPS;
  const threshold = hasCalm ? look.rise : look.much;
  const taken = ({ during, calm: before }: Suspect): number => during - (before ?? 0);
  const suspects = neighbours.map((neighbour): Suspect => ({
    neighbour, during: meanUse(look.use(neighbour), suffered), calm: hasCalm ? meanUse(look.use(neighbour), calm) : null,
  })).sort((a, b) => taken(b) - taken(a));
  const worst = suspects[0];
  if (worst === undefined) return settled("ruledOut", look, figure, "No other VM of the host ran in this window.");
  const found = taken(worst) > threshold.value;
  const measured = takenIn(span, suffered, look.use(worst.neighbour), worst.calm ?? 0, threshold.value, found ? taken(worst) : null);
  const comparison = worst.calm === null ? "all the while: there was no calm moment to compare with" : `${look.text(worst.calm)} while this VM was calm`;
  if (!found || !measured.isSustained) return settled("ruledOut", look, { name: look.figure, threshold }, `No neighbour used more while this VM had to ${look.symptomName}; the nearest is ${worst.neighbour.name} with ${look.text(worst.during)} (${comparison}).`);
  const judged = judge({
    kind: look.kind, title: look.title, main: { name: look.figure, measured, threshold, bad: "above" }, whyNotKnown: "",
    advice: `${worst.neighbour.name} took it: give it fewer vCPUs or a limit, move one of the two to another host, or pause it for a moment to see whether this VM recovers.`,
    adviceCommand: `quetzal vm pause ${worst.neighbour.id}`,
  });
  const [first] = judged.evidence;
  return {
    ...judged, neighbourId: worst.neighbour.id,
    evidence: first === undefined ? [] : [{ ...first, text: `${worst.neighbour.name} (${worst.neighbour.id}) used ${look.text(worst.during)} while ${vm.name} had to ${look.symptomName}, ${comparison}` }],
  };
}

/** A VM that did not run used nothing. */
function meanUse(use: Steps, chosen: readonly boolean[]): number {
  return meanOver(use.map((value) => value ?? 0), chosen) ?? 0;
}

function takenIn(span: Span, suffered: readonly boolean[], use: Steps, calm: number, threshold: number, value: number | null): Measured {
  const beyond = suffered.map((isBad, step) => isBad && (use[step] ?? 0) - calm > threshold);
  const share = span.observedCount === 0 ? 0 : count(beyond) / span.observedCount;
  // Half of the suffering must fall together with it, or it is chance.
  return { isKnown: true, beyond, share, isSustained: count(beyond) >= LEAST_STEPS && count(beyond) * 2 >= count(suffered), value };
}
