// What each verb does, as one sentence for people: for plans and answers. Pure.
import type { PutKind } from "../operation/kinds.js";
import type { OperationKind } from "../operation/store.js";
import type { Vm } from "./model.js";
import type { TargetVerb } from "./undo.js";

const BYTES_PER_MIB = 1_048_576;

/** What of a request changes its effect. */
export interface EffectFacts {
  readonly timeoutSeconds?: number;
  readonly escalation?: "NONE" | "FORCE_OFF";
  readonly deleteDisks?: boolean;
}

/** Those whose effect follows from the definition and the request alone. */
export type PlainVerb = Exclude<OperationKind, PutKind | "PAGE_OUT_VM" | TargetVerb>;

/** E.g. "Deletes the definition of web-1; its disks stay." */
export function effectOf(kind: PlainVerb, vm: Pick<Vm, "name" | "vcpus" | "memoryBytes" | "definition">, facts: EffectFacts = {}): string {
  const { name } = vm;
  switch (kind) {
    case "START_VM":
      return `Powers ${name} on with ${vm.vcpus} ${vm.vcpus === 1 ? "vCPU" : "vCPUs"} and ${Math.round(vm.memoryBytes / BYTES_PER_MIB)} MiB.`;
    case "STOP_VM":
      return `Asks the guest of ${name} to power down and waits up to ${facts.timeoutSeconds ?? 0} s for it; ${facts.escalation === "FORCE_OFF" ? "then its power is cut, and what it has not written to disk is lost" : "if it does not, it runs on"}.`;
    case "FORCE_OFF_VM":
      return `Cuts the power of ${name} at once; what its guest has not written to disk is lost.`;
    case "RESET_VM":
      return `Presses the reset button of ${name}; what its guest has not written to disk is lost.`;
    case "PAUSE_VM":
      return `Stops the CPUs of ${name}; its memory stays, and it can run on.`;
    case "RESUME_VM":
      return `Lets the guest of ${name} run on from where it was paused.`;
    case "DELETE_VM":
      return facts.deleteDisks === true ? deletion(vm) : `Deletes the definition of ${name}; its disks stay, and the definition can be put back.`;
  }
}

/** Fields that QEMU does not read: a change of them needs no restart. */
const IN_EFFECT_AT_ONCE = /^(?:name|labels|protected|autostart|(?:memory|cpu)_policy(?!.*max_(?:mb|vcpus)))\b/;

/** What putting a definition does; `vm` is as it was before, null when it is new. */
export function putEffect(vm: Pick<Vm, "name" | "startedAt"> | null, name: string, changes: readonly string[]): string {
  if (vm === null) return `Defines ${name}; it is not started.`;
  if (changes.length === 0) return `Changes nothing: ${vm.name} has this definition already.`;
  const isAtOnce = changes.every((change) => IN_EFFECT_AT_ONCE.test(change));
  const when = isAtOnce ? "at once" : vm.startedAt === null ? "at its next start" : "when it has been stopped and started again; until then it runs on as it is";
  return `Changes ${fieldsOf(vm.name, changes)}, in effect ${when}.`;
}

/** So many fields are named, the others counted. */
const MOST_NAMED = 3;

/** "protected of web: false → true", or "vcpus, memory_mb and 3 more fields of web". */
function fieldsOf(name: string, changes: readonly string[]): string {
  const parts = changes.map((change) => /^(.*?): (.*)$/su.exec(change)?.slice(1) ?? [change]);
  const names = parts.map(([field = ""]) => field);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return `${only[0] ?? ""} of ${name}${only[1] === undefined ? "" : `: ${only[1]}`}`;
  const named = names.length <= MOST_NAMED ? names.slice(0, -1) : names.slice(0, MOST_NAMED - 1);
  const last = names.length <= MOST_NAMED ? (names.at(-1) ?? "") : `${names.length - named.length} more fields`;
  return `${named.join(", ")} and ${last} of ${name}`;
}

function deletion({ name, definition: { disks } }: Pick<Vm, "name" | "definition">): string {
  const count = Array.isArray(disks) ? disks.length : 0;
  if (count === 0) return `Deletes the definition of ${name}; it has no disks to delete.`;
  return `Deletes the definition of ${name} and ${count === 1 ? "its disk" : `its ${count} disks`}, which cannot be brought back.`;
}
