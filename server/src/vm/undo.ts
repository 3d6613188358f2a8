// What undoes an operation: the rules, as a pure function of the operation, the VM as it is and the versions of its
// definition. Only what was done last is undone: what came after would be undone with it, unasked.
import { amount } from "../memory/amount.js";
import { isPut } from "../operation/kinds.js";
import type { Operation, OperationKind } from "../operation/store.js";
import type { Vm, VmDefinition, VmState } from "./model.js";

/** The verbs that undo another. */
export type InverseVerb = Extract<OperationKind, "START_VM" | "STOP_VM" | "PAUSE_VM" | "RESUME_VM">;

/** The verbs that set a target, and are undone by setting the one before. */
const TARGETS = ["SET_VM_BALLOON", "RESIZE_VM_MEMORY", "SET_VM_VCPUS"] as const satisfies readonly OperationKind[];
export type TargetVerb = (typeof TARGETS)[number];

export function isTargetVerb(kind: OperationKind): kind is TargetVerb {
  return (TARGETS as readonly OperationKind[]).includes(kind);
}

export type UndoPlan =
  | { readonly kind: "target"; readonly verb: TargetVerb; readonly target: number; readonly text: string }
  | { readonly kind: "verb"; readonly verb: InverseVerb; readonly text: string }
  | { readonly kind: "define"; readonly definition: VmDefinition; readonly instead: "of the newest" | "of nothing"; readonly text: string }
  | { readonly kind: "none"; readonly reason: string };

export interface UndoFacts {
  /** Null: it is gone. */
  readonly vm: Pick<Vm, "name" | "state"> | null;
  /** The two newest versions of the VM's definition, newest first; a null definition is a deletion. */
  readonly versions: readonly { readonly operationId: string | null; readonly definition: VmDefinition | null }[];
  /** The newest verb on the VM that succeeded and changed its state, or of a target the newest of its kind; null when none is kept. */
  readonly newestVerbId: string | null;
}

type Undone = Pick<Operation, "id" | "kind" | "state" | "vmId" | "reversible" | "previousTarget">;

interface Inverse {
  readonly verb: InverseVerb;
  /** The state that the operation leaves the VM in, as long as nothing else changes it. */
  readonly leaves: VmState;
  readonly text: (name: string) => string;
}

const INVERSES: Readonly<Partial<Record<OperationKind, Inverse>>> = {
  PAUSE_VM: { verb: "RESUME_VM", leaves: "PAUSED", text: (name) => `Let ${name} run on.` },
  RESUME_VM: { verb: "PAUSE_VM", leaves: "RUNNING", text: (name) => `Pause ${name} again.` },
  START_VM: { verb: "STOP_VM", leaves: "RUNNING", text: (name) => `Ask the guest of ${name} to power down.` },
  STOP_VM: { verb: "START_VM", leaves: "STOPPED", text: (name) => `Power ${name} on again.` },
};

export function undoPlan(operation: Undone, facts: UndoFacts): UndoPlan {
  const { kind, state, vmId } = operation;
  if (state === "RUNNING") return none("It is still under way; cancel it, or wait for its end.");
  if (isTargetVerb(kind)) return undoTarget(kind, operation, facts);
  if (state !== "SUCCEEDED") return none(`It did nothing that could be undone: it ${state === "FAILED" ? "failed" : "was cancelled"}.`);
  if (kind === "FORCE_OFF_VM" || kind === "RESET_VM") return none("What a power cut or a reset took from the guest cannot be brought back.");
  if (kind === "PAGE_OUT_VM") return none("What was paged out comes back by itself as the guest touches it.");
  if (isPut(kind)) return undoPut(operation, facts);
  if (kind === "DELETE_VM") return undoDelete(operation, facts);
  const inverse = INVERSES[kind];
  if (inverse === undefined) return none("This kind of operation cannot be undone.");
  if (facts.vm === null) return none(`${vmId} is gone.`);
  if (facts.newestVerbId !== operation.id) return none(`Something else was done to ${facts.vm.name} since; undo that first.`);
  if (facts.vm.state !== inverse.leaves) return none(`${facts.vm.name} is ${facts.vm.state.toLowerCase()} now, no more as this left it.`);
  return { kind: "verb", verb: inverse.verb, text: inverse.text(facts.vm.name) };
}

const TARGET_TEXTS: Readonly<Record<TargetVerb, (name: string, target: number) => string>> = {
  SET_VM_BALLOON: (name, bytes) => `Leave the guest of ${name} ${amount(bytes)} as before.`,
  RESIZE_VM_MEMORY: (name, bytes) => `Bring the guest of ${name} back to ${amount(bytes)} plugged in.`,
  SET_VM_VCPUS: (name, count) => `Bring ${name} back to ${count === 1 ? "1 vCPU" : `${count} vCPUs`}.`,
};

/** One that failed may have got half-way: it can be taken back too. */
function undoTarget(verb: TargetVerb, { id, vmId, previousTarget }: Undone, { vm, newestVerbId }: UndoFacts): UndoPlan {
  if (vm === null) return none(`${vmId} is gone.`);
  if (previousTarget === null) return none("It is not known what was asked for before.");
  if (newestVerbId !== id) return none(`Another target was set for ${vm.name} since; undo that first.`);
  if (vm.state !== "RUNNING") return none(`${vm.name} is ${vm.state.toLowerCase()} now, and a target is set only while it runs.`);
  const target = Number(previousTarget);
  return { kind: "target", verb, target, text: TARGET_TEXTS[verb](vm.name, target) };
}

function undoPut(operation: Pick<Operation, "id" | "vmId">, { vm, versions }: UndoFacts): UndoPlan {
  const [newest, before] = versions;
  if (vm === null) return none(`${operation.vmId} is gone.`);
  if (newest?.operationId !== operation.id) return none(`The definition of ${vm.name} was changed since; undo that first.`);
  if (before?.definition == null) return none(`This made ${vm.name}; delete it if it is not wanted.`);
  return { kind: "define", definition: before.definition, instead: "of the newest", text: `Put back the definition that ${vm.name} had before.` };
}

function undoDelete(operation: Pick<Operation, "id" | "vmId" | "reversible">, { vm, versions }: UndoFacts): UndoPlan {
  const [newest, before] = versions;
  if (!operation.reversible) return none("Its disks were deleted with it; they cannot be brought back.");
  if (vm !== null) return none(`${operation.vmId} has been defined again since.`);
  if (newest?.operationId !== operation.id || newest.definition !== null || before?.definition == null) return none("Its definition is not kept any more.");
  return { kind: "define", definition: before.definition, instead: "of nothing", text: `Define ${operation.vmId} again as it was; its disks are where they were.` };
}

function none(reason: string): UndoPlan {
  return { kind: "none", reason };
}
