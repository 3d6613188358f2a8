// The verbs as mutations: one document each, and their answer as one sentence. It knows no key.
import { graphql } from "../client/document.js";
import type { Client } from "../client/client.js";
import type { VmVerb } from "../store/model.js";

/** Verbs that are a mutation on one VM. */
export type MutationVerb = Exclude<VmVerb, "CONSOLE">;

const ANSWER = graphql(`
  fragment DashboardVerbAnswer on VmOperationResult { __typename ... on Error { message } }
`);

const DOCUMENTS = {
  START: graphql(`mutation DashboardStart($id: ID!, $key: String!) { answer: startVm(input: { id: $id, idempotencyKey: $key }) { ...DashboardVerbAnswer } }`, [ANSWER]),
  STOP: graphql(`mutation DashboardStop($id: ID!, $key: String!) { answer: stopVm(input: { id: $id, idempotencyKey: $key }) { ...DashboardVerbAnswer } }`, [ANSWER]),
  FORCE_OFF: graphql(`mutation DashboardForceOff($id: ID!, $key: String!) { answer: forceOffVm(input: { id: $id, idempotencyKey: $key }) { ...DashboardVerbAnswer } }`, [ANSWER]),
  RESET: graphql(`mutation DashboardReset($id: ID!, $key: String!) { answer: resetVm(input: { id: $id, idempotencyKey: $key }) { ...DashboardVerbAnswer } }`, [ANSWER]),
  PAUSE: graphql(`mutation DashboardPause($id: ID!, $key: String!) { answer: pauseVm(input: { id: $id, idempotencyKey: $key }) { ...DashboardVerbAnswer } }`, [ANSWER]),
  RESUME: graphql(`mutation DashboardResume($id: ID!, $key: String!) { answer: resumeVm(input: { id: $id, idempotencyKey: $key }) { ...DashboardVerbAnswer } }`, [ANSWER]),
  DELETE: graphql(`mutation DashboardDelete($id: ID!, $key: String!) { answer: deleteVm(input: { id: $id, idempotencyKey: $key }) { ...DashboardVerbAnswer } }`, [ANSWER]),
} as const;

/** Asks for a verb; null when it was accepted, else why not. */
export async function ask(client: Client, verb: MutationVerb, id: string, idempotencyKey: string): Promise<string | null> {
  const { answer } = await client.request(DOCUMENTS[verb], { id, key: idempotencyKey });
  return "message" in answer ? answer.message : null;
}
