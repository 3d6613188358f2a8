// The arithmetic of counters: monotonic totals in, rates out. Pure, and the only place that subtracts counters.

/** KSM counts in the host's pages. x86-64 and nearly all arm64 kernels use 4 KiB. */
export const PAGE_BYTES = 4096;
export const NS_PER_SECOND = 1e9;

/** Time between two samples on the daemon's monotonic clock. */
export interface Elapsed {
  /** Above 0. */
  readonly ns: number;
}

/** Null when the clock went back or stood still: then nothing can be said about the time between. */
export function elapsedBetween(beforeNs: bigint, nowNs: bigint): Elapsed | null {
  return nowNs > beforeNs ? { ns: Number(nowNs - beforeNs) } : null;
}

/** Growth of a counter; null when an end is unknown or the counter was reset in between (it is lower than before). */
export function growth(before: bigint | undefined, now: bigint | undefined): number | null {
  if (before === undefined || now === undefined || now < before) return null;
  return Number(now - before);
}

/** Growth a second. */
export function perSecond(elapsed: Elapsed | null, before: bigint | undefined, now: bigint | undefined): number | null {
  const grown = growth(before, now);
  return grown === null || elapsed === null ? null : (grown * NS_PER_SECOND) / elapsed.ns;
}

/** Share of the elapsed time that a counter of nanoseconds grew by; 1 is one core. */
export function ratioOfTime(elapsed: Elapsed | null, beforeNs: bigint | undefined, nowNs: bigint | undefined): number | null {
  const grown = growth(beforeNs, nowNs);
  return grown === null || elapsed === null ? null : grown / elapsed.ns;
}

/** Mean seconds an operation took; null when none ended in between, or when it cannot be told. */
export function latencySeconds(operations: number | null, spentNs: number | null): number | null {
  return operations === null || spentNs === null || operations <= 0 ? null : spentNs / operations / NS_PER_SECOND;
}

/** A sum in which unknowns are left out; null when all are unknown. */
export function sumKnown(values: readonly (number | null)[]): number | null {
  let sum: number | null = null;
  for (const value of values) if (value !== null) sum = (sum ?? 0) + value;
  return sum;
}

/** A sum that is unknown as soon as one part is. */
export function sumAll(...values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum;
}

/** A total of two optional counters as one counter; unknown when one is. */
export function addCounters(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/** A ratio held to 0..1: clocks of different sources may disagree by a little. */
export function clampRatio(value: number | null): number | null {
  return value === null ? null : Math.min(Math.max(value, 0), 1);
}

/** A size that may be absent. Sizes stay below 2^53. */
export function bytes(value: bigint | undefined): number | null {
  return value === undefined ? null : Number(value);
}
