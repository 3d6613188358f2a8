// What every command is given: the client, where to write, and how. Commands know no process, environment or stream.
import type { Client } from "../client/client.js";
import type { Config } from "../config.js";
import { sanitise } from "../format.js";
import type { OutputFormat } from "./output/formats.js";

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
  /** Rows of the terminal that standard output is. */
  rows(): number;
  /** Writes a line of advice or progress to standard error; silent with -o json and yaml. */
  note(line: string): void;
  /** Shows how far long work is, on one line of a terminal's standard error; null takes it away. Elsewhere nothing. */
  progress(line: string | null): void;
  /** Asks a person for a line, on standard error. */
  ask(question: string): Promise<string>;
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

/** The nearest of the 256 colours to Okabe and Ito's, which colour-blind eyes tell apart. */
const COLOUR_CODES: Readonly<Record<Colour, string>> = {
  green: "38;5;36",
  blue: "38;5;74",
  grey: "38;5;245",
  yellow: "38;5;178",
  vermilion: "38;5;166",
  orange: "38;5;214",
};

export function painter(use: "colours" | "plain"): CommandContext["paint"] {
  return (colour, text) => (use === "colours" ? `\x1b[${COLOUR_CODES[colour]}m${text}\x1b[0m` : text);
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
