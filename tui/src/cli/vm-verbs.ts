// `quetzal vm start|stop|force-off|reset|pause|resume|delete`: asks the server, says what it answered, waits if told to.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import { sanitise, words } from "../format.js";
import { printJson } from "./context.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT, fromTypedError, toCommandError } from "./exit.js";
import { vmNotFound } from "./vm-show.js";
import { WATCHED_OPERATION, waitForOperation } from "./wait.js";

const RESULT = graphql(`
  fragment VerbResult on VmOperationResult {
    __typename
    ... on VmOperationAccepted {
      vm { id name state generation }
      operation { ...WatchedOperation }
    }
    ... on Error { message }
    ... on InsufficientResources { field }
    ... on StorageFault { field }
    ... on InvalidInput { field }
  }
`, [WATCHED_OPERATION]);

const START = graphql(`mutation Start($input: VmVerbInput!) { result: startVm(input: $input) { ...VerbResult } }`, [RESULT]);
const STOP = graphql(`mutation Stop($input: StopVmInput!) { result: stopVm(input: $input) { ...VerbResult } }`, [RESULT]);
const FORCE_OFF = graphql(`mutation ForceOff($input: VmVerbInput!) { result: forceOffVm(input: $input) { ...VerbResult } }`, [RESULT]);
const RESET = graphql(`mutation Reset($input: VmVerbInput!) { result: resetVm(input: $input) { ...VerbResult } }`, [RESULT]);
const PAUSE = graphql(`mutation Pause($input: VmVerbInput!) { result: pauseVm(input: $input) { ...VerbResult } }`, [RESULT]);
const RESUME = graphql(`mutation Resume($input: VmVerbInput!) { result: resumeVm(input: $input) { ...VerbResult } }`, [RESULT]);
const DELETE = graphql(`mutation Delete($input: DeleteVmInput!) { result: deleteVm(input: $input) { ...VerbResult } }`, [RESULT]);
const VM_NAME = graphql(`query VmName($id: ID!) { vm(id: $id) { id name } }`);

const PLAIN_VERBS = { start: START, "force-off": FORCE_OFF, reset: RESET, pause: PAUSE, resume: RESUME } as const;
export type PlainVerb = keyof typeof PLAIN_VERBS;

type VerbResult = ResultOf<typeof RESULT>;
type Accepted = Extract<VerbResult, { __typename: "VmOperationAccepted" }>;

export interface VerbOptions {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  /** How long --wait waits. */
  readonly timeout: number;
}

export interface StopOptions extends VerbOptions {
  /** Cut the power when the guest has not powered down within the timeout. */
  readonly force?: boolean;
}

export interface DeleteOptions extends VerbOptions {
  readonly disks?: boolean;
  readonly yes?: boolean;
}

/** Beyond the guest's own time to stop: the server's and daemon's part of it. */
const STOP_MARGIN_SECONDS = 15;

export async function driveVm(context: CommandContext, verb: PlainVerb, ids: readonly string[], options: VerbOptions): Promise<void> {
  await eachVm(context, verb, ids, options, async (client, id) => (await client.request(PLAIN_VERBS[verb], { input: { id, dryRun: options.dryRun ?? false } })).result);
}

export async function stopVm(context: CommandContext, ids: readonly string[], options: StopOptions): Promise<void> {
  const escalation = options.force ? "FORCE_OFF" : "NONE";
  const waiting = { ...options, timeout: options.timeout + STOP_MARGIN_SECONDS };
  await eachVm(context, "stop", ids, waiting, async (client, id) => {
    const input = { id, dryRun: options.dryRun ?? false, timeoutSeconds: options.timeout, escalation } as const;
    return (await client.request(STOP, { input })).result;
  });
}

export async function deleteVm(context: CommandContext, id: string, options: DeleteOptions): Promise<void> {
  if (!options.yes && !options.dryRun) await confirmDeletion(context, id, options.disks ?? false);
  await eachVm(context, "delete", [id], options, async (client, vm) => {
    const input = { id: vm, dryRun: options.dryRun ?? false, deleteDisks: options.disks ?? false };
    return (await client.request(DELETE, { input })).result;
  });
}

async function confirmDeletion(context: CommandContext, id: string, withDisks: boolean): Promise<void> {
  if (!context.inputIsTerminal) {
    throw new CommandError(EXIT.usage, "NeedsConfirmation", `Deleting ${sanitise(id)} needs its name typed on a terminal, or -y.`);
  }
  const { vm } = await context.client().request(VM_NAME, { id }, context.signal);
  if (vm === null) throw vmNotFound(id);
  const typed = await context.ask(`Type the name ${sanitise(vm.name)} to delete it${withDisks ? " and its disks" : " (its disks stay)"}: `);
  if (typed.trim() !== vm.name) throw new CommandError(EXIT.refused, "NotConfirmed", `The name differs, so ${sanitise(id)} was not deleted.`);
}

/** Each VM is judged alone, so one failure does not keep the others from their turn. */
async function eachVm(
  context: CommandContext,
  verb: string,
  ids: readonly string[],
  options: VerbOptions,
  ask: (client: Client, id: string) => Promise<VerbResult>,
): Promise<void> {
  const failures: CommandError[] = [];
  for (const id of ids) {
    try {
      await finish(context, verb, id, options, await ask(context.client(), id));
    } catch (error) {
      failures.push(toCommandError(error));
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  throw failures.length === 1 ? first : new CommandError(first.exitCode, first.code, failures.map((failure) => failure.message).join("\n"));
}

async function finish(context: CommandContext, verb: string, id: string, options: VerbOptions, result: VerbResult): Promise<void> {
  if (result.__typename !== "VmOperationAccepted") throw fromTypedError(result);
  const { operation } = result;
  if (options.wait && operation !== null) {
    const ended = await waitForOperation(context, operation, options.timeout);
    if (context.format === "json") return printJson(context, { vm: result.vm, operation: ended });
    return context.print(`${sanitise(id)}: ${words(verb)} done`);
  }
  if (context.format === "json") return printJson(context, { vm: result.vm, operation });
  await context.print(acceptedLine(verb, id, result));
}

function acceptedLine(verb: string, id: string, accepted: Accepted): string {
  if (accepted.operation === null) return `${sanitise(id)}: ${words(verb)} would be accepted (dry run: nothing was done)`;
  return `${sanitise(id)}: ${words(verb)} accepted (operation ${accepted.operation.id})`;
}
