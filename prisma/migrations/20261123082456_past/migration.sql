-- AlterTable
ALTER TABLE "metric_seconds" ADD COLUMN     "offsets_ms" SMALLINT[] DEFAULT ARRAY[]::SMALLINT[];

-- AlterTable
ALTER TABLE "operations" ADD COLUMN     "reversible" BOOLEAN NOT NULL DEFAULT true;

-- CreateTable
CREATE TABLE "vm_versions" (
    "id" BIGSERIAL NOT NULL,
    "vm_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "generation" BIGINT NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL,
    "definition" JSONB,
    "operation_id" TEXT,
    "actor" TEXT,

    CONSTRAINT "vm_versions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "vm_moments" (
    "id" BIGSERIAL NOT NULL,
    "vm_id" TEXT NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL,
    "state" "vm_state" NOT NULL,
    "state_since" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "accelerator" TEXT,
    "network_in_use" TEXT,
    "pid" INTEGER,
    "restart_required" BOOLEAN NOT NULL DEFAULT false,
    "crash_cause" TEXT,

    CONSTRAINT "vm_moments_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "vm_versions_vm_id_time_idx" ON "vm_versions"("vm_id", "time");

-- CreateIndex
CREATE INDEX "vm_versions_operation_id_idx" ON "vm_versions"("operation_id");

-- CreateIndex
CREATE INDEX "vm_moments_vm_id_time_idx" ON "vm_moments"("vm_id", "time");

-- CreateIndex
CREATE INDEX "events_time_idx" ON "events"("time");

-- What is known of the time before: each VM has had its definition for as long as it is known, was in the states that
-- events tell of, and is as it was last observed.
INSERT INTO "vm_versions" ("vm_id", "host_id", "generation", "time", "definition")
SELECT "id", "host_id", "generation", "created_at", "definition" FROM "vms" ORDER BY "created_at";
INSERT INTO "vm_moments" ("vm_id", "time", "state", "state_since")
SELECT "vm_id", "time", "state", "time" FROM "events"
WHERE "kind" = 'VM_STATE_CHANGED' AND "vm_id" IS NOT NULL AND "state" IS NOT NULL ORDER BY "cursor";
INSERT INTO "vm_moments" ("vm_id", "time", "state", "state_since", "started_at", "accelerator", "network_in_use", "pid", "restart_required", "crash_cause")
SELECT "id", "state_since", "state", "state_since", "started_at", "accelerator", "network_in_use", "pid", "restart_required", "crash"->>'cause' FROM "vms";
