// Why a VM is slow, in sentences: the verdict, each cause with its figures, advice and sources, then what was looked at
// and found to be none. The same facts as the page on the screen; no sign and no key.
import { vmLabel } from "../store/select.js";
import type { State } from "../store/state.js";
import { windowOfWhy } from "../store/why.js";
import type { Diagnosis, Finding } from "../store/why.js";
import { dayClock } from "./format.js";
import { sentence } from "./plain-words.js";

export function whyLines(state: State): string[] {
  const { why } = state.ui;
  if (why === null) return ["No VM was asked about."];
  const name = vmLabel(state, why.vmId);
  const { from, to } = windowOfWhy(state, why);
  const asked = `Looked through ${dayClock(from)} to ${dayClock(to)} UTC.`;
  const fault = why.fault === null ? [] : [`${name}: ${sentence(why.fault)}`];
  if (why.found === null) return why.fault === null ? [`${name}: the server has not answered yet. ${asked}`] : fault;
  const { causes, ruledOut, notKnown } = why.found;
  return [
    ...fault, `${name}: ${verdict(why.found)} ${asked}`,
    ...causes.flatMap((cause, index) => causeLines(cause, index + 1)),
    ...ruledOut.map((finding) => `Looked at and no cause: ${finding.title}: ${told(finding)}`),
    ...notKnown.map((finding) => `Cannot be told: ${finding.title}: ${told(finding)}`),
  ];
}

function verdict({ verdict: word, slowFrom, slowTo, from, to, confidence, summary, causes }: Diagnosis): string {
  const sure = confidence === null ? "" : ` Confidence ${confidence.toLowerCase()}.`;
  // Where causes follow they say it better.
  const more = causes.length === 0 ? ` ${sentence(summary)}` : "";
  switch (word) {
    case "SLOW": return `was slow from ${dayClock(slowFrom ?? from)} to ${dayClock(slowTo ?? to)} UTC.${sure}${more}`;
    case "FINE": return `nothing is wrong as far as can be seen.${sure}${more}`;
    case "UNKNOWN": return `it cannot be told.${sure}${more}`;
  }
}

function told({ evidence }: Finding): string {
  return sentence(evidence[0]?.text ?? "not known");
}

function causeLines({ title, evidence, advice, adviceCommand, neighbour }: Finding, place: number): string[] {
  const head = `Cause ${place}`;
  return [
    `${head}: ${title}: ${evidence.map(({ text }) => sentence(text)).join(" ")}`,
    ...(neighbour === null ? [] : [`${head}, neighbour: ${neighbour.label}.`]),
    ...(advice === null ? [] : [`${head}, advice: ${sentence(advice)}`]),
    ...(adviceCommand === null ? [] : [`${head}, run: ${adviceCommand}`]),
    ...[...new Set(evidence.map(({ source }) => source))].map((source) => `${head}, source: ${sentence(source)}`),
  ];
}
