// Something that can be done to a VM: how it is asked for, what was answered, and how much it takes to be sure.
import type { CommandContext } from "../context.js";
import type { WatchedOperation } from "../wait.js";

/** What the server answered to a deed, or to its trial. */
export interface Answer {
  readonly vm: { readonly id: string; readonly name: string; readonly state: string };
  /** One sentence of what it does. */
  readonly effect: string;
  /** Null for a trial, and where there was nothing to do. */
  readonly operation: WatchedOperation | null;
  /** One line a changed field; only of changes to a definition. */
  readonly changes?: readonly string[];
}

export type Care =
  /** Done when asked for. */
  | "none"
  /** What the guest has not saved is lost: yes or no. */
  | "yes"
  /** It cannot be undone: the VM's name, or the count. */
  | "typed";

export interface Deed {
  /** As a person says it: "force off". */
  readonly words: string;
  readonly care: Care;
  /** Asks the server; with "trial" nothing is done. Throws a CommandError when it is refused. */
  ask(context: CommandContext, id: string, as: "trial" | "deed"): Promise<Answer>;
}

/** How long --wait waits unless told otherwise: a slow host boots its guest well within. */
export const DEFAULT_WAIT_SECONDS = 120;

/** How a deed is carried out. */
export interface DeedOptions {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  /** Seconds that --wait waits, for all VMs together; DEFAULT_WAIT_SECONDS where absent. */
  readonly timeout?: number;
  readonly yes?: boolean;
}
