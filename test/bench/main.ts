// `npm run bench [-- SUITE…] [--json]`: runs the suites in turn and prints their figures with the peers of the same run.
// Owns the process: its streams, its signals, its end.
import { root, Stack } from "../support/stack.js";
import { endAll } from "./endings.js";
import { bench } from "./program.js";
import { describeRun, readRunFacts } from "./run-facts.js";
import { suites } from "./suites/index.js";

/** What a shell shows for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

let ending: Promise<void> | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => { ending ??= endEverything(); });
async function endEverything(): Promise<void> {
  console.error("bench: interrupted; ending what was started");
  await endAll();
  for (const stack of Stack.open) await stack[Symbol.asyncDispose]();
  process.exit(INTERRUPTED);
}

const code = await bench(process.argv.slice(2), suites, {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  describe: () => describeRun(readRunFacts(root)),
  interrupted: () => ending,
});
process.exit(code);
