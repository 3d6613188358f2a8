// What single options take: each parser gives a value or says what it would take.
import { InvalidArgumentError } from "commander";
import { mibOf } from "../size.js";
import { parseDuration, parseSpan } from "../span.js";
import { VM_STATES } from "../vm/state.js";
import type { VmState } from "../vm/state.js";

/** Largest count that can be asked for. */
const MAX_COUNT = 1_000_000;

export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > MAX_COUNT) throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_COUNT}.`);
  return count;
}

/** Whole seconds of "90", "90s" or "2m". */
export function parseTime(text: string): number {
  return /^\d+$/.test(text) ? parseCount(text) : parseSpan(text);
}

/** The same, and "500ms". */
export function parseFineTime(text: string): number {
  return /^\d+$/.test(text) ? parseCount(text) : parseDuration(text);
}

/** The same as the first, and "0" for at once. */
export function parseTimeOrNone(text: string): number {
  return /^0s?$/.test(text) ? 0 : parseTime(text);
}

/** An instant by its date and time, or by how long it is ago. */
export type Instant = { readonly at: number } | { readonly agoSeconds: number };

const DATE_AND_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?: ?UTC|(Z|[+-]\d\d:\d\d))?$/;

/** "2026-01-31 13:02:11" (in UTC, as everything is printed), the same with an offset, or "10m" ago. */
export function parseInstant(text: string): Instant {
  const [, date, time, zone] = DATE_AND_TIME.exec(text) ?? [];
  if (date === undefined || time === undefined) {
    if (!/^\d+[a-z]/.test(text)) throw new InvalidArgumentError("Give an instant such as '2026-01-31 13:02:11' (UTC), 2026-01-31T13:02:11+02:00, or how long ago, such as 10m.");
    return { agoSeconds: parseDuration(text) };
  }
  const at = Date.parse(`${date}T${time}${zone ?? "Z"}`);
  if (Number.isNaN(at)) throw new InvalidArgumentError("There is no such day or time.");
  return { at };
}

/** The instant of something that is listed, in milliseconds. */
export function parseMoment(text: string): number {
  const instant = parseInstant(text);
  if (!("at" in instant)) throw new InvalidArgumentError("Give the time as it is listed, such as '2026-01-31 13:02:11' (UTC).");
  return instant.at;
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

const BYTES_PER_MIB = 1_048_576;
/** What takes a setting back to what it is without one. The library takes null for a value that is missing. */
const DEFAULT_WORD = "default";
export type Default = typeof DEFAULT_WORD;

/** As the API takes it. */
export function orNull<T>(given: T | Default): T | null {
  return given === DEFAULT_WORD ? null : given;
}

/** Bytes of a size. */
export function parseBytes(text: string): number {
  return parseMemory(text) * BYTES_PER_MIB;
}

export function parseBytesOrDefault(text: string): number | Default {
  return text === DEFAULT_WORD ? text : parseBytes(text);
}

export function parseCountOrDefault(text: string): number | Default {
  return text === DEFAULT_WORD ? text : parseCount(text);
}

/** "5%" and "5"; the server knows the most there may be. */
export function parsePercent(text: string): number {
  const [, figure] = /^(\d{1,6}(?:\.\d{1,3})?)%?$/.exec(text) ?? [];
  if (figure === undefined) throw new InvalidArgumentError("Give a percentage such as 5% or 150%.");
  return Number(figure);
}

/** Of one core: "150%"; "none" takes the limit away. */
export function parseLimit(text: string): number | Default {
  return text === "none" || text === DEFAULT_WORD ? DEFAULT_WORD : Math.round(parsePercent(text));
}

/** Largest number of a CPU that can be meant; a range beyond would be a slip. */
const MAX_CPU = 4_095;

/** CPUs as the kernel lists them: "0,2-3". */
export function parseCpus(text: string): number[] {
  const cpus = text.split(",").flatMap((part) => {
    const [, first, last] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim()) ?? [];
    if (first === undefined || Number(last ?? first) < Number(first) || Number(last ?? first) > MAX_CPU) throw new InvalidArgumentError("Give CPUs of the host such as 0, 0,2 or 0-3.");
    return Array.from({ length: Number(last ?? first) - Number(first) + 1 }, (_, step) => Number(first) + step);
  });
  return [...new Set(cpus)].sort((a, b) => a - b);
}

/** The same; "any" stands for all of them. */
export function parseCpusOrAny(text: string): number[] | Default {
  return text === "any" || text === DEFAULT_WORD ? DEFAULT_WORD : parseCpus(text);
}

export interface Pin {
  readonly vcpu: number;
  readonly cpus: readonly number[];
}

/** "0=0-1": a vCPU and its CPUs, may be given several times; "none" takes all pins away. */
export function parsePin(text: string, earlier: readonly Pin[] | Default | undefined): readonly Pin[] | Default {
  if (text === "none") return DEFAULT_WORD;
  const [, vcpu, cpus] = /^(\d{1,3})=(.+)$/.exec(text) ?? [];
  if (vcpu === undefined || cpus === undefined) throw new InvalidArgumentError("Give a vCPU and its CPUs of the host such as 0=0-1, or none.");
  return [...(earlier === undefined || earlier === DEFAULT_WORD ? [] : earlier), { vcpu: Number(vcpu), cpus: parseCpus(cpus) }];
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
