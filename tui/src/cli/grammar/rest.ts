// The grammar of the dashboard, consoles, definitions in files, tokens, GraphQL, and of the program itself.
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { PLAIN_PAGES, plainPageNamed } from "../../views/plain-pages.js";
import type { PlainPage } from "../../views/plain-pages.js";
import type { CommandContext } from "../context.js";
import type { PlainFlags } from "../dashboard.js";
import { CommandError, EXIT } from "../exit.js";
import type { GraphqlOptions } from "../graphql.js";
import type { ListFlags } from "../output/listing.js";
import { listOptions } from "./grammar.js";
import type { Grammar } from "./grammar.js";
import { collect, parseCount, parseInstant, parseTime } from "./parsers.js";

/** Also what runs without a command. */
export function addDashboard(program: Command, grammar: Grammar): void {
  grammar.runs(program, "text", async (context) => {
    if (program.args.length > 0) refuseUnknownCommand(program);
    await (await import("../dashboard.js")).openDashboard(context);
  });
  const dashboard = plainOptions(program.command("dashboard").description("The dashboard; with --plain a page of it as text"));
  grammar.runs(dashboard, "text", async (context, options: PlainOptions) => {
    if (!(await wentPlain(context, options))) await (await import("../dashboard.js")).openDashboard(context);
  });
}

/** Only a command that does nothing itself says this: one with the same commands is asked for the words. */
function refuseUnknownCommand(program: Command): void {
  const names = program.createCommand(program.name()).exitOverride().configureOutput({ outputError: () => undefined }).helpCommand(false).showSuggestionAfterError();
  for (const command of program.commands) names.command(command.name());
  names.parse(program.args, { from: "user" });
}

/** How often a plain page is looked at again: a screen reader needs its time. */
const DEFAULT_PLAIN_SECONDS = 10;

export interface PlainOptions extends Omit<PlainFlags, "interval"> {
  readonly plain?: boolean;
  readonly interval?: number;
}

export function plainOptions(command: Command): Command {
  return command
    .option("--plain", "print a page of the dashboard as plain text")
    .addOption(new Option("--page <page>", "which page, with --plain").choices(PLAIN_PAGES).argParser(parsePlainPage))
    .option("--vm <vm>", "the page of this VM, with --plain")
    .option("--watch", "go on with what changes, with --plain")
    .option("--at <time>", "the page as it was then, with --plain: '2026-01-31 13:02:11' in UTC, or 10m ago", parseInstant)
    .option("--interval <time>", "from one look to the next", parseTime);
}

function parsePlainPage(name: string): PlainPage {
  const known = plainPageNamed(name);
  if ("page" in known) return known.page;
  throw new InvalidArgumentError(known.reason);
}

/** Prints a plain page where one was asked for; false where not. */
export async function wentPlain(context: CommandContext, options: PlainOptions): Promise<boolean> {
  if (options.plain) {
    await (await import("../dashboard.js")).printPlain(context, { ...options, interval: options.interval ?? DEFAULT_PLAIN_SECONDS });
    return true;
  }
  if (options.page !== undefined || options.vm !== undefined || options.watch || options.at !== undefined) throw new CommandError(EXIT.usage, "Usage", "--page, --vm, --watch and --at are for --plain: give it too.");
  return false;
}

export function addSettings(program: Command, grammar: Grammar): void {
  const config = program.command("config").description("The settings file config.yaml");
  grammar.runs(config.command("path").description("Print where it is"), "text", async (context) => (await import("../settings.js")).printConfigPath(context));
  grammar.runs(config.command("check").description("Name every line that is wrong"), "outcome", async (context) => (await import("../settings.js")).checkConfig(context));
  grammar.runs(config.command("example").description("Print one with every setting there is"), "text", async (context) => (await import("../settings.js")).printConfigExample(context));
  const contexts = program.command("context").description("Servers of config.yaml");
  const ls = listOptions(contexts.command("ls", { isDefault: true }).alias("list").description("List them; * is the one in use"), async () => (await import("../settings.js")).CONTEXT_LISTING);
  grammar.runs(ls, "list", async (context, flags: ListFlags) => (await import("../settings.js")).listContexts(context, flags));
  const use = contexts.command("use").description("Use another from now on").argument("<context>", "its name");
  grammar.runs(use, "text", async (context, name: string) => (await import("../settings.js")).useContext(context, name));
}

