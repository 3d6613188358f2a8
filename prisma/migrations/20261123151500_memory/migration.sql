-- The memory controller's decisions, and changes of how a host shares and compresses memory.
ALTER TYPE "event_kind" ADD VALUE 'MEMORY_DECISION' BEFORE 'WARNING';
ALTER TYPE "event_kind" ADD VALUE 'HOST_MEMORY_CHANGED' BEFORE 'WARNING';
