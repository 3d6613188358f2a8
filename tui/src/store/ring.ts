// A second-by-second record of one figure: a fixed ring addressed by the second, so that a missing second is a gap
// and history can be filled in behind live samples. It is the store's one mutable part and knows no metric.
import { windowOver } from "./window.js";
import type { Window } from "./window.js";

/** Seconds kept: a graph spans five minutes, and live ones of up to ten are drawn from what was seen. */
export const RING_SECONDS = 600;

export class Ring {
  private readonly values = new Float32Array(RING_SECONDS).fill(NaN);
  /** Newest second written; NaN while empty. */
  private newest = NaN;

  get newestSecond(): number | null {
    return Number.isNaN(this.newest) ? null : this.newest;
  }

  /** Record a value at an instant; null and undefined are unknown. Instants older than the ring are dropped. */
  push(timeMs: number, value: number | null | undefined): void {
    const second = Math.floor(timeMs / 1000);
    if (!Number.isFinite(second)) return;
    if (Number.isNaN(this.newest) || second - this.newest >= RING_SECONDS) {
      this.values.fill(NaN);
      this.newest = second;
    } else if (second > this.newest) {
      for (let gap = this.newest + 1; gap <= second; gap++) this.values[gap % RING_SECONDS] = NaN;
      this.newest = second;
    } else if (this.newest - second >= RING_SECONDS) return;
    this.values[second % RING_SECONDS] = value ?? NaN;
  }

  /** Fill in history: seconds that already hold a value keep it; one that is only guessed from its neighbours does not. */
  backfill(timeMs: number, value: number | null): void {
    if (Number.isNaN(this.stored(Math.floor(timeMs / 1000)))) this.push(timeMs, value);
  }

  /** The value of one second; NaN where unknown. A lone missing second between two known ones is timer jitter, not a gap. */
  at(second: number): number {
    const value = this.stored(second);
    if (!Number.isNaN(value)) return value;
    return (this.stored(second - 1) + this.stored(second + 1)) / 2;
  }

  private stored(second: number): number {
    if (Number.isNaN(this.newest) || second > this.newest || this.newest - second >= RING_SECONDS || second < 0) return NaN;
    return this.values[second % RING_SECONDS] ?? NaN;
  }
}

/** The ring's last `spanSeconds` up to `endSecond` in so many columns. */
export function windowOf(ring: Ring | undefined, endSecond: number, spanSeconds: number, columnCount: number): Window {
  const newest = ring?.newestSecond ?? null;
  if (ring === undefined || newest === null) return windowOver(undefined, 0, spanSeconds, columnCount);
  const steps = { from: 0, stepMs: 1_000, first: newest - RING_SECONDS + 1, beyond: newest + 1, at: (second: number) => ring.at(second) };
  return windowOver(steps, lastMsOf(endSecond), spanSeconds, columnCount);
}

/** The last millisecond of a second. */
export function lastMsOf(second: number): number {
  return second * 1_000 + 999;
}

/** The second a graph ends on: the newest sample while samples flow, else the clock, so that silence shows as a gap. */
export function endSecond(ring: Ring | undefined, serverNowMs: number): number {
  const now = Math.floor(serverNowMs / 1000);
  const newest = ring?.newestSecond ?? null;
  return newest !== null && now - newest <= FLOWING_WITHIN_SECONDS ? newest : now;
}
/** Samples come once a second; three missed ones are silence. */
const FLOWING_WITHIN_SECONDS = 3;
