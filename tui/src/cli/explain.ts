// `quetzal explain`: why a VM is slow, as text or JSON.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { formatClock, sanitise } from "../format.js";
import { wrapped } from "../wrap.js";
import type { CommandContext } from "./context.js";
import { fromTypedError } from "./exit.js";
import { printRecord } from "./output/print.js";
import { namedVm } from "./vm/select.js";
import { cellsOf } from "../width.js";

const EXPLAIN = graphql(`
  query Explain($vm: ID!, $range: TimeRangeInput) {
    result: vmDiagnosis(vm: $vm, range: $range) {
      __typename
      ... on Error { message }
      ... on InvalidInput { field }
      ... on VmDiagnosis {
        vm { id name } from to stepSeconds verdict summary slowFrom slowTo confidence
        causes { kind title score advice adviceCommand neighbour { id name } evidence { name value threshold unit shareBeyond source text } }
        ruledOut { kind title evidence { name value threshold unit shareBeyond source text } }
        notKnown { kind title evidence { name value threshold unit shareBeyond source text } }
      }
    }
  }
`);

export type Explanation = Extract<ResultOf<typeof EXPLAIN>["result"], { __typename: "VmDiagnosis" }>;
type Cause = Explanation["causes"][number];

export interface ExplainOptions {
  /** Length of the window in seconds. */
  readonly range: number;
}

/** Lines are broken here, as wide as the least terminal. */
const WIDTH = 80;

export async function explainVm(context: CommandContext, name: string, options: ExplainOptions): Promise<void> {
  const { id } = await namedVm(context, name);
  const now = context.nowMs();
  // No end: then it is the server's now that counts, whatever this clock says.
  const range = { from: new Date(now - options.range * 1000).toISOString() };
  const { result } = await context.client().request(EXPLAIN, { vm: id, range }, context.signal);
  if (result.__typename !== "VmDiagnosis") throw fromTypedError(result);
  await printRecord(context, result, { name: result.vm.id, lines: () => explanationLines(context, result) });
}

export function explanationLines(context: Pick<CommandContext, "paint" | "config">, explanation: Explanation): string[] {
  const { causes, ruledOut, notKnown, confidence } = explanation;
  const sure = confidence === null ? "" : `confidence ${confidence.toLowerCase()}`;
  const head = headline(explanation);
  const gap = Math.max(2, WIDTH - cellsOf(head) - sure.length);
  const lines = [`${head}${" ".repeat(gap)}${sure}`.trimEnd()];
  if (causes.length === 0) lines.push(...hanging("", sanitise(explanation.summary)));
  for (const [index, cause] of causes.entries()) lines.push(...causeLines(context, cause, index + 1));
  if (ruledOut.length > 0) lines.push("  Looked at and no cause:", ...ruledOut.flatMap(({ title, evidence }) => hanging("    ", sanitise(`${title}: ${evidence[0]?.text ?? "nothing"}`))));
  for (const { title, evidence } of notKnown) lines.push(...hanging("  ", `Cannot be judged: ${sanitise(`${title}. ${evidence[0]?.text ?? ""}`)}`));
  return lines;
}

function headline({ vm, verdict, from, to, slowFrom, slowTo }: Explanation): string {
  const name = sanitise(vm.name);
  switch (verdict) {
    case "SLOW": return `${name} was slow: ${formatClock(slowFrom ?? from)} to ${formatClock(slowTo ?? to)} UTC`;
    case "FINE": return `${name}: nothing found, ${formatClock(from)} to ${formatClock(to)} UTC`;
    case "UNKNOWN": return `${name}: cannot be told, ${formatClock(from)} to ${formatClock(to)} UTC`;
  }
}

function causeLines({ paint, config }: Pick<CommandContext, "paint" | "config">, cause: Cause, place: number): string[] {
  const mark = config.characters === "ascii" ? "!" : "▲";
  const sources = [...new Set(cause.evidence.map(({ source }) => source))];
  return [
    `${place} ${paint("orange", mark)} ${sanitise(cause.title)}`,
    ...cause.evidence.flatMap(({ text }) => hanging("    ", sanitise(text))),
    ...(cause.advice === null ? [] : hanging("    advice  ", sanitise(cause.advice))),
    ...(cause.adviceCommand === null ? [] : [`    run     ${sanitise(cause.adviceCommand)}`]),
    ...sources.flatMap((source) => hanging("    from    ", sanitise(source)).map((line) => paint("grey", line))),
  ];
}

/** The text broken at blanks, its first line behind `label` and the others below its end. */
function hanging(label: string, text: string): string[] {
  return wrapped(text, WIDTH - label.length).map((line, index) => `${index === 0 ? label : " ".repeat(label.length)}${line}`.trimEnd());
}
