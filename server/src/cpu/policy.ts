// A definition's CPU policy: read with its defaults filled in, and changed field by field. Pure; the daemon alone judges
// what is allowed, by the rules of its VmSpec, whose defaults these are.
import { hasFeature, numberIn, partOf, withPart } from "../memory/policy.js";
import type { VmDefinition } from "../vm/model.js";

const WEIGHT_DEFAULT = 100;
/** As in VmSpec: with the feature "hotplug" a guest may have twice its boot vCPUs, within these. */
const HEADROOM_FACTOR = 2;
const HEADROOM_MIN_VCPUS = 4;
const VCPUS_MAX = 64;

/** The host CPUs of one vCPU. */
export interface CpuPin {
  readonly vcpu: number;
  readonly cpus: readonly number[];
}

export interface CpuPolicy {
  readonly weight: number;
  /** Null: no limit. */
  readonly limitPercent: number | null;
  readonly pins: readonly CpuPin[];
  /** Null: any. */
  readonly emulatorCpus: readonly number[] | null;
  readonly maxVcpus: number;
}

/** What to change of a policy: absent is as it is, null the default. */
export interface CpuPolicyChange {
  readonly weight?: number | null | undefined;
  readonly limitPercent?: number | null | undefined;
  readonly pins?: readonly CpuPin[] | null | undefined;
  readonly emulatorCpus?: readonly number[] | null | undefined;
}

export function cpuPolicy(definition: VmDefinition): CpuPolicy {
  const policy = partOf(definition, "cpu_policy");
  const vcpus = numberIn(definition, "vcpus") ?? 1;
  const planned = Math.min(Math.max(vcpus * HEADROOM_FACTOR, HEADROOM_MIN_VCPUS), VCPUS_MAX);
  return {
    weight: numberIn(policy, "weight") ?? WEIGHT_DEFAULT,
    limitPercent: numberIn(policy, "limit_percent"),
    pins: Array.isArray(policy["pins"]) ? (policy["pins"] as CpuPin[]).map(({ vcpu, cpus }) => ({ vcpu, cpus })) : [],
    emulatorCpus: Array.isArray(policy["emulator_cpus"]) ? (policy["emulator_cpus"] as number[]) : null,
    maxVcpus: hasFeature(definition, "hotplug") ? numberIn(policy, "max_vcpus") ?? planned : vcpus,
  };
}

export function withCpuPolicy(definition: VmDefinition, change: CpuPolicyChange): VmDefinition {
  return withPart(definition, "cpu_policy", {
    ...(change.weight === undefined ? {} : { weight: change.weight }),
    ...(change.limitPercent === undefined ? {} : { limit_percent: change.limitPercent }),
    ...(change.pins === undefined ? {} : { pins: change.pins?.map(({ vcpu, cpus }) => ({ vcpu, cpus })) ?? null }),
    ...(change.emulatorCpus === undefined ? {} : { emulator_cpus: change.emulatorCpus }),
  });
}
