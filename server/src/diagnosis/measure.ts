// The arithmetic of the rules: which steps of a window are beyond a threshold, for which share of it, and how far. Pure;
// knows no rule.
import type { Observations, Steps } from "./model.js";
import { LEAST_RUN_SECONDS, LEAST_SHARE, LEAST_STEPS } from "./thresholds.js";

/** The window's steps in which the VM ran. */
export interface Span {
  readonly observed: readonly boolean[];
  readonly observedCount: number;
  readonly stepSeconds: number;
}

export interface Measured {
  /** Whether the figure is there for at least half of the observed steps. */
  readonly isKnown: boolean;
  /** True in observed steps of the window only. */
  readonly beyond: readonly boolean[];
  /** Share of the observed steps, 0 to 1. */
  readonly share: number;
  /** Beyond for long enough to be a cause. */
  readonly isSustained: boolean;
  /** Mean over the steps beyond; where there is none, over all known ones; null: none is known. */
  readonly value: number | null;
}

/** A VM runs where its CPU is known; while it is paused it does nothing slowly. */
export function spanOf({ figures, vm, windowStart, fromSecond, stepSeconds }: Observations): Span {
  const pausedFrom = vm.pausedSince === null ? Infinity : vm.pausedSince.getTime() / 1000;
  const observed = figures.CPU_RATIO.map((cpu, step) => step >= windowStart && cpu !== null && fromSecond + step * stepSeconds < pausedFrom);
  return { observed, observedCount: observed.filter(Boolean).length, stepSeconds };
}

export function measure(span: Span, steps: Steps, isBeyond: (value: number, step: number) => boolean): Measured {
  const known = span.observed.map((seen, step) => seen && steps[step] != null);
  const beyond = known.map((isKnown, step) => isKnown && isBeyond(steps[step] ?? 0, step));
  const beyondCount = count(beyond);
  const share = span.observedCount === 0 ? 0 : beyondCount / span.observedCount;
  const isLong = share >= LEAST_SHARE || longestRun(beyond) * span.stepSeconds >= LEAST_RUN_SECONDS;
  return {
    isKnown: count(known) * 2 >= span.observedCount && span.observedCount > 0,
    beyond, share,
    isSustained: beyondCount >= LEAST_STEPS && isLong,
    value: meanOver(steps, beyondCount > 0 ? beyond : known),
  };
}

/** Mean of the known values in the chosen steps; null where there is none. */
export function meanOver(steps: Steps, chosen: readonly boolean[]): number | null {
  let sum = 0;
  let known = 0;
  for (const [step, isChosen] of chosen.entries()) {
    const value = steps[step];
    if (!isChosen || value == null) continue;
    sum += value;
    known += 1;
  }
  return known === 0 ? null : sum / known;
}

/** Step by step; unknown where one part is. */
export function combine(a: Steps, b: Steps, make: (a: number, b: number) => number): Steps {
  return a.map((value, step) => {
    const other = b[step];
    return value === null || other == null ? null : make(value, other);
  });
}

export function isAllUnknown(span: Span, steps: Steps): boolean {
  return span.observed.every((seen, step) => !seen || steps[step] == null);
}

export function count(flags: readonly boolean[]): number {
  return flags.filter(Boolean).length;
}

function longestRun(flags: readonly boolean[]): number {
  let longest = 0;
  let run = 0;
  for (const flag of flags) {
    run = flag ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** Steps apart by no more than this are of one slow spell. */
const SPELL_GAP_STEPS = 3;

/** First and last step of the longest spell, the later one of equals; null where no step is beyond. */
export function longestSpell(beyond: readonly boolean[]): { readonly first: number; readonly last: number } | null {
  let longest: { first: number; last: number } | null = null;
  let spell: { first: number; last: number } | null = null;
  for (const [step, isBeyond] of beyond.entries()) {
    if (!isBeyond) continue;
    spell = spell !== null && step - spell.last <= SPELL_GAP_STEPS ? { first: spell.first, last: step } : { first: step, last: step };
    if (longest === null || spell.last - spell.first >= longest.last - longest.first) longest = spell;
  }
  return longest;
}
