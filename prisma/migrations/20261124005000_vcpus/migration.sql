-- The figures of a VM's vCPUs have rows of their own: two values a vCPU, as many as it has.
ALTER TYPE "metric_subject_kind" ADD VALUE 'VM_VCPUS';
