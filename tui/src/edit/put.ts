// A definition from the server and back to it, judged or put: the one way of the dashboard and of the command line. It
// knows no editor, no screen and no exit code.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import type { Definition } from "./text.js";

const DEFINITION = graphql(`query VmDefinition($id: ID!) { vm(id: $id) { id name generation definition } }`);

/** What everyone who puts definitions asks of the answer; the operation is what waiting for its end begins with. */
export const PUT_RESULT = graphql(`
  fragment PutResult on PutVmResult {
    __typename
    ... on PutVmSuccess {
      vm { id name state restartRequired }
      action
      changes
      effect
      operation { id kind vmId state progressRatio etaSeconds error startedAt endedAt }
    }
    ... on Error { message }
    ... on InvalidSpec { field }
    ... on InsufficientResources { field }
    ... on StorageFault { field }
    ... on InvalidInput { field }
  }
`);

const PUT = graphql(`mutation PutVm($input: PutVmInput!) { result: putVm(input: $input) { ...PutResult } }`, [PUT_RESULT]);

export type PutResult = ResultOf<typeof PUT_RESULT>;
export type Put = Extract<PutResult, { __typename: "PutVmSuccess" }>;
export type PutRefusal = Exclude<PutResult, Put>;

export interface Loaded { id: string; name: string; generation: string; definition: Definition }

export interface PutWish {
  definition: Definition;
  /** The generation it was read at; null: whatever it is. */
  generation: string | null;
  /** "new": refused where the VM is there already. */
  meaning: "new" | "edit";
  /** A repetition with the same key is carried out once; null: only judged. */
  key: string | null;
}

/** The definition as it is; null when there is no such VM. Throws a ClientError when nobody answers. */
export async function loadDefinition(client: Client, id: string, signal?: AbortSignal): Promise<Loaded | null> {
  const { vm } = await client.request(DEFINITION, { id }, signal);
  return vm === null ? null : { ...vm, definition: vm.definition as Definition };
}

/** Throws a ClientError when nobody answers. */
export async function putDefinition(client: Client, { definition, generation, meaning, key }: PutWish, signal?: AbortSignal): Promise<PutResult> {
  const input = { definition, createOnly: meaning === "new", ifGeneration: generation, idempotencyKey: key, dryRun: key === null };
  return (await client.request(PUT, { input }, signal)).result;
}

/** The path of the field at fault, such as disks[0].path; null where it is none of them. */
export function fieldOf(refusal: PutRefusal): string | null {
  return "field" in refusal ? refusal.field : null;
}

/** Why it was refused, the field at fault named. */
export function refusalText(refusal: PutRefusal): string {
  const field = fieldOf(refusal);
  return field === null || refusal.message.includes(field) ? refusal.message : `${field}: ${refusal.message}`;
}
