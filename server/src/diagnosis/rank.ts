// Which cause stands behind which: a cause that explains another is put before it, and what is explained weighs less.
// Pure.
import type { Judged } from "./finding.js";
import { DIAGNOSIS_KINDS, type DiagnosisKind } from "./model.js";
import { SWAP_EXPLAINS_DISK_SHARE } from "./thresholds.js";

/** A symptom keeps this much of its explanation's score. */
const EXPLAINED_KEEPS = 0.8;

interface Explanation {
  readonly cause: DiagnosisKind;
  readonly symptom: DiagnosisKind;
}

/** From symptoms far down to causes far up. */
const EXPLANATIONS: readonly Explanation[] = [
  { cause: "STEAL", symptom: "HOST_CPU" },
  { cause: "DISK_LATENCY", symptom: "DISK_QUEUE" },
  { cause: "DISK_LATENCY", symptom: "HOST_IO" },
  { cause: "NEIGHBOUR_CPU", symptom: "STEAL" },
  { cause: "NEIGHBOUR_DISK", symptom: "DISK_LATENCY" },
];
const SWAPPING_EXPLAINS: readonly Explanation[] = [{ cause: "GUEST_MEMORY", symptom: "DISK_LATENCY" }];
const BALLOON_EXPLAINS: readonly Explanation[] = [{ cause: "BALLOON", symptom: "GUEST_MEMORY" }];

/** All findings with their final scores: causes by score, then by the order of kinds. */
export function rank(findings: readonly Judged[], swapShare: number | null): Judged[] {
  const isSwapping = swapShare !== null && swapShare >= SWAP_EXPLAINS_DISK_SHARE;
  const explanations = [...EXPLANATIONS, ...(isSwapping ? SWAPPING_EXPLAINS : []), ...BALLOON_EXPLAINS];
  const scores = new Map(findings.filter(({ standing }) => standing === "cause").map(({ kind, score }) => [kind, score]));
  // Up: a cause weighs at least what it explains. Then down: what is explained weighs less than its cause.
  for (const { cause, symptom } of explanations) raise(scores, cause, symptom);
  for (const { cause, symptom } of explanations.toReversed()) lower(scores, cause, symptom);
  return findings.map((finding) => ({ ...finding, score: scores.get(finding.kind) ?? 0 }))
    .sort((a, b) => b.score - a.score || DIAGNOSIS_KINDS.indexOf(a.kind) - DIAGNOSIS_KINDS.indexOf(b.kind));
}

function raise(scores: Map<DiagnosisKind, number>, cause: DiagnosisKind, symptom: DiagnosisKind): void {
  const [above, below] = [scores.get(cause), scores.get(symptom)];
  if (above !== undefined && below !== undefined) scores.set(cause, Math.max(above, below));
}

function lower(scores: Map<DiagnosisKind, number>, cause: DiagnosisKind, symptom: DiagnosisKind): void {
  const [above, below] = [scores.get(cause), scores.get(symptom)];
  if (above !== undefined && below !== undefined) scores.set(symptom, Math.min(below, above * EXPLAINED_KEEPS));
}
