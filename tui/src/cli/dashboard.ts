// Opens the dashboard from the command line, or prints one frame of it as text. The dashboard itself is loaded here,
// and only here: no other command pays for it.
import type { EndpointSource } from "../client/endpoint.js";
import { whyNoPicture } from "../terminal-kind.js";
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";

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

export async function printPlainFrame(context: CommandContext): Promise<void> {
  if (context.format === "json") throw new CommandError(EXIT.usage, "Usage", "A plain frame is text: 'quetzal vm ls -o json' and 'quetzal host -o json' give its figures.");
  const { plain } = await import("../dashboard.js");
  await context.print((await plain(context.client(), () => context.nowMs())).trimEnd());
}
