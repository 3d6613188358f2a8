// The question before what is hard to take back. A person is asked on a terminal; a program has to say -y.
import { sanitise } from "../../format.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import type { Deed } from "./deed.js";
import type { Target } from "./select.js";

interface Planned {
  readonly target: Target;
  readonly effect: string;
}

/** Throws where a question would have to be asked and nobody is there. */
export function requirePerson(context: CommandContext, deed: Deed, subject: string): void {
  if (deed.care === "none" || context.inputIsTerminal) return;
  const answer = deed.care === "typed" ? "its name typed" : "answered";
  throw new CommandError(EXIT.usage, "NeedsConfirmation", `To ${deed.words} ${subject} needs a yes: ${answer} on a terminal, or -y.`);
}

/** Returns when the person agrees; throws otherwise. "chosen": by a selector or several names. */
export async function confirm(context: CommandContext, deed: Deed, planned: readonly Planned[], way: "named" | "chosen"): Promise<void> {
  if (deed.care === "none") return;
  const subject = way === "named" ? sanitise(planned[0]?.target.id ?? "") : `${planned.length} VMs`;
  const agreed = deed.care === "typed" ? await typed(context, deed, planned, way) : await answered(context, deed, planned, way);
  if (!agreed) throw new CommandError(EXIT.refused, "NotConfirmed", `Not confirmed, so nothing was done to ${subject}.`);
}

async function answered(context: CommandContext, deed: Deed, planned: readonly Planned[], way: "named" | "chosen"): Promise<boolean> {
  const [first] = planned;
  const question = way === "named" ? `${sanitise(first?.effect ?? "")} Go on?` : `${capital(deed.words)} ${planned.length} VMs?`;
  return /^y(es)?$/i.test((await context.ask(`${question} [y/N] `)).trim());
}

async function typed(context: CommandContext, deed: Deed, planned: readonly Planned[], way: "named" | "chosen"): Promise<boolean> {
  const [first] = planned;
  if (way === "chosen" || first === undefined) {
    const word = `${deed.words} ${planned.length}`;
    return (await context.ask(`Type "${word}" to ${deed.words} these ${planned.length} VMs: `)).trim() === word;
  }
  const { name } = first.target;
  return (await context.ask(`${sanitise(first.effect)} Type the name ${sanitise(name)} to ${deed.words} it: `)).trim() === name;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
