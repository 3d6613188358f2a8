// A second-by-second record of one figure: a fixed ring addressed by the second, so that a missing second is a gap
// and history can be filled in behind live samples. It is the store's one mutable part and knows no metric.

/** Seconds kept: a graph spans at least five minutes, and up to twice that where its columns round up. */
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

/** What one column of a graph stands for: the highest value of its seconds, NaN where all are unknown. */
export interface Window {
  /** Oldest first. */
  columns: number[];
  /** Highest single second in the window; NaN when nothing is known. */
  peak: number;
  /** Lowest single second in the window; NaN when nothing is known. */
  low: number;
}

/**
 * The ring's last `spanSeconds` up to `endSecond` in `columnCount` columns. Columns are aligned to absolute time, so
 * a graph shifts once a column and stands still in between.
 */
export function windowOf(ring: Ring | undefined, endSecond: number, spanSeconds: number, columnCount: number): Window {
  const columns = new Array<number>(columnCount).fill(NaN);
  let peak = NaN;
  let low = NaN;
  if (ring === undefined || columnCount <= 0) return { columns, peak, low };
  const width = Math.max(1, Math.ceil(spanSeconds / columnCount));
  const lastBucket = Math.floor(endSecond / width);
  for (let index = 0; index < columnCount; index++) {
    const start = (lastBucket - (columnCount - 1 - index)) * width;
    let highest = NaN;
    for (let second = start; second < start + width; second++) {
      const value = ring.at(second);
      if (Number.isNaN(value)) continue;
      if (!(value <= highest)) highest = value;
      if (!(value >= low)) low = value;
    }
    columns[index] = highest;
    if (!Number.isNaN(highest) && !(highest <= peak)) peak = highest;
  }
  return { columns, peak, low };
}

/** The second a graph ends on: the newest sample while samples flow, else the clock, so that silence shows as a gap. */
export function endSecond(ring: Ring | undefined, serverNowMs: number): number {
  const now = Math.floor(serverNowMs / 1000);
  const newest = ring?.newestSecond ?? null;
  return newest !== null && now - newest <= FLOWING_WITHIN_SECONDS ? newest : now;
}
/** Samples come once a second; three missed ones are silence. */
const FLOWING_WITHIN_SECONDS = 3;
