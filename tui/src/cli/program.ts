// The command line's grammar: every command, argument and option with its help. What a command does is imported when it
// runs, so that one command's start does not pay for the others.
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { CommandContext, OutputFormat } from "./context.js";
import type { Choices } from "../config.js";
import type { PutRuleOptions } from "./alerts.js";
import { CommandError, EXIT } from "./exit.js";
import { parseSpan } from "./span.js";
import type { ColourWish } from "../terminal-kind.js";
import type { VmState } from "./vm-state.js";

/** Makes the context once the global options are known. */
export type ContextMaker = (format: OutputFormat, choices: Choices) => CommandContext;

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 not found, 4 refused as things are now,
5 server, database or host unreachable, 6 not allowed.
Environment: QUETZAL_URL and QUETZAL_TOKEN (another server), QUETZAL_CONTEXT (one of config.yaml),
QUETZAL_STATE_DIR, NO_COLOR. Settings: 'quetzal config path'.`;

const VM_STATES: readonly VmState[] = ["DEFINED", "STARTING", "RUNNING", "PAUSED", "STOPPING", "STOPPED", "MIGRATING", "CRASHED"];
/** How long --wait waits unless told otherwise: a slow host boots its guest well within. */
const DEFAULT_WAIT_SECONDS = 120;
/** How long a guest gets to power down: the API's default. */
const DEFAULT_STOP_SECONDS = 60;
/** Events and operations listed unless told otherwise: a screen or two. */
const DEFAULT_LAST = 50;
/** What `explain` looks at unless told otherwise: 10 minutes hold what made somebody ask. */
const DEFAULT_EXPLAINED_SECONDS = 600;
/** Largest count that can be asked for. */
const MAX_COUNT = 1_000_000;

export function buildProgram(version: string, makeContext: ContextMaker): Command {
  const program = new Command("quetzal")
    .description("Launch virtual machines and watch and drive them live. Without a command: the dashboard.")
    .version(version, "-V, --version")
    .addOption(new Option("-o, --output <format>", "how answers are printed").choices(["table", "json"]).default("table"))
    .option("--context <name>", "the server of this context of config.yaml")
    .addOption(new Option("--color <when>", "colours of what is printed").choices(["auto", "always", "never"]).default("auto"))
    .addHelpText("after", EXIT_CODES)
    .showSuggestionAfterError();
  const context = (): CommandContext => {
    const { output, context: name, color } = program.opts<{ output: OutputFormat; context?: string; color: ColourWish }>();
    return makeContext(output, { context: name, colour: color });
  };
  addDashboard(program, context);
  addVmCommands(program, context);
  addConsole(program, context);
  addApply(program, context);
  addWatchCommands(program, context);
  addExplain(program, context);
  addAudit(program, context);
  addAlertCommands(program, context);
  addTokenCommands(program, context);
  addSettingsCommands(program, context);
  addGraphql(program, context);
  for (const command of everyCommand(program)) {
    command.exitOverride().configureOutput({ outputError: () => undefined });
    if (command !== program) command.addOption(outputOption(program));
  }
  return program;
}

/** -o is understood after the command too, where most people write it. */
function outputOption(program: Command): Option {
  return new Option("-o, --output <format>", "how answers are printed").argParser((value: string) => {
    if (value !== "table" && value !== "json") throw new InvalidArgumentError("Allowed choices are table, json.");
    program.setOptionValue("output", value);
    return value;
  });
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

type Context = () => CommandContext;

function addDashboard(program: Command, context: Context): void {
  program.action(async () => (await import("./dashboard.js")).openDashboard(context()));
  program
    .command("top")
    .description("The dashboard; with --plain one frame of it as text")
    .option("--plain", "print one frame as plain text and end")
    .action(async (options: { plain?: boolean }) => {
      const { openDashboard, printPlainFrame } = await import("./dashboard.js");
      if (options.plain) await printPlainFrame(context());
      else await openDashboard(context());
    });
}

function addVmCommands(program: Command, context: Context): void {
  const vm = program.command("vm").description("Virtual machines");
  vm.command("ls")
    .description("List VMs with their newest figures")
    .option("--state <state...>", "only these states", parseStates)
    .option("--filter <text>", "only what a filter finds, e.g. 'state:running cpu>50 label=web'")
    .option("-l, --label <label...>", "only with these labels, each key or key=value")
    .option("--search <text>", "only with this in the id or name")
    .action(async (options: { state?: VmState[]; label?: string[]; search?: string; filter?: string }) => (await import("./vm-list.js")).listVms(context(), options));
  vm.command("show").description("Show one VM in full").argument("<id>").action(async (id: string) => (await import("./vm-show.js")).showVm(context(), id));
  vm.command("versions").description("The definitions a VM has and had, newest first").argument("<id>")
    .option("--last <count>", "how many of the newest", parseCount, DEFAULT_LAST)
    .option("--generation <generation>", "print the definition of this generation")
    .action(async (id: string, options: { last: number; generation?: string }) => (await import("./vm-versions.js")).listVersions(context(), id, options));
  const plain = { start: "Power on", "force-off": "Cut the power at once", reset: "Press the reset button", pause: "Stop the CPUs; memory stays", resume: "Let a paused VM run on" } as const;
  for (const [verb, description] of Object.entries(plain) as [keyof typeof plain, string][]) {
    verbOptions(vm.command(verb).description(description).argument("<id...>")).action(async (ids: string[], options: { timeout: number }) =>
      (await import("./vm-verbs.js")).driveVm(context(), verb, ids, options),
    );
  }
  verbOptions(vm.command("stop").description("Ask the guest to power down").argument("<id...>"), "time the guest gets", DEFAULT_STOP_SECONDS)
    .option("--force", "cut the power when that time is over")
    .action(async (ids: string[], options: { timeout: number; force?: boolean }) => (await import("./vm-verbs.js")).stopVm(context(), ids, options));
  verbOptions(vm.command("delete").description("Delete a stopped VM, after its name was typed").argument("<id>"))
    .option("--disks", "delete its disks too")
    .option("-y, --yes", "do not ask for the name")
    .action(async (id: string, options: { timeout: number; disks?: boolean; yes?: boolean }) => (await import("./vm-verbs.js")).deleteVm(context(), id, options));
  eventOptions(vm.command("events").description("What happened to a VM").argument("<id>")).action(async (id: string, options: EventFlags) =>
    (await import("./events.js")).listEvents(context(), { ...options, vm: id }),
  );
}

function verbOptions(command: Command, timeout = "longest wait of --wait", seconds = DEFAULT_WAIT_SECONDS): Command {
  return command
    .option("--wait", "wait until it is done")
    .option("--timeout <seconds>", timeout, parseCount, seconds)
    .option("--dry-run", "only say whether it would be accepted");
}

function addConsole(program: Command, context: Context): void {
  program
    .command("console")
    .description("A VM's serial console; Ctrl-] leaves")
    .argument("<id>")
    .addOption(new Option("--port <port>", "serial port").choices(["ttyS0", "hvc0"]).default("ttyS0"))
    .option("--read-only", "only watch")
    .option("--take", "take the pen from whoever writes")
    .action(async (id: string, options: { port: "ttyS0" | "hvc0"; readOnly?: boolean; take?: boolean }) => {
      if (options.readOnly && options.take) throw new CommandError(EXIT.usage, "Usage", "--read-only and --take exclude each other.");
      await (await import("./console.js")).openConsole(context(), id, options);
    });
}

function addApply(program: Command, context: Context): void {
  program
    .command("apply")
    .description("Define VMs from folders with config.json and network.conf, folders of such, or JSON files")
    .argument("<path...>")
    .option("--dry-run", "only say what would change")
    .action(async (paths: string[], options: { dryRun?: boolean }) => (await import("./apply.js")).applyPaths(context(), paths, options));
}

interface EventFlags {
  readonly after?: string;
  readonly last: number;
  readonly follow?: boolean;
}

function eventOptions(command: Command): Command {
  return command
    .option("--after <cursor>", "only what follows this cursor", parseCursor)
    .option("--last <count>", "how many of the newest", parseCount, DEFAULT_LAST)
    .option("-f, --follow", "go on with what happens");
}

function addWatchCommands(program: Command, context: Context): void {
  eventOptions(program.command("events").description("What happened, to all"))
    .option("--vm <id>", "only about this VM")
    .action(async (options: EventFlags & { vm?: string }) => (await import("./events.js")).listEvents(context(), options));
  program.command("host").description("Hosts, their figures and capabilities").action(async () => (await import("./host.js")).showHosts(context()));
  const operations = program
    .command("operations")
    .description("What was asked for and how far it is")
    .option("--vm <id>", "only of this VM")
    .option("--running", "only those under way")
    .option("--last <count>", "how many of the newest", parseCount, DEFAULT_LAST)
    .action(async (options: { vm?: string; running?: boolean; last: number }) => (await import("./operations.js")).listOperations(context(), options));
  verbOptions(program.command("undo").description("Undo an operation; without one, the newest of yours that can be").argument("[operation]"))
    .option("-y, --yes", "do not ask which")
    .action(async (operation: string | undefined, options: { timeout: number; yes?: boolean }) => (await import("./undo.js")).undo(context(), operation, options));
  operations.command("cancel").description("Cancel an operation").argument("<id>").action(async (id: string) => (await import("./operations.js")).cancelOperation(context(), id));
}

function addExplain(program: Command, context: Context): void {
  program
    .command("explain")
    .description("Why a VM is slow: causes ranked by evidence, each with its figure, threshold and advice")
    .argument("<id>")
    .option("--range <span>", "how far back to look, e.g. 90s, 10m, 2h", parseSpan, DEFAULT_EXPLAINED_SECONDS)
    .action(async (id: string, options: { range: number }) => (await import("./explain.js")).explainVm(context(), id, options));
}

function addAudit(program: Command, context: Context): void {
  program
    .command("audit")
    .description("Who did or tried what, and what came of it, newest first (administrators)")
    .option("--actor <token>", "only what the token of this name did")
    .option("--vm <id>", "only what was meant for this VM")
    .option("--last <count>", "how many of the newest", parseCount, DEFAULT_LAST)
    .action(async (options: { actor?: string; vm?: string; last: number }) => (await import("./audit.js")).showAudit(context(), options));
}

function addAlertCommands(program: Command, context: Context): void {
  const alert = program.command("alert").description("Alerts, and the rules that raise them");
  alert.command("ls").description("List what fires now").action(async () => (await import("./alerts.js")).listAlerts(context()));
  alert.command("rules").description("List the rules").action(async () => (await import("./alerts.js")).listRules(context()));
  alert
    .command("put")
    .description("Make a rule, or change what is said of one")
    .argument("<id>")
    .option("--where <filter>", "its condition, e.g. 'guest.available<10%'")
    .option("--name <text>", "its name for people; the id unless told otherwise")
    .option("--for <seconds>", "seconds that a VM must pass before it is raised", parseWhole)
    .addOption(new Option("--severity <severity>", "how much it matters").choices(["warning", "critical"]))
    .option("--enable", "look at it")
    .option("--disable", "keep it, but do not look at it")
    .option("--dry-run", "only say what it would be, and how many VMs pass now")
    .action(async (id: string, options: PutRuleOptions) => (await import("./alerts.js")).putRule(context(), id, options));
  alert
    .command("rm")
    .description("Delete a rule; what it fires is over")
    .argument("<id>")
    .option("--dry-run", "only say what would end with it")
    .action(async (id: string, options: { dryRun?: boolean }) => (await import("./alerts.js")).removeRule(context(), id, options));
}

function addTokenCommands(program: Command, context: Context): void {
  const token = program.command("token").description("Tokens of people and programs");
  token.command("ls").description("List tokens, without secrets").action(async () => (await import("./tokens.js")).listTokens(context()));
  token
    .command("create")
    .description("Make a token and print its secret, once")
    .argument("<name>")
    .addOption(new Option("--role <role>", "what it may do").choices(["viewer", "operator", "admin"]).default("viewer"))
    .option("--days <count>", "days until it expires", parseCount)
    .action(async (name: string, options: { role: "viewer" | "operator" | "admin"; days?: number }) => (await import("./tokens.js")).createToken(context(), name, options));
  token.command("revoke").description("Revoke a token at once").argument("<name or id>").action(async (name: string) => (await import("./tokens.js")).revokeToken(context(), name));
}

function addSettingsCommands(program: Command, context: Context): void {
  const config = program.command("config").description("The settings file config.yaml");
  config.command("path").description("Print where it is").action(async () => (await import("./settings.js")).printConfigPath(context()));
  config.command("check").description("Name every line that is wrong").action(async () => (await import("./settings.js")).checkConfig(context()));
  config.command("example").description("Print one with every setting there is").action(async () => (await import("./settings.js")).printConfigExample(context()));
  const contexts = program.command("context").description("Servers of config.yaml");
  contexts.command("ls").description("List them; * is the one in use").action(async () => (await import("./settings.js")).listContexts(context()));
  contexts.command("use").description("Use another from now on").argument("<name>").action(async (name: string) => (await import("./settings.js")).useContext(context(), name));
}

function addGraphql(program: Command, context: Context): void {
  program
    .command("graphql")
    .description("Run a GraphQL query, mutation or subscription; - reads it from standard input")
    .argument("<query>")
    .option("--variables <json>", "its variables as a JSON object")
    .action(async (query: string, options: { variables?: string }) => (await import("./graphql.js")).runGraphql(context(), query, options));
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > MAX_COUNT) throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_COUNT}.`);
  return count;
}

/** 0 is a count too; the server knows the most there may be. */
function parseWhole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Give a whole number from 0.");
  return Number(text);
}

function parseCursor(text: string): string {
  if (!/^\d{1,19}$/.test(text)) throw new InvalidArgumentError("Give a cursor as 'quetzal events' prints it: a whole number.");
  return text;
}

function parseStates(text: string, earlier: VmState[] | undefined): VmState[] {
  const state = VM_STATES.find((known) => known === text.toUpperCase());
  if (state === undefined) throw new InvalidArgumentError(`States are ${VM_STATES.join(", ").toLowerCase()}.`);
  return [...(earlier ?? []), state];
}

/** commander's complaint as a failure of ours; undefined for help and version, which are no failures. */
export function fromCommander(error: CommanderError): CommandError | undefined {
  if (error.exitCode === 0) return undefined;
  const sentence = error.message.replace(/^error: /, "").replaceAll("\n", " ").trim();
  const text = error.code === "commander.help" ? "A command is missing" : sentence;
  return new CommandError(EXIT.usage, "Usage", `${text.replace(/\.?$/, ".")} See 'quetzal --help'.`);
}
