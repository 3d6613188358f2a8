// What a VM's memory or vCPUs are to become: the line in which it is typed, what the text means, and what the server says
// would come of it while it is typed. Pure; who asks the server is the feed.
import type { Judgement } from "./bulk.js";
import { MEMORY_CONTROLS } from "./memory.js";
import type { MemoryControl } from "./memory.js";
import type { State } from "./state.js";

export type TargetKind = "balloon" | "memorySize" | "vcpus" | "pageOut" | "memoryControl";

export interface TargetPrompt {
  kind: "target";
  what: TargetKind;
  text: string;
  /** Several: the balloon, page-out and control of marked VMs, by a plan. */
  vmIds: readonly string[];
  /** What would come of the text as it was then; null: the server has not said yet. */
  judged: { text: string; judgement: Judgement } | null;
}

export type TargetAction = { type: "targetJudged"; what: TargetKind; vmId: string; text: string; judgement: Judgement };

/** What is typed, understood: bytes, a share of the VM's memory, a number, all there is, or a mode. */
export type Amount = { unit: "bytes"; bytes: number } | { unit: "share"; ratio: number } | { unit: "count"; count: number } | { unit: "all" } | { unit: "control"; control: MemoryControl };
export type ParsedAmount = { fits: true; amount: Amount } | { fits: false; reason: string };

const MIB = 1024 ** 2;
const BYTES_OF_UNIT: Readonly<Record<string, number>> = { "": MIB, M: MIB, G: 1024 * MIB, T: 1024 ** 2 * MIB };
/** More than this share of a VM's memory is a slip of the finger. */
const SHARE_MAX_PERCENT = 10_000;

const EXAMPLES: Readonly<Record<TargetKind, string>> = {
  balloon: "Write how much the guest is to keep: 512M, 1.5G or 50%.",
  memorySize: "Write how much the guest is to have in all: 512M, 2G or 150%.",
  vcpus: "Write how many vCPUs it is to have.",
  pageOut: "Write how much at most, such as 200M or 50%; left empty, all that is resident.",
  memoryControl: "Arrows choose: off, recommend (it says what it would do), on.",
};

export function parseTarget(what: TargetKind, text: string): ParsedAmount {
  const wanted = text.trim();
  if (what === "memoryControl") {
    const control = MEMORY_CONTROLS.find((one) => one === wanted.toUpperCase());
    return control === undefined ? unfit(what) : { fits: true, amount: { unit: "control", control } };
  }
  if (what === "vcpus") return /^\d{1,4}$/.test(wanted) ? { fits: true, amount: { unit: "count", count: Number(wanted) } } : unfit(what);
  if (what === "pageOut" && wanted === "") return { fits: true, amount: { unit: "all" } };
  const [, number, unit = ""] = /^(\d{1,7}(?:\.\d{1,3})?)\s*(%|[MGT])?(?:i?B)?$/i.exec(wanted) ?? [];
  if (number === undefined) return unfit(what);
  if (unit === "%") return Number(number) <= SHARE_MAX_PERCENT ? { fits: true, amount: { unit: "share", ratio: Number(number) / 100 } } : unfit(what);
  return { fits: true, amount: { unit: "bytes", bytes: inMebibytes(Number(number) * (BYTES_OF_UNIT[unit.toUpperCase()] ?? MIB)) } };
}

function unfit(what: TargetKind): ParsedAmount {
  return { fits: false, reason: EXAMPLES[what] };
}

/** Targets are whole MiB: finer is nothing that anybody means. */
function inMebibytes(bytes: number): number {
  return Math.round(bytes / MIB) * MIB;
}

/** An amount in bytes, for a VM of so much memory; null: all there is. */
export function bytesOfAmount(amount: Amount, memoryBytes: number): number | null {
  if (amount.unit === "share") return inMebibytes(amount.ratio * memoryBytes);
  return amount.unit === "bytes" ? amount.bytes : null;
}

/** The mode after (or before) this one, round and round. */
export function controlStep(text: string, step: 1 | -1): string {
  const index = MEMORY_CONTROLS.findIndex((one) => one === text.toUpperCase());
  return (MEMORY_CONTROLS[(index + step + MEMORY_CONTROLS.length) % MEMORY_CONTROLS.length] ?? "OFF").toLowerCase();
}

/** An answer to a text that has been changed meanwhile is late and counts for nothing. */
export function reduceTarget(state: State, { what, vmId, text, judgement }: TargetAction): State {
  const { prompt } = state.ui;
  if (prompt?.kind !== "target" || prompt.what !== what || prompt.text !== text || prompt.vmIds[0] !== vmId) return state;
  return { ...state, ui: { ...state.ui, prompt: { ...prompt, judged: { text, judgement } } } };
}

/** What the server said of the text as it is now; null: nothing yet. */
export function judgementOf({ judged, text }: TargetPrompt): Judgement | null {
  return judged?.text === text ? judged.judgement : null;
}
