// The command line's grammar as one tree: help, completion and the manual page are made of it. What a command does is
// imported when it runs, so that one command's start does not pay for the others.
import { Command, CommanderError, Option } from "commander";
import type { Choices } from "../config.js";
import { sanitise } from "../format.js";
import type { ColourWish } from "../terminal-kind.js";
import type { CommandContext } from "./context.js";
import { folded } from "../wrap.js";
import { CommandError, EXIT, EXIT_MEANINGS } from "./exit.js";
import { addAlerts } from "./grammar/alert.js";
import { addCpu } from "./grammar/cpu.js";
import { Grammar } from "./grammar/grammar.js";
import { addMemory } from "./grammar/memory.js";
import { addApply, addConsole, addDashboard, addGraphql, addSelf, addSettings, addTokens } from "./grammar/rest.js";
import { addVmCommands } from "./grammar/vm.js";
import { addAudit, addEvents, addFigures, addHosts, addOperations, addTop } from "./grammar/watching.js";
import { OUTPUT_FORMATS } from "./output/formats.js";
import type { OutputFormat } from "./output/formats.js";

/** Makes the context once the global options are known. */
export type ContextMaker = (format: OutputFormat, choices: Choices) => CommandContext;

/** The least terminal's. */
const HELP_WIDTH = 80;
/** The signals' codes are in the longer texts. */
const LAST_OWN_CODE = 8;
const AFTER_HELP = ["", ...[
  `Exit codes: ${EXIT_MEANINGS.filter(([code]) => code <= LAST_OWN_CODE).map(([code, meaning]) => `${code} ${meaning.split(/[,;:]/)[0] ?? ""}`).join("; ")}.`,
  "More: 'quetzal help exit-codes', 'quetzal help output', 'quetzal help selectors', 'quetzal man | man -l -'.",
  "Environment: QUETZAL_URL and QUETZAL_TOKEN (another server), QUETZAL_CONTEXT (one of config.yaml), QUETZAL_STATE_DIR, NO_COLOR. Settings: 'quetzal config path'.",
].map((line) => folded(line, HELP_WIDTH))].join("\n");

export function buildProgram(version: string, makeContext: ContextMaker): Command {
  const program = new Command("quetzal")
    .description("Launch virtual machines and watch and drive them live. Without a command: the dashboard.")
    .version(version, "-V, --version")
    .addOption(new Option("-o, --output <format>", "how answers are printed").choices([...OUTPUT_FORMATS]).default("table"))
    .option("--context <context>", "the server of this context of config.yaml")
    .addOption(new Option("--color <when>", "colours of what is printed").choices(["auto", "always", "never"]).default("auto"))
    .helpCommand(false)
    .addHelpText("after", AFTER_HELP)
    .showSuggestionAfterError();
  const grammar = new Grammar(() => {
    const { output, context, color } = program.opts<{ output: OutputFormat; context?: string; color: ColourWish }>();
    return makeContext(output, { context, colour: color });
  });
  addDashboard(program, grammar);
  addVmCommands(program, grammar);
  addMemory(program, grammar);
  addCpu(program, grammar);
  addHosts(program, grammar);
  addOperations(program, grammar);
  addTop(program, grammar);
  addEvents(program, grammar);
  addFigures(program, grammar);
  addAudit(program, grammar);
  addAlerts(program, grammar);
  addConsole(program, grammar);
  addApply(program, grammar);
  addTokens(program, grammar);
  addSettings(program, grammar);
  addGraphql(program, grammar);
  addSelf(program, grammar);
  // A word that is no command comes to the dashboard as an argument, which refuses it in better words. Only now: the commands
  // above would inherit it, and pass over what they do not understand.
  program.allowExcessArguments();
  for (const command of everyCommand(program)) {
    command.configureOutput({ outputError: () => undefined }).helpCommand(false).exitOverride((error) => {
      whose.set(error, command);
      throw error;
    });
  }
  return program;
}

export function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** Which command each complaint is about: the library does not say. */
const whose = new WeakMap<CommanderError, Command>();

/** commander's complaint as a failure of ours, with where to read on; undefined for help and version, which are no failures. */
export function fromCommander(error: CommanderError): CommandError | undefined {
  if (error.exitCode === 0) return undefined;
  const command = whose.get(error);
  const path = command === undefined ? "quetzal" : pathOf(command);
  return new CommandError(EXIT.usage, "Usage", `${complaint(error, command, path).replace(/\.?$/, ".")} See '${path} --help'.`);
}

function complaint(error: CommanderError, command: Command | undefined, path: string): string {
  if (error.code === "commander.help") return "A command is missing";
  if (error.code === "commander.excessArguments" && command !== undefined) return tooMany(command, path);
  return error.message.replace(/^error: /, "").replaceAll("\n", " ").trim();
}

function tooMany(command: Command, path: string): string {
  const taken = command.registeredArguments.map((argument) => `<${argument.name()}>`);
  const [extra = ""] = command.args.slice(taken.length);
  const word = sanitise(extra);
  const text = `too many arguments for '${path}', which takes ${taken.length === 0 ? "none" : taken.join(" ")}: "${word}"`;
  const searches = taken.length === 0 && command.options.some(({ long }) => long === "--search");
  const showing = command.parent?.commands.some((one) => one.name() === "show") ? `${pathOf(command.parent)} show` : "quetzal vm show";
  return searches ? `${text}. --search ${word} lists those with it in id or name, '${showing} ${word}' shows one` : text;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
