// A definition to the server: judged or put, and the answer as one of three. It knows no editor and no screen.
import type { Client } from "../client/client.js";
import { graphql } from "../client/document.js";
import type { ResultOf } from "../client/document.js";
import type { Definition } from "./text.js";

const LOAD = graphql(`query DefinitionToEdit($id: ID!) { vm(id: $id) { id name generation definition } }`);

const PUT = graphql(`
  mutation PutEdited($input: PutVmInput!) {
    answer: putVm(input: $input) {
      __typename
      ... on Error { message }
      ... on InvalidSpec { field }
      ... on InsufficientResources { field }
      ... on StorageFault { field }
      ... on InvalidInput { field }
      ... on PutVmSuccess {
        action changes effect vm { id name }
        operation { id kind vmId state progressRatio cancellable error requestedBy startedAt endedAt }
      }
    }
  }
`);

type Success = Extract<ResultOf<typeof PUT>["answer"], { __typename: "PutVmSuccess" }>;
export type PutOperation = NonNullable<Success["operation"]>;

export interface Loaded { id: string; name: string; generation: string; definition: Definition }

export type PutAnswer =
  | { kind: "accepted"; action: Success["action"]; changes: readonly string[]; effect: string; operation: PutOperation | null }
  /** Somebody else changed it since it was read. */
  | { kind: "changed"; reason: string }
  /** `type` is the typed error's name; `field` the field at fault, where one is. */
  | { kind: "refused"; type: string; reason: string; field: string | null };

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
  const { vm } = await client.request(LOAD, { id }, signal);
  return vm === null ? null : { ...vm, definition: vm.definition as Definition };
}

/** Throws a ClientError when nobody answers. */
export async function putDefinition(client: Client, { definition, generation, meaning, key }: PutWish, signal?: AbortSignal): Promise<PutAnswer> {
  const input = { definition, createOnly: meaning === "new", ifGeneration: generation, idempotencyKey: key, dryRun: key === null };
  const { answer } = await client.request(PUT, { input }, signal);
  if (answer.__typename === "PutVmSuccess") return { kind: "accepted", ...answer };
  if (answer.__typename === "VmChanged") return { kind: "changed", reason: answer.message };
  return { kind: "refused", type: answer.__typename, reason: answer.message, field: "field" in answer ? answer.field : null };
}
