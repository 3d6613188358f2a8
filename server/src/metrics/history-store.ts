// The SQL of history: rows in, steps out, old rows away. Knows no sample and no buffer's life.
import type { Db } from "../db/client.js";
import { Prisma, type MetricSubjectKind } from "../db/generated/client.js";
import type { Chunk } from "./buffer.js";
import { CHUNK_SECONDS } from "./buffer.js";
import type { Bucket } from "./downsample.js";
import { RETENTION_SLACK_SECONDS, SECONDS_TIER, TIERS, type BucketTable, type Plan } from "./steps.js";

export interface Subject {
  readonly kind: MetricSubjectKind;
  /** Host or VM id; of a VM that is gone, with when it went. */
  readonly reference: string;
}

export interface RowsToWrite {
  readonly chunks: readonly (Chunk & { readonly subjectId: number })[];
  readonly buckets: Readonly<Record<BucketTable, readonly BucketRow[]>>;
}

export interface BucketRow {
  readonly subjectId: number;
  readonly bucket: Bucket;
}

/** Ids of subjects in their order, making those that are new. */
export async function subjectIds(db: Db, subjects: readonly Subject[]): Promise<number[]> {
  const kinds = subjects.map((subject) => subject.kind);
  const references = subjects.map((subject) => subject.reference);
  await db.$executeRaw`
    INSERT INTO metric_subjects (kind, reference)
    SELECT kind::metric_subject_kind, reference FROM unnest(${kinds}::text[], ${references}::text[]) AS wanted (kind, reference)
    ON CONFLICT DO NOTHING`;
  const ids = await findSubjects(db, subjects);
  return subjects.map((subject) => {
    const id = ids.get(`${subject.kind} ${subject.reference}`);
    if (id === undefined) throw new Error(`The metric subject ${subject.kind} ${subject.reference} vanished while it was being written; the next write makes it again.`);
    return id;
  });
}

/** The subject's id; null when nothing was ever recorded of it. */
export async function findSubject(db: Db, subject: Subject): Promise<number | null> {
  const row = await db.metricSubject.findUnique({ where: { kind_reference: { ...subject } }, select: { id: true } });
  return row?.id ?? null;
}

/** Ids of those subjects of which anything was recorded, by "KIND reference". */
export async function findSubjects(db: Db, subjects: readonly Subject[]): Promise<Map<string, number>> {
  if (subjects.length === 0) return new Map();
  const rows = await db.metricSubject.findMany({ where: { reference: { in: subjects.map((subject) => subject.reference) } } });
  return new Map(rows.map((row) => [`${row.kind} ${row.reference}`, row.id]));
}

/**
 * Writes all rows in one statement. A step that was written half by an earlier server is completed. Losing the last
 * second of metrics in a power cut is no loss, so this one commit does not wait for the disk.
 */
export async function writeRows(db: Db, rows: RowsToWrite): Promise<void> {
  await db.$executeRaw`
    WITH unhurried AS (
      SELECT set_config('synchronous_commit', 'off', true)
    ), seconds AS (
      INSERT INTO metric_seconds (subject_id, time, metric_count, values, offsets_ms)
      SELECT subject_id, to_timestamp(second), metric_count, row_values::real[], offsets::smallint[]
      FROM unhurried, unnest(${rows.chunks.map((row) => row.subjectId)}::int[], ${rows.chunks.map((row) => row.firstSecond)}::float8[],
        ${rows.chunks.map((row) => row.metricCount)}::int[], ${rows.chunks.map((row) => literal(row.rows.flat()))}::text[],
        ${rows.chunks.map((row) => literal(row.offsetsMs))}::text[])
        AS row (subject_id, second, metric_count, row_values, offsets)
      ON CONFLICT DO NOTHING
    ), ten_seconds AS (${insertBuckets("metric_ten_seconds", rows)}
    ), ten_minutes AS (${insertBuckets("metric_ten_minutes", rows)}
    ), hours AS (${insertBuckets("metric_hours", rows)})
    ${insertBuckets("metric_minutes", rows)}`;
}

