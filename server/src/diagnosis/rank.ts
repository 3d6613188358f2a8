// Which cause stands behind which: a cause that explains another is put before it, what is explained weighs less, and what
// is over or was short stands behind what goes on. Pure.
import type { Judged } from "./finding.js";
import { count, type Span } from "./measure.js";
import { DIAGNOSIS_KINDS, type DiagnosisKind } from "./model.js";
import { LEAST_STEPS, LITTLE_SHARE, OVER_MOST_SHARE, OVER_SECONDS, OVER_SHARE, SWAP_EXPLAINS_DISK_SHARE } from "./thresholds.js";

/** A symptom keeps this much of its explanation's score. */
const EXPLAINED_KEEPS = 0.8;
/** The strongest of those that passed keeps this much of the weakest that goes on. */
const PASSED_KEEPS = 0.8;

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
export function rank(findings: readonly Judged[], span: Span, swapShare: number | null): Judged[] {
  const isSwapping = swapShare !== null && swapShare >= SWAP_EXPLAINS_DISK_SHARE;
  const explanations = [...EXPLANATIONS, ...(isSwapping ? SWAPPING_EXPLAINS : []), ...BALLOON_EXPLAINS];
  const causes = findings.filter(({ standing }) => standing === "cause");
  const scores = new Map(causes.map(({ kind, score }) => [kind, score]));
  // Up: a cause weighs at least what it explains. Then down: what is explained weighs less than its cause.
  for (const { cause, symptom } of explanations) raise(scores, cause, symptom);
  for (const { cause, symptom } of explanations.toReversed()) lower(scores, cause, symptom);
  pass(scores, goingOn(causes, span, explanations));
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

/** Causes of most of the window or of its end, and what explains such a one. */
function goingOn(causes: readonly Judged[], span: Span, explanations: readonly Explanation[]): Set<DiagnosisKind> {
  const kinds = new Set(causes.filter(({ beyond }) => goesOn(beyond, span)).map(({ kind }) => kind));
  for (const { cause, symptom } of explanations) if (kinds.has(symptom) && causes.some(({ kind }) => kind === cause)) kinds.add(cause);
  return kinds;
}

/** It has been seen of late, and covers much of the window or, where it has begun of late, much of its end. */
function goesOn(beyond: readonly boolean[], { observed, observedCount, stepSeconds }: Span): boolean {
  const end = lastOf(observed, Math.max(LEAST_STEPS, Math.ceil(Math.min(Math.max(OVER_SECONDS / stepSeconds, observedCount * OVER_SHARE), observedCount * OVER_MOST_SHARE))));
  const late = end.filter((step) => beyond[step] === true).length;
  return late > 0 && (count(beyond) >= observedCount * LITTLE_SHARE || late * 2 >= end.length);
}

/** The last so many steps that were observed. */
function lastOf(observed: readonly boolean[], steps: number): number[] {
  return observed.flatMap((seen, step) => (seen ? [step] : [])).slice(-steps);
}

/** Those that passed move below those that go on, and stay among themselves as they were. */
function pass(scores: Map<DiagnosisKind, number>, going: ReadonlySet<DiagnosisKind>): void {
  const [on, passed] = [[...scores].filter(([kind]) => going.has(kind)), [...scores].filter(([kind]) => !going.has(kind))];
  if (on.length === 0 || passed.length === 0) return;
  const lowest = Math.min(...on.map(([, score]) => score));
  const factor = Math.min(1, (lowest * PASSED_KEEPS) / Math.max(...passed.map(([, score]) => score)));
  for (const [kind, score] of passed) scores.set(kind, score * factor);
}
