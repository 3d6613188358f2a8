-- A change of a definition is called what it changed, where that is one thing. Those of before stay what they are.
ALTER TYPE "operation_kind" ADD VALUE 'SET_VM_LABELS';
ALTER TYPE "operation_kind" ADD VALUE 'PROTECT_VM';
ALTER TYPE "operation_kind" ADD VALUE 'UNPROTECT_VM';
ALTER TYPE "operation_kind" ADD VALUE 'SET_VM_CPU_POLICY';
ALTER TYPE "operation_kind" ADD VALUE 'SET_VM_MEMORY_POLICY';
