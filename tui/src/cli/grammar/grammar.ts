// How commands are declared: what each prints and runs, and the options that many share, each spelt once. The words in
// angle brackets tell completion what belongs there (complete/words.ts).
import { Option } from "commander";
import type { Command } from "commander";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import { PRINTS } from "../output/formats.js";
import type { OutputFormat, Prints } from "../output/formats.js";
import type { Listing } from "../output/listing.js";
import { noteSettingsFaults } from "../settings-notes.js";
import { collect, parseFineTime, parseStates } from "./parsers.js";

/** Gives the context for the global options as they were parsed. */
export type ContextMaker = () => CommandContext;

type Run<Args extends readonly unknown[]> = (context: CommandContext, ...args: Args) => Promise<void>;

export class Grammar {
  readonly #makeContext: ContextMaker;
  constructor(makeContext: ContextMaker) {
    this.#makeContext = makeContext;
  }

  /** The command runs `run` with its arguments and options, and prints in the formats of `prints`. */
  runs<Args extends readonly unknown[]>(command: Command, prints: Prints, run: Run<Args>): Command {
    const formats: readonly OutputFormat[] = PRINTS[prints];
    if (formats.length > 1) command.addOption(new Option("-o, --output <format>", "how the answer is printed").choices([...formats]));
    command.action(async (...given: unknown[]) => {
      const context = this.#makeContext();
      // Values are the default where "table" is none; a format that was asked for must be one of the command's.
      const format = context.format === "table" && !formats.includes("table") ? formats[0] : context.format;
      if (format === undefined || !formats.includes(format)) {
        throw new CommandError(EXIT.usage, "Usage", `-o ${context.format} is not for this command: ${formats.length > 1 ? `give one of ${formats.join(", ")}` : "it prints text"}.`);
      }
      const own = format === context.format ? context : { ...context, format };
      // Text is for scripts, shells and the dashboard, which has a log of its own.
      if (prints !== "text" && command.parent?.name() !== "config") await noteSettingsFaults(own);
      // commander adds itself last.
      await run(own, ...(given.slice(0, -1) as unknown as Args));
    });
    return command;
  }
}

const listings = new WeakMap<Command, () => Promise<Listing<never>>>();

/** The columns of a list; loaded only by completion. */
export function listingOf(command: Command): Promise<Listing<never>> | undefined {
  return listings.get(command)?.();
}

export function listOptions<Row>(command: Command, listing: () => Promise<Listing<Row>>): Command {
  listings.set(command, listing);
  return command
    .option("--columns <columns>", "only these, in this order, with commas between")
    .option("--sort <column>", "by this column; a dash before it turns the order")
    .option("--no-headers", "without the line of titles");
}

export function selectorOptions(command: Command): Command {
  return command
    .option("-l, --label <label>", "with this label: key or key=value, several with commas (repeatable)", collect)
    .option("--filter <filter>", "that pass a filter such as 'state:running cpu>50 label=web'")
    .option("--state <state>", "in this state (repeatable)", parseStates)
    .option("--search <text>", "with this in the id or name")
    .option("--host <host>", "on this host, by name or id");
}

export function waitOptions(command: Command): Command {
  return command
    .option("--wait", "wait until it is done")
    .option("--timeout <time>", "longest wait of --wait, for all together, such as 500ms or 90s; 2m where absent", parseFineTime)
    .option("--dry-run", "only say what it would do");
}

/** For what is done to one VM or several: a selector and what goes with doing. */
export function deedOptions(command: Command): Command {
  return waitOptions(selectorOptions(command).option("--all", "all VMs")).option("-y, --yes", "do not ask");
}
