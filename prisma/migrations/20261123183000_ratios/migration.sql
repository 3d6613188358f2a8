-- The time stopped by a CPU quota (the 23rd metric of a VM) and the CPU of the merging thread (the 20th of a host) were
-- kept in percent. They are ratios, as every other share. One statement, so that all of it is changed or nothing.
WITH "percents" AS (
    SELECT "id" AS "subject_id", CASE "kind" WHEN 'VM' THEN 23 ELSE 20 END AS "kept_at" FROM "metric_subjects"
), "seconds" AS (
    UPDATE "metric_seconds" SET "values" = (
        SELECT array_agg((CASE WHEN ("place" - 1) % "metric_count" = "kept_at" - 1 THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place")
        FROM unnest("values") WITH ORDINALITY AS each ("value", "place"))
    FROM "percents" WHERE "metric_seconds"."subject_id" = "percents"."subject_id" AND "metric_count" >= "kept_at"
), "ten_seconds" AS (
    UPDATE "metric_ten_seconds" SET
        "mean" = (SELECT array_agg((CASE "place" WHEN "kept_at" THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place") FROM unnest("mean") WITH ORDINALITY AS each ("value", "place")),
        "max" = (SELECT array_agg((CASE "place" WHEN "kept_at" THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place") FROM unnest("max") WITH ORDINALITY AS each ("value", "place"))
    FROM "percents" WHERE "metric_ten_seconds"."subject_id" = "percents"."subject_id" AND "mean"["kept_at"] IS NOT NULL
), "minutes" AS (
    UPDATE "metric_minutes" SET
        "mean" = (SELECT array_agg((CASE "place" WHEN "kept_at" THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place") FROM unnest("mean") WITH ORDINALITY AS each ("value", "place")),
        "max" = (SELECT array_agg((CASE "place" WHEN "kept_at" THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place") FROM unnest("max") WITH ORDINALITY AS each ("value", "place"))
    FROM "percents" WHERE "metric_minutes"."subject_id" = "percents"."subject_id" AND "mean"["kept_at"] IS NOT NULL
), "ten_minutes" AS (
    UPDATE "metric_ten_minutes" SET
        "mean" = (SELECT array_agg((CASE "place" WHEN "kept_at" THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place") FROM unnest("mean") WITH ORDINALITY AS each ("value", "place")),
        "max" = (SELECT array_agg((CASE "place" WHEN "kept_at" THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place") FROM unnest("max") WITH ORDINALITY AS each ("value", "place"))
    FROM "percents" WHERE "metric_ten_minutes"."subject_id" = "percents"."subject_id" AND "mean"["kept_at"] IS NOT NULL
)
UPDATE "metric_hours" SET
    "mean" = (SELECT array_agg((CASE "place" WHEN "kept_at" THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place") FROM unnest("mean") WITH ORDINALITY AS each ("value", "place")),
    "max" = (SELECT array_agg((CASE "place" WHEN "kept_at" THEN "value" / 100 ELSE "value" END)::REAL ORDER BY "place") FROM unnest("max") WITH ORDINALITY AS each ("value", "place"))
FROM "percents" WHERE "metric_hours"."subject_id" = "percents"."subject_id" AND "mean"["kept_at"] IS NOT NULL;
