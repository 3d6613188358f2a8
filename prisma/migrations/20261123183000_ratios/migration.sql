-- The time stopped by a CPU quota (a VM's 23rd metric) and the CPU of the merging thread (a host's 20th) were kept in
-- percent; they are ratios, as every other share.
CREATE FUNCTION pg_temp.shrunk("values" REAL[], "width" INTEGER, "kept_at" INTEGER) RETURNS REAL[] LANGUAGE SQL IMMUTABLE AS $$
    SELECT array_agg((CASE WHEN ("place" - 1) % "width" = "kept_at" - 1 THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place")
    FROM unnest("values") WITH ORDINALITY AS each ("value", "place")
$$;
CREATE TEMPORARY TABLE "percents" AS
SELECT "id" AS "subject_id", CASE "kind" WHEN 'VM' THEN 23 ELSE 20 END AS "kept_at" FROM "metric_subjects";

UPDATE "metric_seconds" AS "row" SET "values" = pg_temp.shrunk("values", "metric_count", "kept_at")
FROM "percents" WHERE "row"."subject_id" = "percents"."subject_id" AND "metric_count" >= "kept_at";
UPDATE "metric_ten_seconds" AS "row" SET "mean" = pg_temp.shrunk("mean", cardinality("mean"), "kept_at"), "max" = pg_temp.shrunk("max", cardinality("max"), "kept_at")
FROM "percents" WHERE "row"."subject_id" = "percents"."subject_id" AND "mean"["kept_at"] IS NOT NULL;
UPDATE "metric_minutes" AS "row" SET "mean" = pg_temp.shrunk("mean", cardinality("mean"), "kept_at"), "max" = pg_temp.shrunk("max", cardinality("max"), "kept_at")
FROM "percents" WHERE "row"."subject_id" = "percents"."subject_id" AND "mean"["kept_at"] IS NOT NULL;
UPDATE "metric_ten_minutes" AS "row" SET "mean" = pg_temp.shrunk("mean", cardinality("mean"), "kept_at"), "max" = pg_temp.shrunk("max", cardinality("max"), "kept_at")
FROM "percents" WHERE "row"."subject_id" = "percents"."subject_id" AND "mean"["kept_at"] IS NOT NULL;
UPDATE "metric_hours" AS "row" SET "mean" = pg_temp.shrunk("mean", cardinality("mean"), "kept_at"), "max" = pg_temp.shrunk("max", cardinality("max"), "kept_at")
FROM "percents" WHERE "row"."subject_id" = "percents"."subject_id" AND "mean"["kept_at"] IS NOT NULL;
DROP TABLE "percents";
DROP FUNCTION pg_temp.shrunk;
