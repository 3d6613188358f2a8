// What undoes a change of a host's memory settings: the rules, as a pure function of the newest change that stands and of
// the settings as they are. What was set otherwise since is nobody's to undo.
import type { NewSettings } from "./host-settings.js";
import type { HostMemory } from "./model.js";

const PARTS = ["ksm", "compression", "controller"] as const satisfies readonly (keyof NewSettings)[];

/** The parts that a change named. */
export type ChangedParts = { readonly [Part in keyof NewSettings]?: NonNullable<NewSettings[Part]> };

export interface HostMemoryChanged {
  readonly id: bigint;
  readonly actor: string;
  readonly before: ChangedParts;
  readonly after: ChangedParts;
}

export type HostUndoPlan =
  | { readonly kind: "set"; readonly id: bigint; readonly actor: string; readonly settings: NewSettings }
  | { readonly kind: "none"; readonly reason: string };

/** Of these settings, the parts that a change names, without what is only told and not set. */
export function partsOf({ ksm, compression, controller }: HostMemory, named: NewSettings): ChangedParts {
  return {
    ...(named.ksm === undefined ? {} : { ksm: { mode: ksm.mode, cpuBudgetPercent: ksm.cpuBudgetPercent } }),
    ...(named.compression === undefined ? {} : { compression }), ...(named.controller === undefined ? {} : { controller }),
  };
}

/** `newest` null: nobody changed anything that is kept. */
export function hostUndoPlan(hostName: string, newest: HostMemoryChanged | null, now: HostMemory): HostUndoPlan {
  if (newest === null) return { kind: "none", reason: `Nobody set the memory of ${hostName} in a way that is kept and still stands.` };
  const { id, actor, before, after } = newest;
  const settings: NewSettings = { ksm: before.ksm, compression: before.compression, controller: before.controller };
  const current = partsOf(now, settings);
  const moved = PARTS.filter((part) => !isSame(current[part], after[part]));
  if (moved.length > 0) return { kind: "none", reason: `The memory of ${hostName} is set otherwise now than ${actor} set it (${moved.join(", ")}); set it as it is to be.` };
  return { kind: "set", id, actor, settings };
}

/** Whether a change changed nothing. */
export function isUnchanged(before: ChangedParts, after: ChangedParts): boolean {
  return PARTS.every((part) => isSame(before[part], after[part]));
}

/** By their fields, in whatever order a database gives them back. */
function isSame(a: object | undefined, b: object | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const [one, other] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
