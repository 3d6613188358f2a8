// What the command of a cause's advice would set: the same that a key of this dashboard sets, so that its line comes filled
// in. Pure; the command is the server's, in the words of our own command line.
import type { TargetKind } from "./targets.js";
import type { Finding } from "./why.js";

export interface AdvisedTarget {
  what: TargetKind;
  /** As it is typed: 512M, 4. */
  text: string;
}

/** In the order of the command line; a size comes before a balloon, which it empties. */
const OPTIONS: readonly (readonly [TargetKind, RegExp])[] = [
  ["memorySize", / --size (\d+[MG])(?: |$)/], ["balloon", / --balloon (\d+[MG])(?: |$)/], ["vcpus", / --vcpus (\d+)(?: |$)/],
];

/** Null: the advice sets no target, or one of another VM than that which was asked about. */
export function advisedTarget({ adviceCommand, neighbour }: Pick<Finding, "adviceCommand" | "neighbour">): AdvisedTarget | null {
  if (adviceCommand === null || neighbour !== null || !/^quetzal (memory|cpu) set /.test(adviceCommand)) return null;
  for (const [what, option] of OPTIONS) {
    const text = option.exec(adviceCommand)?.[1];
    if (text !== undefined) return { what, text };
  }
  return null;
}

/** Whether the command sets something of the policy in the definition, which the editor sets too. */
export function advisesPolicy({ adviceCommand }: Pick<Finding, "adviceCommand">): boolean {
  return / --(limit|weight|pin|floor) /.test(adviceCommand ?? "");
}