function insertBuckets(table: BucketTable, { buckets }: RowsToWrite): Prisma.Sql {
  const rows = together(buckets[table]);
  const name = Prisma.raw(table);
  return Prisma.sql`
    INSERT INTO ${name} AS stored (subject_id, time, mean, max, count)
    SELECT subject_id, to_timestamp(second), means::real[], maxima::real[], counts::smallint[]
    FROM unnest(${rows.map((row) => row.subjectId)}::int[], ${rows.map((row) => row.bucket.second)}::float8[],
      ${rows.map((row) => literal(row.bucket.means))}::text[], ${rows.map((row) => literal(row.bucket.maxima))}::text[],
      ${rows.map((row) => literal(row.bucket.counts))}::text[]) AS row (subject_id, second, means, maxima, counts)
    ON CONFLICT (subject_id, time) DO UPDATE SET (mean, max, count) = (
      SELECT array_agg(((coalesce(a.mean, 0) * coalesce(a.count, 0) + coalesce(b.mean, 0) * coalesce(b.count, 0))
                        / nullif(coalesce(a.count, 0) + coalesce(b.count, 0), 0))::real ORDER BY place),
             array_agg(greatest(a.max, b.max) ORDER BY place),
             array_agg((coalesce(a.count, 0) + coalesce(b.count, 0))::smallint ORDER BY place)
      FROM unnest(stored.mean, stored.max, stored.count) WITH ORDINALITY AS a (mean, max, count, place)
      FULL JOIN unnest(excluded.mean, excluded.max, excluded.count) WITH ORDINALITY AS b (mean, max, count, place) USING (place))`;
}

