// `quetzal man`: the manual page, in the macros of man(7), from the same tree as help and completion.
import type { Command } from "commander";
import { wrapped } from "../wrap.js";
import type { CommandContext } from "./context.js";
import { EXIT_MEANINGS } from "./exit.js";
import { OUTPUT_TOPIC, SELECTORS_TOPIC } from "./topics.js";
import type { Topic } from "./topics.js";

export async function printManual(context: CommandContext, program: Command): Promise<void> {
  await context.print(manualPage(program).trimEnd());
}

export function manualPage(program: Command): string {
  const lines = [
    `.TH QUETZAL 1 "" "QuetzalCore ${escaped(program.version() ?? "")}" "User Commands"`,
    ".SH NAME",
    "quetzal \\- launch virtual machines and watch and drive them live",
    ".SH SYNOPSIS",
    ".B quetzal",
    "[\\fIoptions\\fR] [\\fIcommand\\fR]",
    ".SH DESCRIPTION",
    "Without a command it opens the dashboard, which needs a terminal.",
    ...section("OPTIONS", [...optionLines(program), ...definition("-h, --help", "help on a command")]),
    ...section("COMMANDS", leaves(program).flatMap((command) => commandLines(command))),
    ...topicSection(OUTPUT_TOPIC),
    ...topicSection(SELECTORS_TOPIC),
    ...section("EXIT STATUS", EXIT_MEANINGS.flatMap(([code, meaning]) => definition(String(code), meaning))),
    ...section("ENVIRONMENT", ENVIRONMENT.flatMap(([name, meaning]) => definition(name, meaning))),
    ...section("FILES", FILES.flatMap(([name, meaning]) => definition(name, meaning))),
    ...section("EXAMPLES", EXAMPLES.flatMap(([text, command]) => [".TP", escaped(text), `.B ${escaped(command)}`])),
  ];
  return `${lines.join("\n")}\n`;
}

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["QUETZAL_URL, QUETZAL_TOKEN", "another server, and the token to show it"],
  ["QUETZAL_CONTEXT", "the server of this context of config.yaml"],
  ["QUETZAL_STATE_DIR", "where this machine's own server keeps its state"],
  ["VISUAL, EDITOR", "the editor of 'quetzal vm edit'; on a terminal vi or nano where neither is set"],
  ["NO_COLOR", "forbids colours"],
];

const FILES: readonly (readonly [string, string])[] = [
  ["~/.config/quetzal/config.yaml", "keys, columns, themes and contexts; 'quetzal config example' prints one"],
  ["/var/lib/quetzal, /run/quetzal", "state of the machine's server, for root"],
  ["~/.local/state/quetzal", "the same for other users"],
];

const EXAMPLES: readonly (readonly [string, string])[] = [
  ["The busiest VMs that run:", "quetzal vm ls --filter 'state:running cpu>50' --sort -cpu -o wide"],
  ["Stop all with a label, at most two minutes, and wait:", "quetzal vm stop -l tier=web --grace 2m --force --wait"],
  ["What deleting would do:", "quetzal vm delete --state stopped --dry-run"],
  ["The last hour's figures for a spreadsheet:", "quetzal metrics web-1 --range 1h --step 10s -o csv"],
  ["Events from where a script left off:", "quetzal events --follow --after 1742 -o json"],
];

function leaves(command: Command): Command[] {
  const below = command.createHelp().visibleCommands(command).filter((one) => one.name() !== "help" || command.parent === null);
  return below.flatMap((one) => (one.commands.length > 0 ? leaves(one) : [one]));
}

function commandLines(command: Command): string[] {
  const names: string[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name());
  const args = command.registeredArguments.map((argument) => {
    const name = `\\fI${escaped(argument.name())}\\fR${argument.variadic ? "..." : ""}`;
    return argument.required ? name : `[${name}]`;
  });
  const lines = [`.SS "${escaped(names.join(" "))}"`, `.B ${escaped(names.join(" "))}`, ...(args.length > 0 ? [args.join(" ")] : []), ".PP", ...prose(`${command.description()}.`)];
  return [...lines, ...command.registeredArguments.flatMap((argument) => (argument.description === "" ? [] : definition(argument.name(), argument.description))), ...optionLines(command)];
}

function optionLines(command: Command): string[] {
  return command.options.flatMap((option) => {
    const choices = option.argChoices === undefined ? "" : ` (${option.argChoices.join(", ")})`;
    return option.hidden ? [] : definition(option.flags, `${option.description}${choices}`);
  });
}

function definition(term: string, text: string): string[] {
  return [".TP", `.B ${escaped(term)}`, ...prose(text)];
}

function section(title: string, lines: readonly string[]): string[] {
  return [`.SH ${/ /.test(title) ? `"${title}"` : title}`, ...lines];
}

function topicSection({ title, paragraphs }: Topic): string[] {
  return section(title.toUpperCase(), paragraphs.flatMap((text, index) => (text.startsWith(" ") ? [".PP", ".nf", ...text.split("\n").map((line) => escaped(line.slice(1))), ".fi"] : [...(index === 0 ? [] : [".PP"]), ...prose(text)])));
}

/** Wide enough for a page, short enough to read a difference of two versions. */
const SOURCE_WIDTH = 78;

function prose(text: string): string[] {
  return wrapped(escaped(text), SOURCE_WIDTH).map((line) => line.replace(/^\./, "\\&."));
}

/** Backslashes, dashes and quotes are what is typed, and no line begins a request. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq").replaceAll("'", "\\(aq").replaceAll("~", "\\(ti").replaceAll("^", "\\(ha").replace(/^\./, "\\&.");
}
