// Carries a deed out on the VMs that were chosen: a plan first (what it does to each, what cannot and why), the question,
// progress, and a summary. Each VM is judged alone: one refusal does not keep the others from their turn.
import { sanitise } from "../../format.js";
import { folded } from "../../wrap.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT, toCommandError } from "../exit.js";
import { isForPrograms } from "../output/formats.js";
import { printValue } from "../output/print.js";
import { progressLine } from "../progress.js";
import { deadlineIn, waitForOperation } from "../wait.js";
import type { Wait, WatchedOperation } from "../wait.js";
import { confirm, requirePerson } from "./confirm.js";
import { DEFAULT_WAIT_SECONDS } from "./deed.js";
import type { Answer, Deed, DeedOptions } from "./deed.js";
import { chooseVms } from "./select.js";
import type { Chosen, Target } from "./select.js";

/** VMs worked on at once: enough to fill a host, few enough not to make it boot fifty guests in one breath. */
const AT_ONCE = 4;

/** What came of one VM. */
export interface Outcome {
  readonly target: Target;
  readonly answer?: Answer;
  readonly operation?: WatchedOperation | null;
  readonly failure?: CommandError;
  /** Known from the plan: it was not even tried. */
  readonly isRefusedByPlan?: boolean;
}

export async function carryOut(context: CommandContext, deed: Deed, chosen: Chosen, options: DeedOptions): Promise<void> {
  const targets = await chooseVms(context, chosen);
  // One VM that was named is answered as one, whatever became of it: scripts read the same shape every time.
  const isOne = chosen.vms.length === 1;
  if (options.dryRun) return finish(context, deed, await judge(context, deed, targets), isOne, "trial");
  if (!options.yes) requirePerson(context, deed, isOne ? sanitise(targets[0]?.id ?? "") : `${targets.length} VMs`);
  let plan: readonly Outcome[] = targets.map((target) => ({ target }));
  if (!isOne || (deed.care !== "none" && !options.yes)) {
    plan = await judge(context, deed, targets);
    if (!isOne) for (const outcome of plan) context.note(planLine(deed, outcome));
    const [first] = plan;
    // A single one that cannot is not worth a question.
    if (isOne && first?.failure) throw first.failure;
  }
  const able = plan.filter(({ failure }) => failure === undefined);
  if (able.length > 0 && !options.yes) await confirm(context, deed, able.map(({ target, answer }) => ({ target, effect: answer?.effect ?? "" })), isOne ? "named" : "chosen");
  const done = await doAll(context, deed, able.map(({ target }) => target), options, isOne);
  const outcomeOf = new Map(done.map((outcome) => [outcome.target.id, outcome]));
  await finish(context, deed, plan.map((planned) => outcomeOf.get(planned.target.id) ?? { ...planned, isRefusedByPlan: true }), isOne, "deed");
}

/** What the deed would do to each, or why it cannot be done. */
async function judge(context: CommandContext, deed: Deed, targets: readonly Target[]): Promise<Outcome[]> {
  return inTurns(targets, async (target): Promise<Outcome> => {
    try {
      return { target, answer: await deed.ask(context, target.id, "trial") };
    } catch (error) {
      return { target, failure: toCommandError(error) };
    }
  });
}

async function doAll(context: CommandContext, deed: Deed, targets: readonly Target[], options: DeedOptions, isOne: boolean): Promise<Outcome[]> {
  const seconds = options.timeout ?? DEFAULT_WAIT_SECONDS;
  using deadline = deadlineIn(seconds);
  const wait = { deadline: deadline.signal, seconds };
  let done = 0;
  // How far each of those under way is; the bar names the one that was heard of last.
  const underWay = new Map<string, number | null>();
  const show = (): void => {
    const [id] = [...underWay.keys()].slice(-1);
    const ratio = [...underWay.values()].reduce<number>((sum, part) => sum + (part ?? 0), 0);
    context.progress(progressLine({ done, all: targets.length, text: id === undefined ? "" : `${sanitise(id)}: ${deed.words}`, ratio }, context.config.characters));
  };
  const hear = (id: string, ratio: number | null): void => {
    underWay.delete(id);
    underWay.set(id, ratio);
    show();
  };
  const isShown = !isOne || options.wait === true;
  const outcomes = await inTurns(targets, async (target): Promise<Outcome> => {
    if (isShown) hear(target.id, null);
    const outcome = await doOne(context, deed, target, options, wait, (operation) => hear(target.id, operation.progressRatio));
    done += 1;
    underWay.delete(target.id);
    if (isShown) show();
    if (!isForPrograms(context.format) && outcome.failure === undefined) await context.print(forReader(context, doneLine(context, deed, outcome, options)));
    return outcome;
  });
  context.progress(null);
  return outcomes;
}

