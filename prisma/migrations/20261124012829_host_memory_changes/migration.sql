-- CreateTable
CREATE TABLE "host_memory_changes" (
    "id" BIGSERIAL NOT NULL,
    "host_id" TEXT NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "before" JSONB NOT NULL,
    "after" JSONB NOT NULL,

    CONSTRAINT "host_memory_changes_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "host_memory_changes_host_id_id_idx" ON "host_memory_changes"("host_id", "id");

-- AddForeignKey
ALTER TABLE "host_memory_changes" ADD CONSTRAINT "host_memory_changes_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "hosts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
