// A definition's memory policy: read with its defaults filled in, and changed field by field. Pure; the daemon alone judges
// what is allowed, by the rules of its VmSpec, whose defaults these are.
import { InvalidInput } from "../errors.js";
import type { VmDefinition } from "../vm/model.js";
import { MEMORY_CONTROLS, type MemoryControl, type MemoryPolicy } from "./model.js";

export const BYTES_PER_MIB = 1_048_576;
/** As in VmSpec: with the feature "hotplug" a guest may grow to this many times its boot memory, */
const HEADROOM_FACTOR = 2;
/** and by at least this much. */
const HEADROOM_MIN_MIB = 1_024;
/** The least memory that a VM can have. */
const MEMORY_MIN_MIB = 32;
const SHARES_DEFAULT = 1_000;
const DOMAIN_DEFAULT = "default";

/** What to change of a policy: absent is as it is, null the default. */
export interface MemoryPolicyChange {
  readonly floorBytes?: number | null | undefined;
  readonly ceilingBytes?: number | null | undefined;
  readonly shares?: number | null | undefined;
  readonly control?: MemoryControl | null | undefined;
  readonly sharingDomain?: string | null | undefined;
}

export function memoryPolicy(definition: VmDefinition): MemoryPolicy {
  const policy = partOf(definition, "memory_policy");
  const bootMib = numberIn(definition, "memory_mb") ?? 0;
  const planned = Math.max(bootMib * HEADROOM_FACTOR, bootMib + HEADROOM_MIN_MIB);
  const maxMib = hasFeature(definition, "hotplug") ? numberIn(policy, "max_mb") ?? planned : bootMib;
  const floorMib = numberIn(policy, "floor_mb") ?? Math.max(Math.floor(bootMib / 2), MEMORY_MIN_MIB);
  const control = MEMORY_CONTROLS.find((mode) => mode.toLowerCase() === policy["control"]) ?? "OFF";
  return {
    floorBytes: floorMib * BYTES_PER_MIB,
    ceilingBytes: (numberIn(policy, "ceiling_mb") ?? maxMib) * BYTES_PER_MIB,
    maxBytes: maxMib * BYTES_PER_MIB,
    shares: numberIn(policy, "shares") ?? SHARES_DEFAULT,
    control,
    sharingDomain: typeof policy["sharing_domain"] === "string" ? policy["sharing_domain"] : DOMAIN_DEFAULT,
  };
}

/** The definition with its policy changed. Throws InvalidInput where bytes are no whole MiB. */
export function withMemoryPolicy(definition: VmDefinition, change: MemoryPolicyChange): VmDefinition {
  return withPart(definition, "memory_policy", {
    ...(change.floorBytes === undefined ? {} : { floor_mb: mib("floorBytes", change.floorBytes) }),
    ...(change.ceilingBytes === undefined ? {} : { ceiling_mb: mib("ceilingBytes", change.ceilingBytes) }),
    ...(change.shares === undefined ? {} : { shares: change.shares }),
    ...(change.control === undefined ? {} : { control: change.control?.toLowerCase() ?? null }),
    ...(change.sharingDomain === undefined ? {} : { sharing_domain: change.sharingDomain }),
  });
}

/** A definition with fields of one of its parts set, or (null) taken out; the part goes when nothing is left of it. */
export function withPart(definition: VmDefinition, name: string, fields: Readonly<Record<string, unknown>>): VmDefinition {
  const part = Object.fromEntries(Object.entries({ ...partOf(definition, name), ...fields }).filter(([, value]) => value !== null));
  const others = Object.fromEntries(Object.entries(definition).filter(([field]) => field !== name));
  return Object.keys(part).length === 0 ? others : { ...others, [name]: part };
}

/** An object within a definition; empty where it has none. */
export function partOf(definition: VmDefinition, name: string): Readonly<Record<string, unknown>> {
  const part = definition[name];
  return typeof part === "object" && part !== null && !Array.isArray(part) ? (part as Readonly<Record<string, unknown>>) : {};
}

export function numberIn(part: Readonly<Record<string, unknown>>, field: string): number | null {
  const value = part[field];
  return typeof value === "number" ? value : null;
}

export function hasFeature(definition: VmDefinition, feature: string): boolean {
  const features = definition["features"];
  return Array.isArray(features) && features.includes(feature);
}

function mib(field: string, bytes: number | null): number | null {
  if (bytes === null) return null;
  if (bytes % BYTES_PER_MIB !== 0) {
    const below = Math.floor(bytes / BYTES_PER_MIB);
    throw new InvalidInput(`${field} is a whole number of MiB (${BYTES_PER_MIB} bytes), not ${bytes}; give ${below * BYTES_PER_MIB} or ${(below + 1) * BYTES_PER_MIB}.`, field);
  }
  return bytes / BYTES_PER_MIB;
}
