-- CreateTable
CREATE TABLE "metric_ten_minutes" (
    "subject_id" INTEGER NOT NULL,
    "time" TIMESTAMPTZ(0) NOT NULL,
    "mean" REAL[],
    "max" REAL[],
    "count" SMALLINT[],

    CONSTRAINT "metric_ten_minutes_pkey" PRIMARY KEY ("subject_id","time")
);

-- CreateTable
CREATE TABLE "metric_hours" (
    "subject_id" INTEGER NOT NULL,
    "time" TIMESTAMPTZ(0) NOT NULL,
    "mean" REAL[],
    "max" REAL[],
    "count" SMALLINT[],

    CONSTRAINT "metric_hours_pkey" PRIMARY KEY ("subject_id","time")
);

-- CreateIndex
CREATE INDEX "metric_ten_minutes_time_idx" ON "metric_ten_minutes" USING BRIN ("time");

-- CreateIndex
CREATE INDEX "metric_hours_time_idx" ON "metric_hours" USING BRIN ("time");

-- What is kept of the time before, from its minutes.
INSERT INTO "metric_ten_minutes" ("subject_id", "time", "mean", "max", "count")
SELECT "subject_id", "step", array_agg("mean" ORDER BY "place"), array_agg("max" ORDER BY "place"), array_agg("count" ORDER BY "place")
FROM (
    SELECT "subject_id", date_bin('10 minutes', "time", to_timestamp(0)) AS "step", "place",
           (sum(value."mean" * value."count") / nullif(sum(value."count"), 0))::REAL AS "mean", max(value."max") AS "max", sum(value."count")::SMALLINT AS "count"
    FROM "metric_minutes" CROSS JOIN LATERAL unnest("metric_minutes"."mean", "metric_minutes"."max", "metric_minutes"."count") WITH ORDINALITY AS value ("mean", "max", "count", "place")
    GROUP BY 1, 2, 3
) AS "steps" GROUP BY 1, 2;
INSERT INTO "metric_hours" ("subject_id", "time", "mean", "max", "count")
SELECT "subject_id", "step", array_agg("mean" ORDER BY "place"), array_agg("max" ORDER BY "place"), array_agg("count" ORDER BY "place")
FROM (
    SELECT "subject_id", date_bin('1 hour', "time", to_timestamp(0)) AS "step", "place",
           (sum(value."mean" * value."count") / nullif(sum(value."count"), 0))::REAL AS "mean", max(value."max") AS "max", sum(value."count")::SMALLINT AS "count"
    FROM "metric_minutes" CROSS JOIN LATERAL unnest("metric_minutes"."mean", "metric_minutes"."max", "metric_minutes"."count") WITH ORDINALITY AS value ("mean", "max", "count", "place")
    GROUP BY 1, 2, 3
) AS "steps" GROUP BY 1, 2;
