// What can be asked of one VM, in one shape: judged first (nothing is changed), then done. Verbs, edits of a definition
// and undoing are all this, so that one or many VMs take the same way. It knows no store and no key.
import { graphql } from "../client/document.js";
import type { Client } from "../client/client.js";
import type { Judgement } from "../store/bulk.js";
import { paintable } from "../store/sanitize.js";
import { OPERATION_FIELDS } from "./documents.js";
import { VERB_ANSWER, ask, judge, toAsked, toJudgement } from "./verbs.js";
import type { Asked, MutationVerb } from "./verbs.js";
import { toOperation } from "./wire.js";

/** Both throw a ClientError when nobody answers. */
export interface Deed {
  judge(client: Client, vmId: string): Promise<Judgement>;
  /** A repetition with the same key is carried out once. */
  ask(client: Client, vmId: string, idempotencyKey: string): Promise<Asked>;
}

export function verbDeed(verb: MutationVerb): Deed {
  return { judge: (client, vmId) => judge(client, verb, vmId), ask: (client, vmId, key) => ask(client, verb, vmId, key) };
}

const UNDO = graphql(`
  mutation DashboardUndo($id: ID!, $key: String, $dryRun: Boolean!) {
    answer: undoOperation(input: { id: $id, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer }
  }
`, [VERB_ANSWER]);

/** Undoes one operation of each VM. */
export function undoDeed(operationOf: ReadonlyMap<string, string>): Deed {
  const request = (client: Client, vmId: string, key: string | null) => client.request(UNDO, { id: operationOf.get(vmId) ?? "", key, dryRun: key === null });
  return {
    async judge(client, vmId) {
      return toJudgement((await request(client, vmId, null)).answer);
    },
    async ask(client, vmId, key) {
      return toAsked((await request(client, vmId, key)).answer);
    },
  };
}

const UNDO_DECISION = graphql(`
  mutation DashboardUndoDecision($id: ID!, $at: DateTime, $key: String, $dryRun: Boolean!) {
    answer: undoMemoryDecision(input: { vmId: $id, at: $at, idempotencyKey: $key, dryRun: $dryRun }) { ...DashboardVerbAnswer }
  }
`, [VERB_ANSWER]);

/** Undoes what the memory controller decided at that time; null: the newest that can be undone. */
export function decisionUndoDeed(at: number | null): Deed {
  const time = at === null ? null : new Date(at).toISOString();
  return {
    judge: async (client, vmId) => toJudgement((await client.request(UNDO_DECISION, { id: vmId, at: time, key: null, dryRun: true })).answer),
    ask: async (client, vmId, key) => toAsked((await client.request(UNDO_DECISION, { id: vmId, at: time, key, dryRun: false })).answer),
  };
}

const DEFINITION = graphql(`query DashboardDefinitionToEdit($id: ID!) { vm(id: $id) { generation definition } }`);
const PUT = graphql(`
  mutation DashboardPut($definition: JSON!, $generation: BigInt!, $key: String, $dryRun: Boolean!) {
    answer: putVm(input: { definition: $definition, ifGeneration: $generation, idempotencyKey: $key, dryRun: $dryRun }) {
      __typename
      ... on Error { message }
      ... on PutVmSuccess { effect changes operation { ...DashboardOperation } }
    }
  }
`, [OPERATION_FIELDS]);

/** Readings of a definition that somebody else keeps changing, before it is left to them. */
const EDIT_TRIES = 3;

export type Definition = Readonly<Record<string, unknown>>;

/** Changes a field or two of the definition as it is now; nobody else's change is overwritten. */
export function editDeed(edit: (definition: Definition) => Definition): Deed {
  return {
    async judge(client, vmId) {
      const answer = await put(client, vmId, null, edit);
      if ("message" in answer) return { can: false, reason: paintable(answer.message) };
      return { can: true, effect: paintable(answer.changes.length === 0 ? answer.effect : answer.changes.join(", ")) };
    },
    async ask(client, vmId, key) {
      const answer = await put(client, vmId, key, edit);
      if ("message" in answer) return { accepted: false, reason: paintable(answer.message) };
      return { accepted: true, operation: answer.operation === null ? null : toOperation(answer.operation) };
    },
  };
}

async function put(client: Client, vmId: string, key: string | null, edit: (definition: Definition) => Definition) {
  for (let tried = 1; ; tried++) {
    const { vm } = await client.request(DEFINITION, { id: vmId });
    if (vm === null) return { message: `There is no VM ${vmId} any more.` };
    const { answer } = await client.request(PUT, { definition: edit(vm.definition as Definition), generation: vm.generation, key, dryRun: key === null });
    if (answer.__typename !== "VmChanged" || tried >= EDIT_TRIES) return answer;
  }
}
