// Why a VM is slow: a pure function from what was observed to ranked causes. No clock, no database, no GraphQL. Each rule
// of rules/ looks at one resource by the USE method: how much is it used, does it queue, does it err.
import type { Judged, Standing } from "./finding.js";
import { clockText, spanText } from "./format.js";
import { longestSpell, spanOf, type Span } from "./measure.js";
import type { Diagnosis, DiagnosisConfidence, DiagnosisFinding, DiagnosisVerdict, Observations } from "./model.js";
import { rank } from "./rank.js";
import { cpuRules, cpuSigns } from "./rules/cpu.js";
import { diskRules, diskSigns } from "./rules/disk.js";
import { memoryRules, memorySigns } from "./rules/memory.js";
import { neighbourRules } from "./rules/neighbour.js";
import { networkRules } from "./rules/network.js";
import { LEAST_STEPS } from "./thresholds.js";

/** From this share of the window on it was watched all along; */
const WATCHED_RATIO = 0.9;
/** below this share most of it was missed. */
const MISSED_RATIO = 0.5;
/** A cause this strong is plain to see; */
const STRONG_SCORE = 0.3;
/** one below this may be chance. */
const FAINT_SCORE = 0.1;

export function diagnose(observations: Observations): Diagnosis {
  const span = spanOf(observations);
  const steps = observations.figures.CPU_RATIO.length;
  const second = (step: number): number => observations.fromSecond + step * observations.stepSeconds;
  const window = { from: new Date(second(observations.windowStart) * 1000), to: new Date(second(steps) * 1000), stepSeconds: observations.stepSeconds };
  if (span.observedCount < LEAST_STEPS) return { ...window, ...unknown(observations, span) };
  const findings = findingsOf(observations, span);
  const by = (standing: Standing): Judged[] => findings.filter((finding) => finding.standing === standing);
  const [causes, notKnown] = [by("cause"), by("notKnown")];
  const spell = causes[0] === undefined ? null : longestSpell(causes[0].beyond);
  const slow = spell === null ? null : { from: second(spell.first), to: second(spell.last + 1) };
  const verdict: DiagnosisVerdict = causes.length > 0 ? "SLOW" : "FINE";
  return {
    ...window, verdict,
    summary: slow === null ? fineSummary(observations, span, findings.length, notKnown) : slowSummary(observations, causes, slow),
    slowFrom: slow === null ? null : new Date(slow.from * 1000), slowTo: slow === null ? null : new Date(slow.to * 1000),
    confidence: confidence(span, windowSteps(observations), causes[0] ?? null, notKnown.length / findings.length),
    causes: causes.map(finding), ruledOut: by("ruledOut").map(finding), notKnown: notKnown.map(finding),
  };
}

function findingsOf(observations: Observations, span: Span): Judged[] {
  const memory = memorySigns(observations, span);
  const disk = diskSigns(observations, span, memory);
  const found = [
    ...cpuRules(observations, span, cpuSigns(observations, span)),
    ...memoryRules(observations, span, memory),
    ...diskRules(observations, span, disk),
    ...networkRules(observations, span),
  ];
  const of = (kind: Judged["kind"]): Judged => {
    const finding = found.find((each) => each.kind === kind);
    if (finding === undefined) throw new Error(`no rule judges ${kind}`);
    return finding;
  };
  return rank([...found, ...neighbourRules(observations, span, of("STEAL"), of("DISK_LATENCY"), of("HOST_IO"))], span, disk.swapShare);
}

/** What leaves this folder: without the steps and the standing, which the three lists say. */
function finding({ kind, title, score, evidence, advice, adviceCommand, neighbourId }: Judged): DiagnosisFinding {
  return { kind, title, score, evidence, advice, adviceCommand, neighbourId };
}

type Unknown = Omit<Diagnosis, "from" | "to" | "stepSeconds">;

function unknown(observations: Observations, { observedCount }: Span): Unknown {
  const { vm } = observations;
  const length = spanText(windowSteps(observations) * observations.stepSeconds);
  const why = vm.pausedSince !== null ? `it has been paused since ${clockText(vm.pausedSince.getTime() / 1000)} UTC; resume it, or ask for a time in which it ran`
    : observedCount === 0 ? "nothing was recorded of it in that time: it did not run, or its host was away; ask for a time in which it ran"
    : "too little was recorded of it in that time; ask for a longer range, or again in a moment";
  return {
    verdict: "UNKNOWN", summary: `Whether ${vm.name} was slow in these ${length} cannot be told: ${why}.`,
    slowFrom: null, slowTo: null, confidence: null, causes: [], ruledOut: [], notKnown: [],
  };
}

function slowSummary({ vm }: Observations, causes: readonly Judged[], slow: { readonly from: number; readonly to: number }): string {
  const [first, ...others] = causes;
  const also = others.length === 0 ? "" : ` Also: ${others.map(({ title }) => title).join(", ")}.`;
  return `${vm.name} was slow from ${clockText(slow.from)} to ${clockText(slow.to)} UTC: ${first?.title ?? ""}, ${first?.evidence[0]?.text ?? ""}.${also}`;
}

function fineSummary(observations: Observations, span: Span, looked: number, notKnown: readonly Judged[]): string {
  const untold = notKnown.length === 0 ? "" : `; ${notKnown.length} could not be judged: ${notKnown.map(({ title }) => title).join(", ")}`;
  return `Nothing is wrong with ${observations.vm.name} as far as can be seen: in ${watchedText(observations, span)} none of ${looked} causes was found${untold}.`;
}

/** The time that was looked at: of a VM that ran or was recorded for a part of the window only, that part. */
function watchedText(observations: Observations, { observedCount }: Span): string {
  const [watched, all] = [observedCount, windowSteps(observations)].map((steps) => spanText(steps * observations.stepSeconds));
  return observedCount >= windowSteps(observations) * WATCHED_RATIO ? `these ${all}` : `the ${watched} of these ${all} in which it was seen running`;
}

function windowSteps({ figures, windowStart }: Observations): number {
  return figures.CPU_RATIO.length - windowStart;
}

function confidence({ observedCount }: Span, steps: number, top: Judged | null, untoldShare: number): DiagnosisConfidence {
  const watched = observedCount / steps;
  if (watched < MISSED_RATIO || (top === null ? untoldShare >= MISSED_RATIO : top.score < FAINT_SCORE)) return "LOW";
  const isPlain = top === null ? untoldShare <= 1 - WATCHED_RATIO : top.score >= STRONG_SCORE;
  return watched >= WATCHED_RATIO && isPlain ? "HIGH" : "MEDIUM";
}
