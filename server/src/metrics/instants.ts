// What history has of many subjects at one instant: the sample that was the newest then, or the step it fell into.
import type { Db } from "../db/client.js";
import { Prisma } from "../db/generated/client.js";
import type { Chunk } from "./buffer.js";
import { CHUNK_SECONDS } from "./buffer.js";
import type { Bucket } from "./downsample.js";
import { RETENTION_SLACK_SECONDS, SECONDS_TIER, TIERS, MINUTES_TIER, type Tier } from "./steps.js";

/** Values of one subject by place, null where unknown, and when they were measured (a coarse step: its start). */
export interface Instant {
  readonly values: readonly (number | null)[];
  readonly timeMs: number;
}

/** A sample is shown for so long after it was taken; then its successor is missing, and that is a gap. */
export const SAMPLE_HOLDS_MS = 1_500;
/** How far a sample's place may lie from when it was taken; see SubjectBuffer. */
const PLACE_TOLERANCE_SECONDS = 2;

/** The finest step that is still kept of an instant. */
export function tierAt(atMs: number, nowMs: number): Tier {
  return TIERS.find((tier) => tier.stepSeconds <= MINUTES_TIER.stepSeconds && atMs / 1000 >= nowMs / 1000 - tier.keptSeconds - RETENTION_SLACK_SECONDS) ?? MINUTES_TIER;
}

/** The newest sample at or before the instant, unless it is too old to stand for it. */
export function sampleIn(chunks: Iterable<Chunk>, atMs: number): Instant | null {
  let newest: Instant | null = null;
  for (const chunk of chunks) {
    for (const [age, values] of chunk.rows.entries()) {
      const offset = chunk.offsetsMs.length === 0 ? 0 : chunk.offsetsMs[age];
      if (offset == null) continue;
      const timeMs = (chunk.firstSecond + age) * 1000 + offset;
      if (timeMs <= atMs && atMs - timeMs < SAMPLE_HOLDS_MS && (newest === null || timeMs >= newest.timeMs)) newest = { values, timeMs };
    }
  }
  return newest;
}

/** The step that the instant fell into. */
export function stepIn(buckets: Iterable<Bucket>, atMs: number, tier: Tier): Instant | null {
  for (const bucket of buckets) {
    if (bucket.second * 1000 <= atMs && atMs < (bucket.second + tier.stepSeconds) * 1000) return { values: bucket.means, timeMs: bucket.second * 1000 };
  }
  return null;
}

/** Digits that tell any two values of a `real` apart; fewer are enough for most. */
const REAL_DIGITS = { fewest: 6, most: 9 } as const;

/** A `real` read as float8, as it was meant: whole numbers exactly, others by the fewest digits that mean it. */
function meant(value: number | null): number | null {
  if (value === null || Number.isInteger(value)) return value;
  for (let digits: number = REAL_DIGITS.fewest; digits < REAL_DIGITS.most; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** Stored instants by subject id; subjects without one are left out. As float8: the digits of a real are fewer than its value has. */
export async function readInstants(db: Db, subjectIds: readonly number[], atMs: number, tier: Tier): Promise<Map<number, Instant>> {
  const at = atMs / 1000;
  if (subjectIds.length === 0) return new Map();
  if (tier === SECONDS_TIER) return readSamples(db, subjectIds, atMs);
  const rows = await db.$queryRaw<{ subjectId: number; second: number; mean: string }[]>`
    SELECT subject_id AS "subjectId", extract(epoch FROM time)::float8 AS second, array_to_json(mean::float8[])::text AS mean
    FROM ${Prisma.raw(tier.table)}
    WHERE subject_id = ANY (${[...subjectIds]}::int[]) AND time > to_timestamp(${at - tier.stepSeconds}::float8) AND time <= to_timestamp(${at}::float8)`;
  return new Map(rows.map(({ subjectId, second, mean }) => [subjectId, { values: (JSON.parse(mean) as (number | null)[]).map(meant), timeMs: second * 1000 }]));
}

async function readSamples(db: Db, subjectIds: readonly number[], atMs: number): Promise<Map<number, Instant>> {
  const at = atMs / 1000;
  const rows = await db.$queryRaw<{ subjectId: number; firstSecond: number; metricCount: number; values: string; offsets: string | null }[]>`
    SELECT subject_id AS "subjectId", extract(epoch FROM time)::float8 AS "firstSecond", metric_count::int AS "metricCount",
           array_to_json(values::float8[])::text AS values, array_to_json(offsets_ms)::text AS offsets
    FROM metric_seconds
    WHERE subject_id = ANY (${[...subjectIds]}::int[])
      AND time > to_timestamp(${at - CHUNK_SECONDS - PLACE_TOLERANCE_SECONDS}::float8) AND time <= to_timestamp(${at + PLACE_TOLERANCE_SECONDS}::float8)
    ORDER BY time`;
  const chunks = new Map<number, Chunk[]>();
  for (const { subjectId, firstSecond, metricCount, values, offsets } of rows) {
    const flat = (JSON.parse(values) as (number | null)[]).map(meant);
    const seconds = Array.from({ length: flat.length / metricCount }, (_, age) => flat.slice(age * metricCount, (age + 1) * metricCount));
    const chunk: Chunk = { firstSecond, metricCount, rows: seconds, offsetsMs: offsets === null ? [] : (JSON.parse(offsets) as (number | null)[]) };
    chunks.set(subjectId, [...(chunks.get(subjectId) ?? []), chunk]);
  }
  const found = new Map<number, Instant>();
  for (const [subjectId, held] of chunks) {
    const instant = sampleIn(held, atMs);
    if (instant !== null) found.set(subjectId, instant);
  }
  return found;
}
