// The grammar of the dashboard, consoles, definitions in files, tokens, GraphQL, and of the program itself.
import { Option } from "commander";
import type { Command } from "commander";
import { CommandError, EXIT } from "../exit.js";
import type { GraphqlOptions } from "../graphql.js";
import type { ListFlags } from "../output/listing.js";
import { listOptions } from "./grammar.js";
import type { Grammar } from "./grammar.js";
import { collect, parseCount } from "./parsers.js";

export function addConsole(program: Command, grammar: Grammar): void {
  const console = program
    .command("console")
    .description("A VM's serial console; Ctrl-] leaves")
    .argument("<vm>", "id")
    .addOption(new Option("--port <port>", "serial port").choices(["ttyS0", "hvc0"]).default("ttyS0"))
    .option("--read-only", "only watch")
    .option("--take", "take the pen from whoever writes");
  grammar.runs(console, "text", async (context, id: string, options: { port: "ttyS0" | "hvc0"; readOnly?: boolean; take?: boolean }) => {
    if (options.readOnly && options.take) throw new CommandError(EXIT.usage, "Usage", "--read-only and --take exclude each other.");
    await (await import("../console.js")).openConsole(context, id, options);
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
