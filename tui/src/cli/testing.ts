// A context for tests of commands: it keeps what would be printed, and asks no process, terminal or server.
import { readConfig } from "../config.js";
import type { CommandContext } from "./context.js";

export interface Recorded {
  readonly context: CommandContext;
  /** Standard output so far. */
  readonly printed: () => string;
  /** Standard error, a line an entry. */
  readonly notes: string[];
  /** What the bar showed, in its order; null: it was taken away. */
  readonly bars: (string | null)[];
}

export function recordedContext(more: Partial<CommandContext> = {}): Recorded {
  let printed = "";
  const notes: string[] = [];
  const bars: (string | null)[] = [];
  const context: CommandContext = {
    config: readConfig({ LANG: "C" }, 0),
    format: "table",
    outputIsTerminal: false,
    inputIsTerminal: false,
    client: () => {
      throw new Error("this test has no server");
    },
    print: (line) => {
      printed += `${line}\n`;
      return Promise.resolve();
    },
    write: (text) => {
      printed += text;
      return Promise.resolve();
    },
    size: () => ({ rows: 24, columns: 80 }),
    note: (line) => void notes.push(line),
    progress: (line) => void bars.push(line),
    ask: () => Promise.resolve(""),
    onKey: () => ({ [Symbol.dispose]: () => undefined }),
    readInput: () => Promise.resolve(""),
    paint: (_colour, text) => text,
    nowMs: () => 0,
    endWith: () => undefined,
    program: ["quetzal"],
    signal: new AbortController().signal,
    ...more,
  };
  return { context, printed: () => printed, notes, bars };
}
