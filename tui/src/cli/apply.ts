// `quetzal apply`: sends the definitions of some paths and prints what each one changes. Each is judged alone.
import { graphql } from "../client/document.js";
import { PUT_RESULT, fieldOf, refusalText } from "../edit/put.js";
import type { Put, PutRefusal, PutResult } from "../edit/put.js";
import { sanitise } from "../format.js";
import type { CommandContext } from "./context.js";
import { readDefinitions } from "./definitions.js";
import type { Definition } from "./definitions.js";
import { CommandError, EXIT, fromTypedError } from "./exit.js";
import { isForPrograms } from "./output/formats.js";
import { printValue } from "./output/print.js";
import { progressLine } from "./progress.js";
import { deadlineIn, waitForOperation } from "./wait.js";

const APPLY = graphql(`mutation Apply($input: ApplyVmsInput!) { applyVms(input: $input) { results { ...PutResult } } }`, [PUT_RESULT]);

/** Definitions sent at once: the answer says of each what became of it. */
const BATCH_SIZE = 50;
/** A definition is stored in milliseconds; this bounds a host that hangs. */
const DEFINE_WAIT_SECONDS = 30;

export async function applyPaths(context: CommandContext, paths: readonly string[], options: { dryRun?: boolean }): Promise<void> {
  const definitions = readDefinitions(paths);
  const failures: CommandError[] = [];
  const applied: { definition: Definition; result: Put }[] = [];
  for (let start = 0; start < definitions.length; start += BATCH_SIZE) {
    if (definitions.length > 1) context.progress(progressLine({ done: start, all: definitions.length, text: "definitions" }, context.config.characters));
    const batch = definitions.slice(start, start + BATCH_SIZE);
    const results = await send(context, batch, options.dryRun ?? false);
    for (const [index, definition] of batch.entries()) {
      const result = results[index];
      if (result === undefined) throw new Error(`The server said nothing of ${definition.file}.`);
      if (result.__typename !== "PutVmSuccess") {
        failures.push(failureOf(definition, result));
        continue;
      }
      applied.push({ definition, result });
      using deadline = deadlineIn(DEFINE_WAIT_SECONDS);
      if (result.operation) await waitForOperation(context, result.operation, { deadline: deadline.signal, seconds: DEFINE_WAIT_SECONDS });
      if (context.format === "name") await context.print(sanitise(result.vm.id));
      else if (context.format === "table") for (const line of appliedLines(context, result, options.dryRun ?? false)) await context.print(line);
    }
  }
  context.progress(null);
  if (isForPrograms(context.format)) await printValue(context, applied.map(({ definition: { file }, result: { vm, action, changes } }) => ({ id: vm.id, file, action, changes, restartRequired: vm.restartRequired })));
  throwFailures(failures, definitions.length);
}

async function send(context: CommandContext, batch: readonly Definition[], dryRun: boolean): Promise<readonly PutResult[]> {
  const input = { definitions: batch.map((definition) => definition.value), dryRun };
  return (await context.client().request(APPLY, { input }, context.signal)).applyVms.results;
}

function appliedLines(context: CommandContext, result: Put, dryRun: boolean): string[] {
  const colour = { CREATED: "green", CHANGED: "yellow", UNCHANGED: "grey" } as const;
  const suffix = dryRun && result.action !== "UNCHANGED" ? " (dry run: nothing was done)" : "";
  const lines = [`${context.paint(colour[result.action], result.action.toLowerCase())} ${sanitise(result.vm.id)}${suffix}`];
  if (result.action === "CHANGED") lines.push(...result.changes.map((change) => `  ${sanitise(change)}`));
  if (result.vm.restartRequired && result.action === "CHANGED") lines.push("  takes effect at the VM's next start");
  return lines;
}

function failureOf(definition: Definition, refusal: PutRefusal): CommandError {
  const field = fieldOf(refusal);
  const place = field === null ? definition.file : definition.placeOf(field);
  return fromTypedError({ ...refusal, message: `${place}: ${refusalText(refusal)}` });
}

/** One failure is said in its own words, several in a line each; some applied and some not has a code of its own. */
function throwFailures(failures: readonly CommandError[], count: number): void {
  const [first] = failures;
  if (first === undefined) return;
  if (count === 1) throw first;
  const isPartial = failures.length < count;
  const exitCode = isPartial ? EXIT.partial : failures.every((failure) => failure.exitCode === first.exitCode) ? first.exitCode : EXIT.failed;
  throw new CommandError(exitCode, isPartial ? "PartialFailure" : first.code, [...failures.map((failure) => failure.message), `${failures.length} of ${count} definitions were not applied.`].join("\n"));
}
