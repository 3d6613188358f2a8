// What single options take: each parser gives a value or says what it would take.
import { InvalidArgumentError } from "commander";
import { mibOf } from "../size.js";
import { parseSpan } from "../span.js";
import { VM_STATES } from "../vm/state.js";
import type { VmState } from "../vm/state.js";

/** Largest count that can be asked for. */
const MAX_COUNT = 1_000_000;

export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > MAX_COUNT) throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_COUNT}.`);
  return count;
}

/** 0 is a count too; the server knows the most there may be. */
export function parseWhole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Give a whole number from 0.");
  return Number(text);
}

/** Seconds of "90", "90s" or "2m". */
export function parseTime(text: string): number {
  return /^\d+$/.test(text) ? parseCount(text) : parseSpan(text);
}

export function parseCursor(text: string): string {
  if (!/^\d{1,19}$/.test(text)) throw new InvalidArgumentError("Give a cursor as 'quetzal events' prints it: a whole number.");
  return text;
}

export function parseMemory(text: string): number {
  const mib = mibOf(text);
  if (mib === undefined) throw new InvalidArgumentError("Give a size such as 512M or 2G.");
  return mib;
}

/** May be given several times, and several with commas between. */
export function parseStates(text: string, earlier: VmState[] | undefined): VmState[] {
  const states = text.split(",").map((word) => {
    const state = VM_STATES.find((known) => known === word.trim().toUpperCase());
    if (state === undefined) throw new InvalidArgumentError(`States are ${VM_STATES.join(", ").toLowerCase()}.`);
    return state;
  });
  return [...(earlier ?? []), ...states];
}

/** May be given several times. */
export function collect(text: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), text];
}
