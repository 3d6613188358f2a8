// Runs one command line: makes the context, turns every failure into one sentence on standard error and an exit code.
// The only file of cli/ (with console.ts) that touches the process.
import { once } from "node:events";
import { resolve } from "node:path";
import { isatty } from "node:tty";
import { CommanderError } from "commander";
import { createClient } from "../client/client.js";
import type { Client } from "../client/client.js";
import type { Config } from "../config.js";
import { sanitise } from "../format.js";
import { endByHangUp, isTerminalGone, startedOnTerminal } from "../hang-up.js";
import { ownFaultText } from "../own-fault.js";
import { painter } from "./context.js";
import type { CommandContext } from "./context.js";
import { jsonText } from "./output/encode.js";
import { isForPrograms } from "./output/formats.js";
import type { OutputFormat } from "./output/formats.js";
import { CommandError, EXIT, OwnFault, toCommandError } from "./exit.js";
import { buildProgram, fromCommander } from "./program.js";
import { VERSION } from "./version.js";
import { folded } from "../wrap.js";
import { listenForKeys } from "./keys-pressed.js";

/** What shells report for a program ended by a signal: 128 and its number. */
const SIGNAL_EXIT = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type EndSignal = keyof typeof SIGNAL_EXIT;

/** Its file descriptor; the stream is opened only by what reads it. */
const STANDARD_INPUT = 0;

export async function runCommandLine(args: readonly string[], config: Config): Promise<number> {
  const interruption = listenForSignals();
  listenForOwnFaults(config);
  quietBrokenPipes();
  const opened: Client[] = [];
  let exitCode: number = EXIT.ok;
  // Until the options are parsed, a glance tells how errors are wanted.
  let format: OutputFormat = wantsJson(args) ? "json" : "table";
  const program = buildProgram(VERSION, (chosen, choices) => {
    format = chosen;
    return makeContext(config.with(choices), chosen, opened, interruption.signal, (code) => (exitCode = code));
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return interruption.exitCode() ?? exitCode;
  } catch (error) {
    const interrupted = interruption.exitCode();
    if (interrupted !== undefined) return interrupted;
    const failure = error instanceof CommanderError ? fromCommander(error) : toCommandError(error);
    if (failure === undefined) return EXIT.ok;
    report(failure instanceof OwnFault ? told(failure, config) : failure, format);
    return failure.exitCode;
  } finally {
    await Promise.all(opened.map((client) => client.close()));
    if (isTerminalGone() || (interruption.exitCode() === SIGNAL_EXIT.SIGHUP && startedOnTerminal())) endByHangUp();
    interruption.stop();
  }
}

function told({ exitCode, code, cause }: OwnFault, { logFile }: Config): CommandError {
  return new CommandError(exitCode, code, ownFaultText(cause, logFile, VERSION));
}

/** What is thrown where nobody waits for it. The dashboard, which gives the terminal back first, has ears of its own. */
function listenForOwnFaults(config: Config): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      if (isTerminalGone()) endByHangUp();
      if (process.listenerCount(event) > 1) return;
      const failure = toCommandError(error);
      report(failure instanceof OwnFault ? told(failure, config) : failure, "table");
      process.exit(failure.exitCode);
    });
  }
}

function wantsJson(args: readonly string[]): boolean {
  return args.some((arg, index) => arg === "-ojson" || arg === "--output=json" || (arg === "json" && ["-o", "--output"].includes(args[index - 1] ?? "")));
}

function report(failure: CommandError, format: OutputFormat): void {
  const { code, message, field, exitCode } = failure;
  const text = isForPrograms(format) ? jsonText({ error: { code, message, ...(field === undefined ? {} : { field }), exitCode } }, 0) : forReader(`quetzal: ${sanitise(message, "keep")}`);
  process.stderr.write(`${text}\n`);
}

/** On a terminal no word is broken at its edge. */
function forReader(text: string): string {
  return process.stderr.isTTY ? folded(text, process.stderr.columns) : text;
}

interface Interruption {
  readonly signal: AbortSignal;
  /** Of the signal that came; undefined when none did. */
  exitCode(): number | undefined;
  stop(): void;
}

/** The first signal ends the command in order; the second of its kind ends the program at once, as by default. */
function listenForSignals(): Interruption {
  const controller = new AbortController();
  let received: EndSignal | undefined;
  const handler = (name: EndSignal): void => {
    received ??= name;
    process.off(name, handler);
    controller.abort();
  };
  const names = Object.keys(SIGNAL_EXIT) as EndSignal[];
  for (const name of names) process.on(name, handler);
  return {
    signal: controller.signal,
    exitCode: () => (received === undefined ? undefined : SIGNAL_EXIT[received]),
    stop: () => names.forEach((name) => process.off(name, handler)),
  };
}

/** A reader that went away (`quetzal events | head`) is no error of ours, nor is a terminal that did. */
function quietBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (isTerminalGone()) endByHangUp();
      if (error.code === "EPIPE") process.exit(EXIT.ok);
      throw error;
    });
  }
}

function makeContext(config: Config, format: OutputFormat, opened: Client[], signal: AbortSignal, endWith: (exitCode: number) => void): CommandContext {
  let client: Client | undefined;
  const bar = progressBar(!isForPrograms(format) && process.stderr.isTTY);
  return {
    config,
    format,
    outputIsTerminal: process.stdout.isTTY,
    inputIsTerminal: isatty(STANDARD_INPUT),
    client() {
      if (config.server.fault !== null) throw new CommandError(EXIT.usage, "UnknownContext", config.server.fault);
      if (client === undefined) opened.push((client = createClient(config.endpoint)));
      return client;
    },
    print: (line) => bar.aside(() => writeOut(`${line}\n`, signal)),
    write: (text) => writeOut(text, signal),
    size: () => ({ rows: process.stdout.rows, columns: process.stdout.columns }),
    note(line) {
      if (!isForPrograms(format)) bar.aside(() => process.stderr.write(`${forReader(line)}\n`));
    },
    progress: (line) => bar.show(line),
    ask: (question) => bar.aside(() => ask(question)),
    onKey: listenForKeys,
    readInput,
    paint: painter(process.stdout.isTTY || config.colourWish === "always" ? config.colours() : "none", config.background),
    nowMs: Date.now,
    program: [process.execPath, ...process.execArgv, resolve(process.argv[1] ?? "")],
    endWith,
    signal,
  };
}

async function writeOut(text: string, signal: AbortSignal): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain", { signal }).catch(() => undefined);
}

/** One line at the foot of a terminal that other lines go above. */
function progressBar(isShown: boolean): { show(line: string | null): void; aside<T>(act: () => T): T } {
  let shown: string | null = null;
  const draw = (line: string | null): void => {
    // Cut rather than wrapped: a line that wraps cannot be taken back.
    if (isShown && (line !== null || shown !== null)) process.stderr.write(`\r\x1b[K${line?.slice(0, process.stderr.columns - 1) ?? ""}`);
  };
  return {
    show(line) {
      draw(line);
      shown = line;
    },
    aside(act) {
      if (shown === null) return act();
      draw(null);
      const result = act();
      draw(shown);
      return result;
    },
  };
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ctrl-D and Ctrl-C give no answer.
    return await Promise.race([lines.question(question), once(lines, "close").then(() => "")]);
  } finally {
    lines.close();
  }
}

/** Largest text read from standard input, in bytes: far above any query. */
const MAX_INPUT_BYTES = 1024 * 1024;

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_INPUT_BYTES) throw new Error(`Standard input is larger than ${MAX_INPUT_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
