// Opens the dashboard from the command line, or prints one frame of it as text. The dashboard itself is loaded here,
// and only here: no other command pays for it.
import type { CommandContext } from "./context.js";
import { CommandError, EXIT } from "./exit.js";

export async function openDashboard(context: CommandContext): Promise<void> {
  if (!context.outputIsTerminal || !context.inputIsTerminal) {
    throw new CommandError(EXIT.usage, "NeedsTerminal", "The dashboard needs a terminal: 'quetzal top --plain' prints one frame of it, 'quetzal --help' lists the commands.");
  }
  const { run } = await import("../dashboard.js");
  const { config } = context;
  context.endWith(
    await run(context.client(), {
      input: process.stdin,
      output: process.stdout,
      terminal: config.terminal,
      colours: config.colours,
      characters: config.characters,
      environment: config.environment,
      consoleCommand: (vmId) => [process.execPath, ...process.execArgv, process.argv[1] ?? "", "console", vmId],
    }),
  );
}

export async function printPlainFrame(context: CommandContext): Promise<void> {
  if (context.format === "json") throw new CommandError(EXIT.usage, "Usage", "A plain frame is text: 'quetzal vm ls -o json' and 'quetzal host -o json' give its figures.");
  const { plain } = await import("../dashboard.js");
  await context.print((await plain(context.client(), () => context.nowMs())).trimEnd());
}
