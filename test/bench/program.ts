// The bench as a program: its command line, what goes to which stream, and its exit code. Knows suites by their interface
// only, and no process.
import { parseArgs } from "node:util";
import { type Figure, formatFigure } from "./figure.js";
import type { Suite } from "./suite.js";

/** A missed target is told and fails nothing: figures are what was asked for. */
export const EXIT = { measured: 0, couldNotMeasure: 1, usage: 2 } as const;

export interface Face {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** What the run is of and on, in lines. */
  readonly describe: () => readonly string[];
  /** Awaited after a suite's failure: an interruption, which ends the process, is none. */
  readonly interrupted?: () => Promise<void> | undefined;
}

interface Wishes { readonly chosen: readonly Suite[]; readonly format: "text" | "json" }

/** Runs what is wished for, suite by suite in their own order, and gives the exit code. With --json stdout has figures alone, one a line. */
export async function bench(args: readonly string[], suites: readonly Suite[], face: Face): Promise<number> {
  const wishes = readWishes(args, suites);
  if (typeof wishes === "string") {
    face.err(`bench: ${wishes}`);
    return EXIT.usage;
  }
  const { chosen, format } = wishes;
  const tell = format === "json" ? face.err : face.out;
  for (const line of face.describe()) tell(line);
  const begun = performance.now();
  const missed: Figure[] = [];
  let failed = 0;
  for (const suite of chosen) {
    const suiteBegun = performance.now();
    tell(`\n${suite.name}: ${suite.about}`);
    try {
      for (const one of await suite.run((line) => tell(`  ${line}`))) {
        face.out(format === "json" ? JSON.stringify(one) : `  ${formatFigure(one)}`);
        if (one.met === false) missed.push(one);
      }
    } catch (error) {
      await face.interrupted?.();
      failed++;
      face.err(`bench: suite ${suite.name} could not measure: ${error instanceof Error ? error.message : String(error)}`);
    }
    tell(`  ${suite.name} took ${formatTook(performance.now() - suiteBegun)}`);
  }
  const verdict = missed.length > 0 ? `missed: ${missed.map((one) => one.name).join("; ")}` : "every promised figure that was measured was met";
  tell(`\n${verdict}${failed > 0 ? `; suites that could not measure: ${failed}` : ""}; ${formatTook(performance.now() - begun)} in all`);
  return failed > 0 ? EXIT.couldNotMeasure : EXIT.measured;
}

/** What the command line asks for; a sentence where it cannot be had. */
function readWishes(args: readonly string[], suites: readonly Suite[]): Wishes | string {
  const known = `there are: ${suites.map((suite) => suite.name).join(", ")}`;
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: "boolean", default: false } } });
    const unknown = positionals.filter((name) => !suites.some((suite) => suite.name === name));
    if (unknown.length > 0) return `no suite named ${unknown.join(", ")}; ${known}.`;
    return { chosen: suites.filter((suite) => positionals.length === 0 || positionals.includes(suite.name)), format: values.json ? "json" : "text" };
  } catch (error) {
    // The rest of what parseArgs says is advice for programs with other positionals.
    const [sentence = ""] = (error as Error).message.split(". ");
    return `${sentence}: it takes names of suites and --json; ${known}.`;
  }
}

/** 8.3 s, 41 s, 12 min 5 s. */
export function formatTook(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