async function doOne(context: CommandContext, deed: Deed, target: Target, options: DeedOptions, { deadline, seconds }: Wait, onChange: (operation: WatchedOperation) => void): Promise<Outcome> {
  if (deadline.aborted || context.signal.aborted) {
    const failure = deadline.aborted ? new CommandError(EXIT.timeout, "Timeout", `${sanitise(target.id)}: not begun within ${seconds} s.`) : new CommandError(EXIT.failed, "Interrupted", `${sanitise(target.id)}: not begun.`);
    return { target, failure };
  }
  let answer: Answer | undefined;
  try {
    answer = await deed.ask(context, target.id, "deed");
    const { operation } = answer;
    if (!options.wait || operation === null) return { target, answer, operation };
    return { target, answer, operation: await waitForOperation(context, operation, { deadline, seconds, onChange }) };
  } catch (error) {
    return { target, ...(answer ? { answer } : {}), failure: toCommandError(error) };
  }
}

/** Each in turn, a few at once; what comes of them in the order given. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>();
  const queue = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.set(next[0], await work(next[1]));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return items.flatMap((_, index) => (results.has(index) ? [results.get(index) as R] : []));
}

function planLine(deed: Deed, { target, answer, failure }: Outcome): string {
  const id = sanitise(target.id);
  return failure === undefined ? `${id}: ${sanitise(answer?.effect ?? deed.words)}` : `${id}: cannot ${deed.words}: ${sanitise(failure.message)}`;
}

function doneLine(context: CommandContext, deed: Deed, { target, operation }: Outcome, options: DeedOptions): string {
  const id = sanitise(target.id);
  if (context.format === "name") return id;
  if (options.wait || operation == null) return `${id}: ${deed.words} done`;
  return `${id}: ${deed.words} accepted (operation ${operation.id})`;
}

/** On a terminal no word is broken at its edge; elsewhere a line is a line. */
function forReader(context: CommandContext, line: string): string {
  return context.outputIsTerminal ? folded(line, context.size().columns) : line;
}

/** Prints what is for programs, sums up, and throws where something was not done. */
async function finish(context: CommandContext, deed: Deed, outcomes: readonly Outcome[], isOne: boolean, as: "trial" | "deed"): Promise<void> {
  const failures = outcomes.filter(({ failure }) => failure !== undefined);
  if (isForPrograms(context.format)) await printForPrograms(context, outcomes, isOne);
  else if (as === "trial") {
    for (const { target, answer, failure } of outcomes) {
      if (answer === undefined || failure !== undefined) continue;
      const line = context.format === "name" ? sanitise(target.id) : `${sanitise(target.id)}: ${deed.words} would be accepted (dry run: nothing was done). ${sanitise(answer.effect)}`;
      await context.print([forReader(context, line.trimEnd()), ...(context.format === "name" ? [] : (answer.changes ?? []).map((change) => `  ${sanitise(change)}`))].join("\n"));
    }
  }
  if (!isOne && failures.length === 0) context.note(summary(outcomes, as));
  throwFailures(failures, outcomes, as);
}

async function printForPrograms(context: CommandContext, outcomes: readonly Outcome[], isOne: boolean): Promise<void> {
  const results = outcomes.map(({ target, answer, operation, failure }) => ({
    vm: answer?.vm ?? { id: target.id, name: target.name, state: target.state },
    effect: answer?.effect ?? null,
    ...(answer?.changes === undefined ? {} : { changes: answer.changes }),
    operation: operation ?? answer?.operation ?? null,
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message, exitCode: failure.exitCode } }),
  }));
  if (!isOne) await printValue(context, results);
  else if (outcomes[0]?.failure === undefined) await printValue(context, results[0]);
}

export function summary(outcomes: readonly Outcome[], as: "trial" | "deed"): string {
  const failed = outcomes.filter(({ failure, isRefusedByPlan }) => failure !== undefined && !isRefusedByPlan && as === "deed").length;
  const refused = outcomes.filter(({ failure }) => failure !== undefined).length - failed;
  const good = outcomes.length - failed - refused;
  const parts = [`${good} of ${outcomes.length} ${as === "trial" ? "could be" : "done"}`, failed > 0 ? `${failed} failed` : "", refused > 0 ? `${refused} cannot` : ""];
  return `${parts.filter((part) => part !== "").join(", ")}.`;
}

/** The failure of one VM is said in its own words, of several in a line each and summed up; a part has a code of its own. */
function throwFailures(failed: readonly Outcome[], outcomes: readonly Outcome[], as: "trial" | "deed"): void {
  const failures = failed.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  const [first] = failures;
  if (first === undefined) return;
  if (outcomes.length === 1) throw first;
  const isPartial = failures.length < outcomes.length;
  const lines = failed.map(({ target, failure }) => `${sanitise(target.id)}: ${failure?.message ?? ""}`);
  throw new CommandError(isPartial ? EXIT.partial : first.exitCode, isPartial ? "PartialFailure" : first.code, [...lines, summary(outcomes, as)].join("\n"));
}
