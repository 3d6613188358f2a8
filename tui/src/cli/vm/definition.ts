// A VM's definition, read with its generation and put back only over that one: nobody's change is lost unseen.
import { graphql } from "../../client/document.js";
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT, fromTypedError } from "../exit.js";
import type { Answer, Care, Deed } from "./deed.js";
import { PUT_RESULT } from "./put-result.js";
import type { Put } from "./put-result.js";

const DEFINITION = graphql(`query VmDefinition($id: ID!) { vm(id: $id) { id name state generation definition restartRequired } }`);
const PUT = graphql(`mutation PutVm($input: PutVmInput!) { result: putVm(input: $input) { ...PutResult } }`, [PUT_RESULT]);

export type Definition = Readonly<Record<string, unknown>>;

export interface DefinedVm {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly generation: string;
  readonly definition: Definition;
}

export function vmNotFound(id: string): CommandError {
  return new CommandError(EXIT.notFound, "VmNotFound", `There is no VM "${sanitise(id)}": 'quetzal vm ls' lists them.`);
}

export async function readDefinition(context: CommandContext, id: string): Promise<DefinedVm> {
  const { vm } = await context.client().request(DEFINITION, { id }, context.signal);
  if (vm === null) throw vmNotFound(id);
  return { ...vm, definition: vm.definition as Definition };
}

export interface PutInput {
  readonly definition: Definition;
  readonly dryRun: boolean;
  /** The generation that the definition was read at. */
  readonly ifGeneration?: string;
  readonly createOnly?: boolean;
}

/** Puts a definition; a refusal is thrown, with the field's path before its message. */
export async function putDefinition(context: CommandContext, input: PutInput): Promise<Put> {
  const { result } = await context.client().request(PUT, { input }, context.signal);
  if (result.__typename === "PutVmSuccess") return result;
  const failure = fromTypedError(result);
  const named = failure.field === undefined || failure.message.includes(failure.field) ? failure.message : `${failure.field}: ${failure.message}`;
  throw new CommandError(failure.exitCode, failure.code, named, failure.field);
}

export function answerOfPut({ vm, effect, changes, operation }: Put): Answer {
  return { vm, effect, changes, operation };
}

/** A change of the definition as a deed. */
export function changeOf(words: string, change: (definition: Definition) => Definition, care: Care = "none"): Deed {
  return {
    words,
    care,
    async ask(context, id, as) {
      const { definition, generation } = await readDefinition(context, id);
      return answerOfPut(await putDefinition(context, { definition: change(definition), dryRun: as === "trial", ifGeneration: generation }));
    },
  };
}