export function addConsole(program: Command, grammar: Grammar): void {
  const console = program
    .command("console")
    .description("A VM's serial console; Ctrl-] leaves")
    .argument("<vm>", "id or name")
    .addOption(new Option("--port <port>", "serial port").choices(["ttyS0", "hvc0"]).default("ttyS0"))
    .option("--read-only", "only watch")
    .option("--take", "take the pen from whoever writes");
  grammar.runs(console, "text", async (context, name: string, options: { port: "ttyS0" | "hvc0"; readOnly?: boolean; take?: boolean }) => {
    if (options.readOnly && options.take) throw new CommandError(EXIT.usage, "Usage", "--read-only and --take exclude each other.");
    await (await import("../console.js")).openConsole(context, name, options);
  });
}

export function addApply(program: Command, grammar: Grammar): void {
  const apply = program
    .command("apply")
    .description("Define VMs from folders with config.json and network.conf, folders of such, or JSON files")
    .argument("<path...>", "folders or files")
    .option("--dry-run", "only say what would change");
  grammar.runs(apply, "outcome", async (context, paths: string[], options: { dryRun?: boolean }) => (await import("../apply.js")).applyPaths(context, paths, options));
}

export function addTokens(program: Command, grammar: Grammar): void {
  const token = program.command("token").description("Tokens of people and programs");
  const ls = listOptions(token.command("ls").alias("list").description("List tokens, without secrets"), async () => (await import("../tokens.js")).TOKEN_LISTING);
  grammar.runs(ls, "list", async (context, flags: ListFlags) => (await import("../tokens.js")).listTokens(context, flags));
  const create = token
    .command("create")
    .description("Make a token and print its secret, once")
    .argument("<name>")
    .addOption(new Option("--role <role>", "what it may do").choices(["viewer", "operator", "admin"]).default("viewer"))
    .option("--days <count>", "days until it expires", parseCount);
  grammar.runs(create, "outcome", async (context, name: string, options: { role: "viewer" | "operator" | "admin"; days?: number }) => (await import("../tokens.js")).createToken(context, name, options));
  const revoke = token.command("revoke").description("Revoke a token at once").argument("<token>", "name or id");
  grammar.runs(revoke, "outcome", async (context, name: string) => (await import("../tokens.js")).revokeToken(context, name));
}

export function addGraphql(program: Command, grammar: Grammar): void {
  const command = program
    .command("graphql")
    .description("Run a GraphQL query, mutation or subscription; - reads it from standard input")
    .argument("[query]")
    .option("-f, --file <file>", "read it from a file")
    .option("--variables <json>", "its variables as a JSON object")
    .option("--variable <name=value>", "one variable; a value that is JSON counts as such (repeatable)", collect);
  grammar.runs(command, "value", async (context, query: string | undefined, options: GraphqlOptions) => (await import("../graphql.js")).runGraphql(context, query, options));
}

export function addSelf(program: Command, grammar: Grammar): void {
  const help = program.command("help").description("Help on a command, or on exit-codes, output or selectors").argument("[topic...]", "a command or a topic");
  grammar.runs(help, "text", async (context, words: string[]) => (await import("../help.js")).printHelp(context, program, words));
  const completion = program.command("completion").description("Print a script that completes commands, options and the names of VMs").addArgument(program.createArgument("<shell>", "whose").choices(["bash", "zsh", "fish"]));
  grammar.runs(completion, "text", async (context, shell: "bash" | "zsh" | "fish") => (await import("../complete/scripts.js")).printScript(context, shell));
  const complete = program.command("complete", { hidden: true }).description("Print what could stand for the last word").argument("[words...]").allowUnknownOption();
  grammar.runs(complete, "text", async (context, words: string[]) => (await import("../complete/answer.js")).printCandidates(context, program, words));
  const man = program.command("man").description("Print the manual page, for man -l -");
  grammar.runs(man, "text", async (context) => (await import("../man.js")).printManual(context, program));
}
