// `npm run bench [-- SUITE…] [--json]`: runs the suites in turn and prints their figures with the peers of the same run.
// A missed target is reported as missed; only a suite that could not measure makes the exit code non-zero.
import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { Stack } from "../support/stack.js";
import { endAll } from "./endings.js";
import { type Figure, formatFigure } from "./figure.js";
import { describeLibvirt, findLibvirt } from "./libvirt/presence.js";
import { suites } from "./suites/index.js";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean", default: false } } });
const unknown = positionals.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`bench: no suite named ${unknown.join(", ")}; there are: ${suites.map((suite) => suite.name).join(", ")}.`);
  process.exit(2);
}

const chosen = suites.filter((suite) => positionals.length === 0 || positionals.includes(suite.name));
const note = (line: string): void => { if (!values.json) console.log(line); };
const qemu = execFileSync("qemu-system-x86_64", ["--version"], { encoding: "utf8" }).split("\n")[0] ?? "";
note(`host: ${cpus().length} × ${cpus()[0]?.model ?? "CPU"}, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, Linux ${release()}, Node ${process.version}, ${qemu}`);
note(describeLibvirt(findLibvirt()));

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

const missed: Figure[] = [];
let failed = 0;
for (const suite of chosen) {
  note(`\n${suite.name}: ${suite.about}`);
  try {
    for (const one of await suite.run((line) => note(`  ${line}`))) {
      console.log(values.json ? JSON.stringify(one) : `  ${formatFigure(one)}`);
      if (one.met === false) missed.push(one);
    }
  } catch (error) {
    await ending;
    failed++;
    console.error(`bench: suite ${suite.name} could not measure: ${error instanceof Error ? error.message : String(error)}`);
  }
}
const verdict = missed.length > 0 ? `missed: ${missed.map((one) => one.name).join("; ")}` : "every promised figure that was measured was met";
note(`\n${verdict}${failed > 0 ? `; suites that could not measure: ${failed}` : ""}`);
process.exit(failed > 0 ? 1 : 0);