/** Parts of one step as one row: a statement may meet a row only once. */
function together(rows: readonly BucketRow[]): BucketRow[] {
  const merged = new Map<string, BucketRow>();
  for (const row of rows) {
    const key = `${row.subjectId} ${row.bucket.second}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? row : { ...row, bucket: before.bucket.with(row.bucket) });
  }
  return [...merged.values()];
}

export interface StoredStep {
  /** Unix second of the step's start. */
  readonly second: number;
  /** Place of the metric in its list, from 0. */
  readonly place: number;
  readonly mean: number;
  readonly max: number;
  readonly count: number;
}

/** Steps of a plan that have values, before `beforeSecond` (Unix), for metrics given by place (null: all). In no order. */
export async function readSteps(db: Db, subjectId: number, plan: Plan, places: readonly number[] | null, beforeSecond: number): Promise<StoredStep[]> {
  const until = Math.min(plan.toSecond, beforeSecond);
  if (until <= plan.fromSecond) return [];
  const values = plan.tier === SECONDS_TIER ? secondValues(subjectId, plan, until, places) : bucketValues(subjectId, plan, until, places);
  return db.$queryRaw<StoredStep[]>`
    SELECT (floor(second / ${plan.stepSeconds}::float8) * ${plan.stepSeconds}::float8) AS second, place - 1 AS place,
           sum(mean * count)::float8 / sum(count)::float8 AS mean, max(max)::float8 AS max, sum(count)::float8 AS count
    FROM (${values}) AS value WHERE count > 0 GROUP BY 1, 2`;
}

function secondValues(subjectId: number, plan: Plan, until: number, places: readonly number[] | null): Prisma.Sql {
  return Prisma.sql`
    SELECT second, place, value::float8 AS mean, value AS max, CASE WHEN value IS NULL THEN 0 ELSE 1 END AS count
    FROM metric_seconds
    CROSS JOIN generate_series(0, ${CHUNK_SECONDS - 1}::int) AS age
    CROSS JOIN ${placesUpTo(Prisma.sql`metric_count`, places)} AS place
    CROSS JOIN LATERAL (SELECT extract(epoch FROM time)::float8 + age AS second,
      CASE WHEN place <= metric_count THEN values[age * metric_count + place] END AS value) AS picked
    WHERE subject_id = ${subjectId} AND time > to_timestamp(${plan.fromSecond - CHUNK_SECONDS}::float8) AND time < to_timestamp(${until}::float8)
      AND second >= ${plan.fromSecond}::float8 AND second < ${until}::float8`;
}

function bucketValues(subjectId: number, plan: Plan, until: number, places: readonly number[] | null): Prisma.Sql {
  return Prisma.sql`
    SELECT extract(epoch FROM time)::float8 AS second, place, mean[place]::float8 AS mean, max[place] AS max, count[place] AS count
    FROM ${Prisma.raw(plan.tier.table)} CROSS JOIN ${placesUpTo(Prisma.sql`cardinality(mean)`, places)} AS place
    WHERE subject_id = ${subjectId} AND time >= to_timestamp(${plan.fromSecond}::float8) AND time < to_timestamp(${until}::float8)`;
}

/** Places in an array of Postgres, from 1: those asked for, or all that a row has. */
function placesUpTo(width: Prisma.Sql, places: readonly number[] | null): Prisma.Sql {
  return places === null ? Prisma.sql`generate_series(1, ${width})` : Prisma.sql`unnest(${places.map((place) => place + 1)}::int[])`;
}

/** Deletes what is older than its tier is kept; returns how many rows went. */
export async function deleteExpired(db: Db, nowSecond: number): Promise<number> {
  let deleted = 0;
  for (const tier of TIERS) {
    const before = nowSecond - tier.keptSeconds - RETENTION_SLACK_SECONDS;
    deleted += await db.$executeRaw`DELETE FROM ${Prisma.raw(tier.table)} WHERE time < to_timestamp(${before}::float8)`;
  }
  return deleted;
}

/** Gives a subject another reference, unless that one is taken already. */
export async function renameSubject(db: Db, from: Subject, to: Subject): Promise<void> {
  await db.$executeRaw`
    UPDATE metric_subjects SET reference = ${to.reference} WHERE kind = ${from.kind}::metric_subject_kind AND reference = ${from.reference}
      AND NOT EXISTS (SELECT FROM metric_subjects AS taken WHERE taken.kind = ${to.kind}::metric_subject_kind AND taken.reference = ${to.reference})`;
}

/** Unix second of the oldest row kept; null: nothing is. */
export async function oldestSecond(db: Db): Promise<number | null> {
  const rows = await db.$queryRaw<{ second: number | null }[]>`
    SELECT extract(epoch FROM min(first.time))::float8 AS second
    FROM metric_subjects CROSS JOIN LATERAL (
      (SELECT time FROM metric_minutes WHERE subject_id = metric_subjects.id ORDER BY time LIMIT 1) UNION ALL
      (SELECT time FROM metric_seconds WHERE subject_id = metric_subjects.id ORDER BY time LIMIT 1)
    ) AS first`;
  return rows[0]?.second ?? null;
}

/** Digits with which no two neighbours of a `real` are one; with fewer, 2 GiB would come back as 2 GiB and 256 bytes. */
const REAL_DIGITS = 9;
const EXACT_BELOW = 10 ** REAL_DIGITS;

/** An array in Postgres' own notation: unnest takes apart arrays of arrays, but not texts. */
function literal(values: readonly (number | null)[]): string {
  return `{${values.map((value) => (value === null ? "NULL" : real(Math.fround(value)))).join(",")}}`;
}

/** What a `real` cannot hold at all is not known: an array with it in would be refused as a whole. */
function real(value: number): string {
  if (!Number.isFinite(value)) return "NULL";
  return Number.isInteger(value) && Math.abs(value) < EXACT_BELOW ? String(value) : value.toPrecision(REAL_DIGITS);
}
