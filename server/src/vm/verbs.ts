// Which verbs are legal now, and if not, why: a pure function. It greys out keys early; the daemon has the last word.
import type { Role, Viewer } from "../token/model.js";
import { hasRole } from "../token/model.js";
import type { Vm, VmState } from "./model.js";

export const VM_VERBS = ["START", "STOP", "FORCE_OFF", "RESET", "PAUSE", "RESUME", "DELETE", "CONSOLE"] as const;
export type VmVerb = (typeof VM_VERBS)[number];

export interface VerbAvailability {
  readonly verb: VmVerb;
  readonly allowed: boolean;
  readonly reason: string | null;
}

interface VerbRule {
  readonly states: readonly VmState[];
  readonly role: Role;
  readonly refusedWhenProtected?: true;
  /** What to do instead, by the state it is in; elsewhere the state speaks for itself. */
  readonly mends?: Partial<Record<VmState, string>>;
}

const OFF: readonly VmState[] = ["DEFINED", "STOPPED", "CRASHED"];
const ALIVE: readonly VmState[] = ["STARTING", "RUNNING", "PAUSED", "STOPPING", "MIGRATING"];

/** Whether a QEMU lives in this state. */
export const isAlive = (state: VmState): boolean => ALIVE.includes(state);

const RULES: Readonly<Record<VmVerb, VerbRule>> = {
  START: { states: OFF, role: "OPERATOR", mends: { PAUSED: "resume it" } },
  STOP: { states: ["RUNNING"], role: "OPERATOR", mends: { PAUSED: "resume it first, or force it off", STARTING: "cancel the start, or force it off" } },
  FORCE_OFF: { states: ALIVE, role: "OPERATOR", refusedWhenProtected: true },
  RESET: { states: ["RUNNING", "PAUSED"], role: "OPERATOR", mends: { STOPPING: "force it off if it hangs" } },
  PAUSE: { states: ["RUNNING"], role: "OPERATOR" },
  RESUME: { states: ["PAUSED"], role: "OPERATOR" },
  DELETE: { states: OFF, role: "ADMIN", refusedWhenProtected: true, mends: { RUNNING: "stop it first", PAUSED: "force it off first" } },
  CONSOLE: { states: ALIVE, role: "VIEWER", mends: { DEFINED: "start it", STOPPED: "start it", CRASHED: "start it" } },
};

export function verbAvailability(vm: Pick<Vm, "id" | "state" | "protected">, viewer: Viewer, hostConnected: boolean): VerbAvailability[] {
  return VM_VERBS.map((verb) => {
    const reason = obstacle(RULES[verb], vm, viewer, hostConnected);
    return { verb, allowed: reason === null, reason };
  });
}

function obstacle(rule: VerbRule, vm: Pick<Vm, "id" | "state" | "protected">, viewer: Viewer, hostConnected: boolean): string | null {
  if (!hasRole(viewer, rule.role)) return `needs the role ${rule.role}`;
  if (!hostConnected) return "its host is not connected";
  if (!rule.states.includes(vm.state)) {
    const mend = rule.mends?.[vm.state];
    return `it is ${vm.state.toLowerCase()}${mend === undefined ? "" : `: ${mend}`}`;
  }
  if (rule.refusedWhenProtected && vm.protected) return `it is protected: 'quetzal vm unprotect ${vm.id}' allows it`;
  return null;
}
