-- CreateEnum
CREATE TYPE "role" AS ENUM ('VIEWER', 'OPERATOR', 'ADMIN');

-- CreateEnum
CREATE TYPE "vm_state" AS ENUM ('DEFINED', 'STARTING', 'RUNNING', 'PAUSED', 'STOPPING', 'STOPPED', 'MIGRATING', 'CRASHED');

-- CreateEnum
CREATE TYPE "power_wish" AS ENUM ('ON', 'OFF');

-- CreateEnum
CREATE TYPE "operation_kind" AS ENUM ('PUT_VM', 'DELETE_VM', 'START_VM', 'STOP_VM', 'FORCE_OFF_VM', 'RESET_VM', 'PAUSE_VM', 'RESUME_VM');

-- CreateEnum
CREATE TYPE "operation_state" AS ENUM ('RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "event_kind" AS ENUM ('VM_DEFINED', 'VM_DELETED', 'VM_STATE_CHANGED', 'VM_CHANGED', 'VM_ADOPTED', 'VM_RESET', 'GUEST_PANICKED', 'OPERATION_STARTED', 'OPERATION_FINISHED', 'DAEMON_STARTED', 'HOST_CONNECTED', 'HOST_DISCONNECTED', 'SERVER_STARTED', 'TOKEN_CREATED', 'TOKEN_REVOKED', 'WARNING');

-- CreateEnum
CREATE TYPE "metric_subject_kind" AS ENUM ('HOST', 'VM');

-- CreateTable
CREATE TABLE "hosts" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kernel" TEXT NOT NULL,
    "cpu_model" TEXT NOT NULL,
    "cpu_count" INTEGER NOT NULL,
    "memory_bytes" BIGINT NOT NULL,
    "daemon_version" TEXT NOT NULL,
    "qemu_version" TEXT NOT NULL,
    "state_directory" TEXT NOT NULL,
    "booted_at" TIMESTAMPTZ(3),
    "daemon_started_at" TIMESTAMPTZ(3),
    "capabilities" JSONB NOT NULL,
    "journal_sequence" BIGINT NOT NULL DEFAULT 0,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "hosts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "vms" (
    "id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "definition" JSONB NOT NULL,
    "power_wish" "power_wish" NOT NULL DEFAULT 'OFF',
    "protected" BOOLEAN NOT NULL DEFAULT false,
    "autostart" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "state" "vm_state" NOT NULL DEFAULT 'DEFINED',
    "state_since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "generation" BIGINT NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(3),
    "accelerator" TEXT,
    "network_in_use" TEXT,
    "qemu_version" TEXT,
    "pid" INTEGER,
    "restart_required" BOOLEAN NOT NULL DEFAULT false,
    "crash" JSONB,
    "observed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "vms_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "operations" (
    "id" TEXT NOT NULL,
    "kind" "operation_kind" NOT NULL,
    "vm_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "state" "operation_state" NOT NULL DEFAULT 'RUNNING',
    "accepted_at" TIMESTAMPTZ(3),
    "progress_ratio" DOUBLE PRECISION,
    "eta_seconds" INTEGER,
    "cancellable" BOOLEAN NOT NULL DEFAULT false,
    "error" TEXT,
    "actor_id" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "idempotency_key" TEXT,
    "fingerprint" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "operations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "events" (
    "cursor" BIGINT NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL,
    "kind" "event_kind" NOT NULL,
    "vm_id" TEXT,
    "host_id" TEXT,
    "host_sequence" BIGINT,
    "operation_id" TEXT,
    "previous_state" "vm_state",
    "state" "vm_state",
    "actor" TEXT,
    "message" TEXT NOT NULL,

    CONSTRAINT "events_pkey" PRIMARY KEY ("cursor")
);

-- CreateTable
CREATE TABLE "event_log" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "newest_cursor" BIGINT NOT NULL DEFAULT 0,
    "trimmed_before" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "event_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tokens" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" "role" NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "metric_subjects" (
    "id" SERIAL NOT NULL,
    "kind" "metric_subject_kind" NOT NULL,
    "reference" TEXT NOT NULL,

    CONSTRAINT "metric_subjects_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "metric_seconds" (
    "subject_id" INTEGER NOT NULL,
    "time" TIMESTAMPTZ(0) NOT NULL,
    "metric_count" SMALLINT NOT NULL,
    "values" REAL[],

    CONSTRAINT "metric_seconds_pkey" PRIMARY KEY ("subject_id","time")
);

-- CreateTable
CREATE TABLE "metric_ten_seconds" (
    "subject_id" INTEGER NOT NULL,
    "time" TIMESTAMPTZ(0) NOT NULL,
    "mean" REAL[],
    "max" REAL[],
    "count" SMALLINT[],

    CONSTRAINT "metric_ten_seconds_pkey" PRIMARY KEY ("subject_id","time")
);

-- CreateTable
CREATE TABLE "metric_minutes" (
    "subject_id" INTEGER NOT NULL,
    "time" TIMESTAMPTZ(0) NOT NULL,
    "mean" REAL[],
    "max" REAL[],
    "count" SMALLINT[],

    CONSTRAINT "metric_minutes_pkey" PRIMARY KEY ("subject_id","time")
);

-- CreateIndex
CREATE INDEX "vms_host_id_idx" ON "vms"("host_id");

-- CreateIndex
CREATE INDEX "operations_started_at_id_idx" ON "operations"("started_at", "id");

-- CreateIndex
CREATE INDEX "operations_vm_id_started_at_idx" ON "operations"("vm_id", "started_at");

-- CreateIndex
CREATE UNIQUE INDEX "operations_actor_id_idempotency_key_key" ON "operations"("actor_id", "idempotency_key");

-- CreateIndex
CREATE INDEX "events_vm_id_cursor_idx" ON "events"("vm_id", "cursor");

-- CreateIndex
CREATE UNIQUE INDEX "events_host_id_host_sequence_key" ON "events"("host_id", "host_sequence");

-- CreateIndex
CREATE UNIQUE INDEX "tokens_name_key" ON "tokens"("name");

-- CreateIndex
CREATE UNIQUE INDEX "tokens_secret_hash_key" ON "tokens"("secret_hash");

-- CreateIndex
CREATE UNIQUE INDEX "metric_subjects_kind_reference_key" ON "metric_subjects"("kind", "reference");

-- CreateIndex
CREATE INDEX "metric_ten_seconds_time_idx" ON "metric_ten_seconds" USING BRIN ("time");

-- CreateIndex
CREATE INDEX "metric_minutes_time_idx" ON "metric_minutes" USING BRIN ("time");

-- AddForeignKey
ALTER TABLE "vms" ADD CONSTRAINT "vms_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "hosts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "events" ADD CONSTRAINT "events_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "hosts"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- event_log has one row, which is there from the start.
ALTER TABLE "event_log" ADD CONSTRAINT "event_log_single_row" CHECK ("id" = 1);
INSERT INTO "event_log" DEFAULT VALUES;
