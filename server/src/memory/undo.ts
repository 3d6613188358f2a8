// What undoes a decision of the memory controller: the rules, as a pure function of the VM as it is and of what was decided
// about it. The newest is undone first, then the one before: a target that somebody set since is nobody's to undo.
import type { Vm } from "../vm/model.js";
import { amount } from "./amount.js";
import type { MemoryControl, MemoryDecision } from "./model.js";

/** As the controller keeps it (HOLD_AFTER_GIVE_MS): after memory was given, by whomever, it takes none for so long. */
const HOLD_AFTER_GIVE_SECONDS = 60;

export type DecisionUndoPlan =
  | { readonly kind: "balloon"; readonly targetBytes: number; /** What the controller may do then; empty: nothing. */ readonly caution: string }
  | { readonly kind: "none"; readonly reason: string };

export interface DecisionUndoFacts {
  readonly vm: Pick<Vm, "id" | "name" | "state" | "startedAt" | "room">;
  readonly control: MemoryControl;
  /** About this VM, newest first. */
  readonly decisions: readonly Decided[];
}
type Decided = Pick<MemoryDecision, "time" | "action" | "fromBytes" | "toBytes" | "carriedOut">;

/** `at`: the time of the decision; null: the newest that can be undone. */
export function decisionUndoPlan(at: Date | null, facts: DecisionUndoFacts): DecisionUndoPlan {
  const { vm, control, decisions } = facts;
  const balloons = decisions.filter(movedBalloon);
  const top = vm.room === null ? undefined : newestStanding(balloons, vm.room.balloonTargetBytes);
  const asked = at === null ? top ?? balloons[0] ?? decisions[0] : decidedAt(decisions, at);
  if (asked === undefined) return none(at === null ? `No decision of the memory controller about ${vm.name} is kept.` : `No decision of the memory controller about ${vm.name} at ${at.toISOString()} is kept.`);
  const reason = whyNot(asked, top, vm);
  return reason === null ? { kind: "balloon", targetBytes: asked.fromBytes, caution: caution(asked, vm.id, control) } : none(reason);
}

function movedBalloon({ action, carriedOut }: Decided): boolean {
  return action === "BALLOON" && carriedOut;
}

function decidedAt(decisions: readonly Decided[], at: Date): Decided | undefined {
  const then = decisions.filter(({ time }) => time.getTime() === at.getTime());
  return then.find(movedBalloon) ?? then[0];
}

/** Those that were undone are passed over, as far back as each began where the one before it ended; undefined: none stands. */
function newestStanding(balloons: readonly Decided[], targetBytes: number): Decided | undefined {
  const brokenAt = balloons.findIndex(({ fromBytes }, index) => fromBytes !== balloons[index + 1]?.toBytes);
  return balloons.slice(0, brokenAt + 1).find(({ toBytes }) => toBytes === targetBytes);
}

function whyNot(asked: Decided, top: Decided | undefined, vm: DecisionUndoFacts["vm"]): string | null {
  if (asked.action === "ASK_FOR_ROOM") return "It only asked for room; there is nothing to undo.";
  if (!asked.carriedOut) return "It was not carried out; there is nothing to undo.";
  if (asked.action === "PAGE_OUT") return "What was paged out comes back by itself as the guest touches it.";
  if (vm.state !== "RUNNING" || vm.room === null) return `${vm.name} is ${vm.state.toLowerCase()} now, and a balloon is set only while it runs.`;
  if (vm.startedAt !== null && asked.time < vm.startedAt) return `${vm.name} was powered on anew since; what it set ended with the power.`;
  const now = vm.room.balloonTargetBytes;
  if (asked.toBytes !== now && asked.fromBytes === now) return `The balloon of ${vm.name} leaves its guest ${amount(now)} again, as before it.`;
  if (asked.toBytes !== now) return `The balloon of ${vm.name} is told to leave its guest ${amount(now)} now, no more the ${amount(asked.toBytes)} that it set.`;
  return asked === top ? null : `The memory controller decided about ${vm.name} again since; undo that first.`;
}

/** Who only wants advice, or nothing, is left as it was set by hand. */
function caution({ fromBytes, toBytes }: Decided, vmId: string, control: MemoryControl): string {
  if (control !== "ON") return "";
  const may = toBytes < fromBytes
    ? `The memory controller takes nothing from it for ${HOLD_AFTER_GIVE_SECONDS} s, then it may again`
    : "The memory controller may give it again at once if the guest runs short";
  return `${may}; 'quetzal memory set ${vmId} --control recommend' has it only say so.`;
}

function none(reason: string): DecisionUndoPlan {
  return { kind: "none", reason };
}
