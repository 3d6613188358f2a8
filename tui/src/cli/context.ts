// What every command is given: the client, where to write, and how. Commands know no process, environment or stream.
import type { Client } from "../client/client.js";
import type { Config } from "../config.js";
import { sanitise } from "../format.js";
import type { OutputFormat } from "./output/formats.js";
import type { ColourDepth } from "../terminal-kind.js";
import type { Role } from "../views/frame.js";
import { paletteFor } from "../views/palettes.js";
import { foregroundCode } from "../views/sgr.js";

export interface CommandContext {
  readonly config: Config;
  readonly format: OutputFormat;
  /** Whether a person reads standard output. */
  readonly outputIsTerminal: boolean;
  /** Whether a person can be asked. */
  readonly inputIsTerminal: boolean;
  /** Opened at the first use. */
  client(): Client;
  /** Writes a line to standard output; waits while it is full. */
  print(line: string): Promise<void>;
  /** Writes text that is no line, for a command that paints a terminal. */
  write(text: string): Promise<void>;
  /** Of the terminal that standard output is. */
  size(): { readonly rows: number; readonly columns: number };
  /** Writes a line of advice or progress to standard error; silent with -o json and yaml. */
  note(line: string): void;
  /** Shows how far long work is, on one line of a terminal's standard error; null takes it away. Elsewhere nothing. */
  progress(line: string | null): void;
  /** Asks a person for a line, on standard error. */
  ask(question: string): Promise<string>;
  /** Tells each key as it is pressed on the terminal, unseen, until it is disposed of; Ctrl-C and Ctrl-Z do what they do elsewhere. */
  onKey(listener: (key: string) => void): Disposable;
  /** Standard input to its end. */
  readInput(): Promise<string>;
  /** Colours a text, or not, as the terminal allows. */
  readonly paint: (colour: Colour, text: string) => string;
  nowMs(): number;
  /** Sets the exit code of a command that ended well but chose another than 0. */
  endWith(exitCode: number): void;
  /** What starts this program again: for scripts that call it. */
  readonly program: readonly string[];
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export type Colour = "green" | "blue" | "grey" | "yellow" | "vermilion" | "orange";

/** What each stands for: the command line wears the dashboard's colours. */
const ROLE_OF: Readonly<Record<Colour, Role>> = { green: "running", blue: "paused", grey: "stopped", yellow: "between", vermilion: "crashed", orange: "attention" };

export function painter(depth: ColourDepth, background: "light" | "dark" = "dark"): CommandContext["paint"] {
  if (depth === "none") return (_colour, text) => text;
  const { colours } = paletteFor(background);
  return (colour, text) => `\x1b[${foregroundCode(colours[ROLE_OF[colour]], depth)}m${text}\x1b[0m`;
}

const announcing = new WeakSet<CommandContext>();

/** Says when a connection is lost, and when it is back: a command that waits must not seem to hang. */
export function noteOutages(context: CommandContext): void {
  if (announcing.has(context)) return;
  announcing.add(context);
  let isLost = false;
  context.client().onStatus((status) => {
    if (status.state === "waiting" && !isLost) context.note(`The connection to the server is lost (${sanitise(status.reason ?? "unknown")}); reconnecting.`);
    if (status.state === "connected" && isLost) context.note("Connected again.");
    isLost = status.state === "waiting";
  });
}
