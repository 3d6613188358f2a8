// Keys that change what a VM's memory and vCPUs are to be, and the line in which that is typed. Whether they can be done
// now, and what they do. It draws nothing and asks nobody: the outside carries it out.
import type { DoingPort } from "./feed/doing.js";
import type { Store } from "./feed/feed.js";
import type { Command } from "./keys.js";
import { advisedTarget } from "./store/advice.js";
import { actsOnMarks, targets } from "./store/marks.js";
import { roomOf } from "./store/memory.js";
import type { Vm } from "./store/model.js";
import { roleRefusal } from "./store/rights.js";
import { paintable } from "./store/sanitize.js";
import { page } from "./store/select.js";
import type { State } from "./store/state.js";
import { controlStep, judgementOf, parseTarget } from "./store/targets.js";
import type { TargetKind, TargetPrompt } from "./store/targets.js";
import { chosenCause, meantVm } from "./store/why.js";
import { targetsRefusal } from "./bulk-commands.js";

const NO_HOTPLUG = 'the feature "hotplug" in its definition (E) gives it room at its next start.';

/** What a VM lacks for a target, as far as is known before it is asked; null: nothing. */
const LACKS: Readonly<Record<TargetKind, (state: State, vm: Vm) => string | null>> = {
  balloon: notRunning,
  pageOut: notRunning,
  memorySize: (state, vm) => {
    const room = roomOf(state, vm);
    return notRunning(state, vm) ?? (room !== null && room.memoryMaxBytes <= vm.memoryBytes ? `It can have no other memory than it booted with: ${NO_HOTPLUG}` : null);
  },
  vcpus: (state, vm) => notRunning(state, vm) ?? (roomOf(state, vm)?.vcpusMax === 1 ? `It can have no other vCPU than its one: ${NO_HOTPLUG}` : null),
  // A definition can be edited whether it runs or not.
  memoryControl: () => null,
};

function notRunning(_: State, { state }: Vm): string | null {
  return state === "RUNNING" || state === "PAUSED" ? null : `It is ${state.toLowerCase()}; this is for a VM that runs.`;
}

/** Natural for several VMs at once; the others are for the chosen one, whatever is marked. */
const FOR_MARKS: ReadonlySet<TargetKind> = new Set<TargetKind>(["balloon", "pageOut", "memoryControl"]);

const KINDS: Partial<Record<Command, TargetKind>> = { balloonTarget: "balloon", memorySize: "memorySize", vcpuCount: "vcpus", pageOut: "pageOut", memoryControl: "memoryControl" };

/** Those a target key is meant for. */
function meant(state: State, what: TargetKind): readonly Vm[] {
  if (FOR_MARKS.has(what) && page(state) !== "why") return targets(state);
  const vm = meantVm(state);
  return vm === null ? [] : [vm];
}

/** Why a command of this file cannot be done now; null when it can, undefined for any other command. */
export function refusalForMemory(state: State, command: Command): string | null | undefined {
  const what = KINDS[command];
  if (what === undefined) return undefined;
  const refusal = roleRefusal(state, what === "memoryControl" ? "ADMIN" : "OPERATOR") ?? targetsRefusal(state);
  const [vm, ...others] = meant(state, what);
  if (refusal !== null || vm === undefined) return refusal ?? "No VM is selected.";
  if (FOR_MARKS.has(what) && actsOnMarks(state)) return [vm, ...others].every((one) => LACKS[what](state, one) !== null) ? "None of the marked VMs runs." : null;
  return LACKS[what](state, vm);
}

/** Does a command of this file; false when it is none. */
export function performMemory({ state, dispatch }: Store, command: Command): boolean {
  const what = KINDS[command];
  if (what === undefined) return false;
  const vms = meant(state, what);
  const now = what === "memoryControl" && vms.length === 1 ? state.memory.vms.get(vms[0]?.id ?? "")?.policy.control : undefined;
  dispatch({ type: "prompt", prompt: { kind: "target", what, text: what === "memoryControl" ? controlStep(now ?? "OFF", 1) : advised(state, what), vmIds: vms.map(({ id }) => id), judged: null } });
  return true;
}

/** What the chosen cause advises, on the page of causes; else nothing. */
function advised(state: State, what: TargetKind): string {
  const cause = page(state) === "why" ? chosenCause(state) : null;
  const target = cause === null ? null : advisedTarget(cause);
  return target?.what === what ? target.text : "";
}

/** A key in the line of a target: Enter carries it out, a mode is chosen and not typed. False: it is typed as in any line. */
export function pressInTarget(store: Store, doing: DoingPort, prompt: TargetPrompt, key: string): boolean {
  if (key === "enter") {
    finish(store, doing, prompt);
    return true;
  }
  if (prompt.what !== "memoryControl" || key === "escape") return false;
  const step = key === "up" || key === "left" || key === "S-tab" || key === "backspace" ? -1 : 1;
  store.dispatch({ type: "promptText", text: controlStep(prompt.text, step) });
  return true;
}

/** What cannot be, or is no amount, stays to be mended: why stands below it. */
function finish(store: Store, doing: DoingPort, prompt: TargetPrompt): void {
  const parsed = parseTarget(prompt.what, prompt.text);
  if (!parsed.fits || judgementOf(prompt)?.can === false) return;
  const vms = prompt.vmIds.flatMap((id) => store.state.vms.get(id) ?? []);
  store.dispatch({ type: "prompt", prompt: null });
  if (vms.length > 0) doing.target(prompt.what, parsed.amount, vms);
  else store.dispatch({ type: "notice", tone: "error", text: paintable(`${prompt.vmIds.join(", ")}: gone meanwhile.`) });
}
