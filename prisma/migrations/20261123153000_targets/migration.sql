-- Verbs that move a running VM's memory and vCPUs, and what to go back to.
ALTER TYPE "operation_kind" ADD VALUE 'SET_VM_BALLOON';
ALTER TYPE "operation_kind" ADD VALUE 'RESIZE_VM_MEMORY';
ALTER TYPE "operation_kind" ADD VALUE 'PAGE_OUT_VM';
ALTER TYPE "operation_kind" ADD VALUE 'SET_VM_VCPUS';

-- AlterTable
ALTER TABLE "operations" ADD COLUMN "previous_target" BIGINT;
