// From a measured figure to a finding: its standing, its score, its sentences. Pure; knows no particular cause.
import type { DiagnosisEvidence, DiagnosisFinding, DiagnosisKind, Remedy } from "./model.js";
import { figureText, percentText } from "./format.js";
import type { Measured } from "./measure.js";
import type { Threshold } from "./thresholds.js";

export type Standing = "cause" | "ruledOut" | "notKnown";

export interface Judged extends DiagnosisFinding {
  readonly standing: Standing;
  /** Steps that speak for it. */
  readonly beyond: readonly boolean[];
}

export interface Figure {
  readonly name: string;
  readonly measured: Measured;
  readonly threshold: Threshold;
  /** Which side of the threshold is bad. */
  readonly bad: "above" | "below";
  /** As bad as it can get, of a figure that ends soon beyond its threshold. */
  readonly worst?: number;
  /** Added to the sentence. */
  readonly remark?: string;
}

export interface Look extends Remedy {
  readonly kind: DiagnosisKind;
  readonly title: string;
  /** Decides; the others only stand beside it. */
  readonly main: Figure;
  readonly others?: readonly Figure[];
  /** Below 1 for what is a state more than a fault. */
  readonly weight?: number;
  readonly whyNotKnown: string;
}

export function judge(look: Look): Judged {
  const { measured } = look.main;
  const standing: Standing = measured.isSustained ? "cause" : measured.isKnown ? "ruledOut" : "notKnown";
  const isCause = standing === "cause";
  const others = (look.others ?? []).filter((figure) => figure.measured.value !== null);
  return {
    kind: look.kind, title: look.title, standing, beyond: measured.beyond,
    score: isCause ? strength(look.main) * (look.weight ?? 1) : 0,
    evidence: standing === "notKnown" ? [bare(look.main, look.whyNotKnown)] : [look.main, ...others].map(evidence),
    advice: isCause ? look.advice : null, adviceCommand: isCause ? look.adviceCommand : null, neighbourId: null,
  };
}

/** What can be told without any figure: there is no such disk, network or neighbour. */
export function settled(standing: "ruledOut" | "notKnown", look: Pick<Look, "kind" | "title">, figure: Pick<Figure, "name" | "threshold">, text: string): Judged {
  return { kind: look.kind, title: look.title, standing, beyond: [], score: 0, evidence: [bare(figure, text)], advice: null, adviceCommand: null, neighbourId: null };
}

/** How far beyond the threshold (0 at it, 1 at the worst or towards it), times for how much of the window. */
export function strength({ measured: { value, share }, threshold, bad, worst }: Figure): number {
  if (value === null) return 0;
  const severity = worst !== undefined ? (value - threshold.value) / (worst - threshold.value) : bad === "above" ? 1 - threshold.value / value : 1 - value / threshold.value;
  return Math.min(Math.max(severity, 0), 1) * share;
}

export function evidence(figure: Figure): DiagnosisEvidence {
  const { name, measured: { value, share, isSustained }, threshold, bad } = figure;
  const limit = `${bad} ${figureText(threshold.value, threshold.unit)} counts`;
  const length = share === 0 ? "" : `, for ${percentText(share)} of the time it ran${isSustained ? "" : ", too short to count"}`;
  const remark = figure.remark === undefined ? "" : `; ${figure.remark}`;
  const text = value === null ? `${name}: not known` : `${name} ${figureText(value, threshold.unit)} (${limit})${length}${remark}`;
  return { name, value, threshold: threshold.value, unit: threshold.unit, shareBeyond: share, source: threshold.source, text };
}

function bare({ name, threshold }: Pick<Figure, "name" | "threshold">, text: string): DiagnosisEvidence {
  return { name, value: null, threshold: threshold.value, unit: threshold.unit, shareBeyond: null, source: threshold.source, text };
}
