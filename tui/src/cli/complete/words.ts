// Where in the command tree a half-typed line stands, and what could come next. Pure: the tree says what each place takes
// by the word in its angle brackets; who asks fetches the names.
import type { Command, Option } from "commander";

export interface Candidate {
  readonly text: string;
  readonly about: string;
}

/** What belongs where the last word stands. */
export type Place =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "option"; readonly command: Command }
  /** Known beforehand. */
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  /** By the word in angle brackets: vm, host, operation, file, columns, … */
  | { readonly kind: "named"; readonly name: string; readonly command: Command };

export interface Spot {
  readonly place: Place;
  /** What of the last word is there already and is to be completed. */
  readonly typed: string;
  /** What stands before it in the same word, such as "--output=". */
  readonly before: string;
  /** The words given to the command so far, without options. */
  readonly given: readonly string[];
}

/** `words` are those after the program's name; the last is the one to complete, perhaps empty. */
export function spotOf(program: Command, words: readonly string[]): Spot {
  const typed = words.at(-1) ?? "";
  let command = program;
  let given: string[] = [];
  let isLiteral = false;
  let awaiting: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (awaiting !== undefined) awaiting = undefined;
    else if (isLiteral || !word.startsWith("-") || word === "-") {
      const next = isLiteral ? undefined : subcommand(command, word);
      if (next !== undefined && given.length === 0) command = next;
      else given = [...given, word];
    } else if (word === "--") isLiteral = true;
    else if (!word.includes("=")) awaiting = takingValue(optionNamed(program, command, word));
  }
  if (awaiting !== undefined) return { place: optionValue(awaiting, command), typed, before: "", given };
  if (!isLiteral && typed.startsWith("-")) return optionSpot(program, command, typed, given);
  return { place: argumentPlace(command, given.length), typed, before: "", given };
}

function optionSpot(program: Command, command: Command, typed: string, given: readonly string[]): Spot {
  const equals = typed.indexOf("=");
  const option = equals < 0 ? undefined : takingValue(optionNamed(program, command, typed.slice(0, equals)));
  if (option === undefined) return { place: { kind: "option", command }, typed, before: "", given };
  return { place: optionValue(option, command), typed: typed.slice(equals + 1), before: typed.slice(0, equals + 1), given };
}

function subcommand(command: Command, word: string): Command | undefined {
  return command.commands.find((one) => one.name() === word || one.aliases().includes(word));
}

function optionNamed(program: Command, command: Command, flag: string): Option | undefined {
  return [...command.options, ...program.options].find((option) => option.long === flag || option.short === flag);
}

function takingValue(option: Option | undefined): Option | undefined {
  return option !== undefined && (option.required || option.optional) ? option : undefined;
}

function optionValue(option: Option, command: Command): Place {
  if (option.argChoices !== undefined) return { kind: "choices", choices: option.argChoices };
  return { kind: "named", name: /[<[]([a-z]+)/.exec(option.flags)?.[1] ?? "", command };
}

function argumentPlace(command: Command, index: number): Place {
  if (command.commands.length > 0 && index === 0) return { kind: "command", command };
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[index] ?? (last?.variadic ? last : undefined);
  if (argument === undefined) return { kind: "choices", choices: [] };
  return argument.argChoices === undefined ? { kind: "named", name: argument.name(), command } : { kind: "choices", choices: argument.argChoices };
}

/** Commands below one; with it those of its default command's place. */
export function commandsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== "help" || command.parent === null)
    .map((one) => ({ text: one.name(), about: firstSentence(one.description()) }));
}

/** Its options and the program's, each by its long name. */
export function optionsOf(program: Command, command: Command): Candidate[] {
  const options = new Map<string, Candidate>();
  for (const option of [...command.options, ...program.options]) {
    const text = option.long ?? option.short ?? "";
    if (!option.hidden && !options.has(text)) options.set(text, { text, about: firstSentence(option.description) });
  }
  options.set("--help", { text: "--help", about: "help on this command" });
  return [...options.values()];
}

function firstSentence(text: string): string {
  return text.split(/[;:] /)[0] ?? text;
}
