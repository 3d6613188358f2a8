// A VM's definition, read with its generation and put back only over that one: nobody's change is lost unseen. A refusal
// is a command's failure here.
import { randomUUID } from "node:crypto";
import { loadDefinition, putDefinition, refusalText } from "../../edit/put.js";
import type { Loaded, Put, PutWish } from "../../edit/put.js";
import type { Definition } from "../../edit/text.js";
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT, fromTypedError } from "../exit.js";
import type { Care, Deed } from "./deed.js";

/** In the server's words: the same is said whoever finds it out. */
export function vmNotFound(id: string): CommandError {
  return new CommandError(EXIT.notFound, "VmNotFound", `No VM has the id "${sanitise(id)}"; list them with \`quetzal vm ls\`.`);
}

export async function readDefinition(context: CommandContext, id: string): Promise<Loaded> {
  const loaded = await loadDefinition(context.client(), id, context.signal);
  if (loaded === null) throw vmNotFound(id);
  return loaded;
}

/** A trial changes nothing. A refusal is thrown, with the field's path before its message. */
export async function putOrThrow(context: CommandContext, wish: Omit<PutWish, "key">, as: "trial" | "deed"): Promise<Put> {
  const result = await putDefinition(context.client(), { ...wish, key: as === "trial" ? null : randomUUID() }, context.signal);
  if (result.__typename === "PutVmSuccess") return result;
  throw fromTypedError({ ...result, message: refusalText(result) });
}

/** A change of the definition as a deed. */
export function changeOf(words: string, change: (definition: Definition) => Definition, care: Care = "none"): Deed {
  return {
    words,
    care,
    async ask(context, id, as) {
      const { definition, generation } = await readDefinition(context, id);
      const { vm, effect, changes, operation } = await putOrThrow(context, { definition: change(definition), generation, meaning: "edit" }, as);
      return { vm, effect, changes, operation };
    },
  };
}
