// `quetzal vm start|stop|force-off|reset|pause|resume|delete`: each verb as a deed.
import { graphql } from "../../client/document.js";
import type { ResultOf, TypedDocument } from "../../client/document.js";
import { words } from "../../format.js";
import type { CommandContext } from "../context.js";
import { fromTypedError } from "../exit.js";
import { WATCHED_OPERATION } from "../wait.js";
import { DEFAULT_WAIT_SECONDS } from "./deed.js";
import type { Answer, Care, Deed, DeedOptions } from "./deed.js";
import { carryOut } from "./drive.js";
import type { Chosen } from "./select.js";

export const VERB_RESULT = graphql(`
  fragment VerbResult on VmOperationResult {
    __typename
    ... on VmOperationAccepted {
      effect
      vm { id name state generation }
      operation { ...WatchedOperation }
    }
    ... on Error { message }
    ... on InsufficientResources { field }
    ... on StorageFault { field }
    ... on InvalidInput { field }
    ... on InvalidSpec { field }
  }
`, [WATCHED_OPERATION]);

const START = graphql(`mutation Start($input: VmVerbInput!) { result: startVm(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const STOP = graphql(`mutation Stop($input: StopVmInput!) { result: stopVm(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const FORCE_OFF = graphql(`mutation ForceOff($input: VmVerbInput!) { result: forceOffVm(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const RESET = graphql(`mutation Reset($input: VmVerbInput!) { result: resetVm(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const PAUSE = graphql(`mutation Pause($input: VmVerbInput!) { result: pauseVm(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const RESUME = graphql(`mutation Resume($input: VmVerbInput!) { result: resumeVm(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const DELETE = graphql(`mutation Delete($input: DeleteVmInput!) { result: deleteVm(input: $input) { ...VerbResult } }`, [VERB_RESULT]);

const PLAIN_VERBS = { start: START, "force-off": FORCE_OFF, reset: RESET, pause: PAUSE, resume: RESUME } as const;
export type PlainVerb = keyof typeof PLAIN_VERBS;

type Document<Variables> = TypedDocument<{ result: ResultOf<typeof VERB_RESULT> }, Variables>;

/** Asks and gives the acceptance; a refusal is thrown. */
export async function answerOf<Variables>(context: CommandContext, document: Document<Variables>, variables: Variables): Promise<Answer> {
  const { result } = await context.client().request(document, variables);
  if (result.__typename !== "VmOperationAccepted") throw fromTypedError(result);
  const { vm, effect, operation } = result;
  return { vm, effect, operation };
}

const CARE_OF: Readonly<Record<PlainVerb, Care>> = { start: "none", "force-off": "yes", reset: "yes", pause: "none", resume: "none" };

export async function driveVms(context: CommandContext, verb: PlainVerb, chosen: Chosen, options: DeedOptions): Promise<void> {
  const deed: Deed = {
    words: words(verb.replace("-", "_")),
    care: CARE_OF[verb],
    ask: (own, id, as) => answerOf(own, PLAIN_VERBS[verb], { input: { id, dryRun: as === "trial" } }),
  };
  await carryOut(context, deed, chosen, options);
}

export interface StopOptions extends DeedOptions {
  /** Seconds that the guest gets to power down. */
  readonly grace: number;
  /** Cut the power when that time is over. */
  readonly force?: boolean;
}

/** Beyond the guest's own time to stop: the server's and daemon's part of it. */
const STOP_MARGIN_SECONDS = 15;

export async function stopVms(context: CommandContext, chosen: Chosen, options: StopOptions): Promise<void> {
  const escalation = options.force ? "FORCE_OFF" : "NONE";
  const deed: Deed = {
    words: "stop",
    care: "none",
    ask: (own, id, as) => answerOf(own, STOP, { input: { id, dryRun: as === "trial", timeoutSeconds: options.grace, escalation } }),
  };
  await carryOut(context, deed, chosen, { ...options, timeout: options.timeout ?? Math.max(DEFAULT_WAIT_SECONDS, options.grace + STOP_MARGIN_SECONDS) });
}

export interface DeleteOptions extends DeedOptions {
  readonly disks?: boolean;
}

export async function deleteVms(context: CommandContext, chosen: Chosen, options: DeleteOptions): Promise<void> {
  const deleteDisks = options.disks ?? false;
  const deed: Deed = {
    words: "delete",
    care: "typed",
    ask: (own, id, as) => answerOf(own, DELETE, { input: { id, dryRun: as === "trial", deleteDisks } }),
  };
  await carryOut(context, deed, chosen, options);
}
