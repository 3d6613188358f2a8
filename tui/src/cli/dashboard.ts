// Opens the dashboard from the command line, or prints one frame of it as text. The dashboard itself is loaded here,
// and only here: no other command pays for it.
import type { EndpointSource } from "../client/endpoint.js";
import { ownFaultText } from "../own-fault.js";
import { whyNoPicture } from "../terminal-kind.js";
import type { CommandContext } from "./context.js";
import { PLAIN_VM_PAGES } from "../views/plain-pages.js";
import type { PlainPage } from "../views/plain-pages.js";
import { CommandError, EXIT } from "./exit.js";
import type { Instant } from "./grammar/parsers.js";
import { VERSION } from "./version.js";
import { vmNotFound } from "./vm/definition.js";

export async function openDashboard(context: CommandContext): Promise<void> {
  if (!context.outputIsTerminal || !context.inputIsTerminal) {
    throw new CommandError(EXIT.usage, "NeedsTerminal", "The dashboard needs a terminal: 'quetzal top --plain' prints one frame of it, 'quetzal --help' lists the commands.");
  }
  const { config } = context;
  const refusal = whyNoPicture(config.terminal);
  if (refusal !== null) throw new CommandError(EXIT.usage, "NeedsTerminal", refusal);
  const client = context.client();
  const { run } = await import("../dashboard.js");
  context.endWith(
    await run(client, {
      input: process.stdin,
      output: process.stdout,
      terminal: config.terminal,
      colours: config.colours,
      characters: config.characters,
      background: config.background,
      settings: config.settings,
      startFault: config.startFault,
      faultText: (error) => ownFaultText(error, config.logFile, VERSION),
      environment: config.environment,
      serverUrl: () => urlOf(config.endpoint),
      consoleCommand: (vmId) => [process.execPath, ...process.execArgv, process.argv[1] ?? "", "console", vmId],
    }),
  );
}

function urlOf(endpoint: EndpointSource): string | null {
  try {
    return endpoint().url;
  } catch {
    // Where the server is not known, a command that wants to know says so.
    return null;
  }
}

export interface PlainFlags { readonly page?: PlainPage; readonly vm?: string; readonly watch?: boolean; readonly interval: number; readonly at?: Instant }

const MS_PER_SECOND = 1_000;

/** What a host can do is known of now alone. */
const PAGES_OF_THEN: readonly PlainPage[] = ["overview", "vm", "why", "memory", "events", "operations", "alerts"];

function instantOf(instant: Instant, nowMs: number): number {
  const at = "at" in instant ? instant.at : nowMs - instant.agoSeconds * MS_PER_SECOND;
  if (at > nowMs) throw new CommandError(EXIT.usage, "Usage", `--at ${new Date(at).toISOString()} is yet to come: give an instant of the past, or leave --at out.`);
  return at;
}

/** A page as text, once or with what changes; a VM named without a page means its page. */
export async function printPlain(context: CommandContext, flags: PlainFlags): Promise<void> {
  if (context.format === "json") throw new CommandError(EXIT.usage, "Usage", "A plain frame is text: 'quetzal vm ls -o json' and 'quetzal host -o json' give its figures.");
  const page = flags.page ?? (flags.vm === undefined ? "overview" : "vm");
  const isOfOne = PLAIN_VM_PAGES.includes(page);
  if (isOfOne !== (flags.vm !== undefined)) throw new CommandError(EXIT.usage, "Usage", isOfOne ? `The page ${page} needs --vm ID.` : `The page ${page} is about all VMs: leave --vm out.`);
  const at = flags.at === undefined ? undefined : instantOf(flags.at, context.nowMs());
  if (at !== undefined && flags.watch) throw new CommandError(EXIT.usage, "Usage", "--at and --watch exclude each other: the past does not change.");
  if (at !== undefined && !PAGES_OF_THEN.includes(page)) throw new CommandError(EXIT.usage, "Usage", `Of the page ${page} the past is not kept: --at is for ${PAGES_OF_THEN.join(", ")}.`);
  const { plain, plainAt, watchPlain } = await import("../plain.js");
  const options = { page, now: () => context.nowMs(), ...(flags.vm === undefined ? {} : { vmId: flags.vm }) };
  const client = context.client();
  let isKnown = false;
  if (flags.watch === true) {
    for await (const text of watchPlain(client, { ...options, everyMs: flags.interval * MS_PER_SECOND, signal: context.signal })) {
      isKnown = true;
      await context.print(text.trimEnd());
    }
  } else {
    const text = at === undefined ? await plain(client, options) : await plainAt(client, { ...options, at });
    isKnown = text !== null;
    if (text !== null) await context.print(text.trimEnd());
  }
  if (!isKnown && flags.vm !== undefined) throw vmNotFound(flags.vm);
}
