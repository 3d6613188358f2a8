-- CreateEnum
CREATE TYPE "alert_severity" AS ENUM ('WARNING', 'CRITICAL');

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "event_kind" ADD VALUE 'ALERT_RAISED';
ALTER TYPE "event_kind" ADD VALUE 'ALERT_CLEARED';
ALTER TYPE "event_kind" ADD VALUE 'ALERT_RULE_CHANGED';

-- CreateTable
CREATE TABLE "alert_rules" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "condition" TEXT NOT NULL,
    "for_seconds" INTEGER NOT NULL,
    "severity" "alert_severity" NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_by" TEXT NOT NULL,

    CONSTRAINT "alert_rules_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "firing_alerts" (
    "id" TEXT NOT NULL,
    "rule_id" TEXT NOT NULL,
    "vm_id" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "message" TEXT NOT NULL,

    CONSTRAINT "firing_alerts_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "alert_rules_name_key" ON "alert_rules"("name");

-- CreateIndex
CREATE UNIQUE INDEX "firing_alerts_rule_id_vm_id_key" ON "firing_alerts"("rule_id", "vm_id");

-- AddForeignKey
ALTER TABLE "firing_alerts" ADD CONSTRAINT "firing_alerts_rule_id_fkey" FOREIGN KEY ("rule_id") REFERENCES "alert_rules"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The rules to begin with, changed and deleted like any other. Thresholds as of the USE method: short of a resource for
-- a minute, not for a moment.
INSERT INTO "alert_rules" ("id", "name", "condition", "for_seconds", "severity", "updated_by") VALUES
  ('crashed', 'Crashed', 'state:crashed', 0, 'CRITICAL', 'QuetzalCore'),
  ('guest-memory-low', 'Guest memory low', 'guest.available<10%', 60, 'WARNING', 'QuetzalCore'),
  ('steal-high', 'Steal high', 'steal>10', 60, 'WARNING', 'QuetzalCore'),
  ('disk-latency-high', 'Disk latency high', 'disk.latency>50ms', 60, 'WARNING', 'QuetzalCore');
