// The newest samples, before they are in the database: seconds in chunks, and the longer steps that are being filled.
// Pure: no clock, no database.
import { Bucket } from "./downsample.js";
import { BUCKET_TIERS, TEN_MINUTES_TIER, type BucketTable, type Tier } from "./steps.js";

/** Seconds of one subject in one row: a tenth of the rows, indexes and log of a row a second. */
export const CHUNK_SECONDS = 10;
/** Ticks come a second apart, give or take; one that is further off starts from the clock again, */
const TICK_TOLERANCE_SECONDS = 1;
/** and so does one after a pause. */
const LONGEST_GAP_SECONDS = 5;
/** A clock set back by less is waited for, so that no second counts twice; set back further, it is followed. */
const CLOCK_BACK_SECONDS = 10;

/** Consecutive seconds of one subject; a missing second is a row of nulls. */
export interface Chunk {
  readonly firstSecond: number;
  /** Values in each row. */
  readonly metricCount: number;
  readonly rows: (readonly (number | null)[])[];
  /** Milliseconds from each second to when its sample was taken; null for a missing second. */
  readonly offsetsMs: (number | null)[];
}

/** What one subject has ready to be written. */
export interface Ready {
  readonly chunks: Chunk[];
  /** Means over longer steps. One step can come in several parts, which the database puts together. */
  readonly buckets: Readonly<Record<BucketTable, Bucket[]>>;
}

/** Rows that it takes to write this. */
export function rowsIn({ chunks, buckets }: Ready): number {
  return chunks.length + Object.values(buckets).reduce((sum, part) => sum + part.length, 0);
}

function nothing(): Ready {
  return { chunks: [], buckets: { metric_ten_seconds: [], metric_minutes: [], metric_ten_minutes: [], metric_hours: [] } };
}

export class SubjectBuffer {
  #chunk: Chunk | null = null;
  #ready: Ready = nothing();
  readonly #open = new Map<BucketTable, Bucket>();
  #partSecond = -Infinity;
  #lastSecond = -Infinity;
  #lastTimeMs = -Infinity;

  /** Adds the values of one tick; ticks come in order, and their values may grow more or fewer. */
  add(timeMs: number, values: readonly (number | null)[]): void {
    const second = this.#placeOf(timeMs);
    this.#lastSecond = second;
    this.#lastTimeMs = timeMs;
    this.#addToChunk(second, timeMs - second * 1000, values);
    // An hour is handed over in parts of ten minutes: a server that is killed loses no more than that of it.
    const isNewPart = this.#partSecond !== startOf(second, TEN_MINUTES_TIER);
    this.#partSecond = startOf(second, TEN_MINUTES_TIER);
    for (const { table, stepSeconds } of BUCKET_TIERS) {
      const start = Math.floor(second / stepSeconds) * stepSeconds;
      let bucket = this.#open.get(table);
      if (bucket !== undefined && (bucket.second !== start || (isNewPart && stepSeconds > TEN_MINUTES_TIER.stepSeconds))) {
        this.#close(table);
        bucket = undefined;
      }
      if (bucket === undefined) this.#open.set(table, (bucket = new Bucket(start)));
      bucket.add(values);
    }
  }

  /** Hands over what is complete ("everything": what is being filled as well) and forgets it. */
  take(what: "complete" | "everything"): Ready {
    this.#closeChunk();
    if (what === "everything") for (const { table } of BUCKET_TIERS) this.#close(table);
    const ready = this.#ready;
    this.#ready = nothing();
    return ready;
  }

  /** All seconds held, oldest first. */
  get chunks(): readonly Chunk[] {
    return this.#chunk === null ? this.#ready.chunks : [...this.#ready.chunks, this.#chunk];
  }

  /** All steps held of a tier above seconds, oldest first. */
  buckets(table: BucketTable): readonly Bucket[] {
    const open = this.#open.get(table);
    return open === undefined ? this.#ready.buckets[table] : [...this.#ready.buckets[table], open];
  }

  /**
   * The second that a tick counts for. Ticks a little early or late would otherwise share a second now and leave one
   * empty then; so a tick follows its predecessor by the rounded time between them, as long as that fits the clock.
   */
  #placeOf(timeMs: number): number {
    const byClock = Math.floor(timeMs / 1000);
    const passed = Math.max(1, Math.round((timeMs - this.#lastTimeMs) / 1000));
    const following = this.#lastSecond + passed;
    if (passed <= LONGEST_GAP_SECONDS && Math.abs(following - byClock) <= TICK_TOLERANCE_SECONDS) return following;
    const isBehind = byClock <= this.#lastSecond && byClock > this.#lastSecond - CLOCK_BACK_SECONDS;
    return isBehind ? this.#lastSecond + 1 : byClock;
  }

  #addToChunk(second: number, offsetMs: number, values: readonly (number | null)[]): void {
    const isBeyond = this.#chunk !== null && (second >= this.#chunk.firstSecond + CHUNK_SECONDS || second < this.#chunk.firstSecond + this.#chunk.rows.length);
    if (isBeyond || this.#chunk?.metricCount !== values.length) this.#closeChunk();
    this.#chunk ??= { firstSecond: second, metricCount: values.length, rows: [], offsetsMs: [] };
    const missing = second - this.#chunk.firstSecond - this.#chunk.rows.length;
    for (let i = 0; i < missing; i += 1) {
      this.#chunk.rows.push(new Array<null>(values.length).fill(null));
      this.#chunk.offsetsMs.push(null);
    }
    this.#chunk.rows.push(values);
    this.#chunk.offsetsMs.push(Math.round(offsetMs));
  }

  #closeChunk(): void {
    if (this.#chunk !== null) this.#ready.chunks.push(this.#chunk);
    this.#chunk = null;
  }

  #close(table: BucketTable): void {
    const bucket = this.#open.get(table);
    if (bucket !== undefined) this.#ready.buckets[table].push(bucket);
    this.#open.delete(table);
  }
}

function startOf(second: number, tier: Tier): number {
  return Math.floor(second / tier.stepSeconds) * tier.stepSeconds;
}
