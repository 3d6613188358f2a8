// The verbs as mutations: one document each, asked for or only judged, and their answer. It knows no key.
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import type { Client } from "../client/client.js";
import { paintable } from "../store/sanitize.js";
import type { Judgement } from "../store/bulk.js";
import type { Operation, VmVerb } from "../store/model.js";
import { OPERATION_FIELDS } from "./documents.js";
import { toOperation } from "./wire.js";

/** Verbs that are a mutation on one VM. */
export type MutationVerb = Exclude<VmVerb, "CONSOLE">;

/** What every verb on one VM answers with. */
export const VERB_ANSWER = graphql(`
  fragment DashboardVerbAnswer on VmOperationResult {
    __typename
    ... on Error { message }
    ... on VmOperationAccepted { effect operation { ...DashboardOperation } }
  }
`, [OPERATION_FIELDS]);

const DOCUMENTS = {
  START: graphql(`mutation DashboardStart($id: ID!, $key: String, $dryRun: Boolean!) { answer: startVm(input: { id: $id, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]),
  STOP: graphql(`mutation DashboardStop($id: ID!, $key: String, $dryRun: Boolean!) { answer: stopVm(input: { id: $id, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]),
  FORCE_OFF: graphql(`mutation DashboardForceOff($id: ID!, $key: String, $dryRun: Boolean!) { answer: forceOffVm(input: { id: $id, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]),
  RESET: graphql(`mutation DashboardReset($id: ID!, $key: String, $dryRun: Boolean!) { answer: resetVm(input: { id: $id, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]),
  PAUSE: graphql(`mutation DashboardPause($id: ID!, $key: String, $dryRun: Boolean!) { answer: pauseVm(input: { id: $id, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]),
  RESUME: graphql(`mutation DashboardResume($id: ID!, $key: String, $dryRun: Boolean!) { answer: resumeVm(input: { id: $id, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]),
  DELETE: graphql(`mutation DashboardDelete($id: ID!, $key: String, $dryRun: Boolean!) { answer: deleteVm(input: { id: $id, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer } }`, [VERB_ANSWER]),
} as const;

/** What came of asking: the operation that carries it out (null when there was nothing to do), or why not. */
export type Asked = { accepted: true; operation: Operation | null } | { accepted: false; reason: string };

export type VerbAnswer = ResultOf<typeof VERB_ANSWER>;

export function toJudgement(answer: VerbAnswer): Judgement {
  return "message" in answer ? { can: false, reason: paintable(answer.message) } : { can: true, effect: paintable(answer.effect) };
}

export function toAsked(answer: VerbAnswer): Asked {
  if ("message" in answer) return { accepted: false, reason: paintable(answer.message) };
  return { accepted: true, operation: answer.operation === null ? null : toOperation(answer.operation) };
}

/** Asks for a verb. A repetition with the same key is carried out once. Throws a ClientError when nobody answers. */
export async function ask(client: Client, verb: MutationVerb, id: string, idempotencyKey: string): Promise<Asked> {
  const { answer } = await client.request(DOCUMENTS[verb], { id, key: idempotencyKey, dryRun: false });
  return toAsked(answer);
}

/** What a verb would do to a VM now, or why it cannot; nothing is changed. Throws a ClientError when nobody answers. */
export async function judge(client: Client, verb: MutationVerb, id: string): Promise<Judgement> {
  const { answer } = await client.request(DOCUMENTS[verb], { id, key: null, dryRun: true });
  return toJudgement(answer);
}
