// The terminal while the dashboard has it: enters the alternate screen, paints frames, and gives everything back on
// dispose, however the program ends. blessed gets no input (input.ts reads the keys, so that a paste is never a command)
// and paints nothing (cell-writer.ts does): it knows the terminal, enters, leaves and follows its size.
import { PassThrough } from "node:stream";
import type { WriteStream } from "node:tty";
import blessed from "blessed";
import type { Characters, ColourDepth } from "../terminal-kind.js";
import { RIGHT_HALF } from "../views/frame.js";
import type { Frame } from "../views/frame.js";
import type { Size } from "../views/layout.js";
import type { Palette } from "../views/palettes.js";
import { asciiOf } from "../views/theme.js";
import { CellWriter } from "./cell-writer.js";
import { canvases, drawGraph } from "./graph.js";
import { guardTerminal } from "./guard.js";
import { Link } from "./link.js";
import { inks } from "./palette.js";

/** Bracketed paste on; no wrapping at the last column; right-to-left text in the order we give it (ECMA-48 BDSM). */
const ON = "\x1b[?2004h\x1b[?7l";
const OFF = "\x1b[m\x1b[?7h\x1b[?2004l";
const OWN_ORDER_ON = "\x1b[8l";
const OWN_ORDER_OFF = "\x1b[8h";
/** Presses, releases and the wheel, with columns beyond 223 (SGR). */
const MOUSE_ON = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF = "\x1b[?1006l\x1b[?1000l";

/** What blessed's screen has beyond its published types: what terminfo says. */
interface ScreenKnowledge {
  tput: { brokenACS: boolean; colors: number };
}

export interface TerminalOptions {
  output: WriteStream;
  /** The value of TERM. */
  terminal: string;
  /** The depth of its colours, given what terminfo says of them. */
  colours: (terminfoColours: number) => ColourDepth;
  characters: Characters;
  palette: Palette;
  mouse: boolean;
  onResize: () => void;
  /** The frame that could not be taken can be painted now. */
  onDrained: () => void;
}

export interface Terminal extends Disposable {
  readonly size: Size;
  /** Paints, or remembers that a frame is owed while the last one has not left yet. */
  paint(frame: Frame): void;
  /** Paint every cell anew at the next frame. */
  redraw(): void;
  /** The colours of another theme from the next frame on. */
  wear(palette: Palette): void;
  /** A sequence for the terminal itself, which paints nothing. */
  send(sequence: string): void;
  /** The terminal has answered the question that goes behind frames. */
  answered(): void;
  /** Resolves when the terminal owes no answer, or the wait was long enough: then its next bytes are somebody's typing. */
  quiet(): Promise<void>;
  /** Resolves when all was taken by the terminal, or the wait was long enough. */
  flushed(): Promise<void>;
}

/** A terminal that takes nothing for so long (stopped with Ctrl-S, a dead link) is not waited for at the end. */
const FLUSH_WAIT_MS = 1_000;

const UNSAID_SIZE = { columns: 80, rows: 24 };

/** Terminals whose description blessed cannot compile, and their equal that it can. */
function terminalName(terminal: string): string {
  return /^(screen|tmux)/.test(terminal) && terminal.includes("256color") ? "xterm-256color" : terminal;
}

export function openTerminal(options: TerminalOptions): Terminal {
  const { output } = options;
  writeHow(output, "without waiting");
  const screen = blessed.screen({
    input: new PassThrough(), output, terminal: terminalName(options.terminal), fullUnicode: false, forceUnicode: options.characters === "unicode", autoPadding: false, warnings: false,
  });
  // It clears at a change of size and would paint its own empty picture.
  Object.assign(screen, { render: () => undefined });
  const knowledge = screen as unknown as ScreenKnowledge;
  // Line-drawing characters as themselves: the alternate character set differs between terminals.
  knowledge.tput.brokenACS = true;
  const depth = options.colours(knowledge.tput.colors);
  const order = options.characters === "unicode" ? { on: OWN_ORDER_ON, off: OWN_ORDER_OFF } : { on: "", off: "" };
  const mouse = options.mouse ? { on: MOUSE_ON, off: MOUSE_OFF } : { on: "", off: "" };
  const picture = new Picture(output, new CellWriter(inks(depth, options.palette), { charOf: options.characters === "ascii" ? inAscii : (char) => char }), options.onDrained);
  const canvasOf = canvases(screen);
  screen.on("resize", () => {
    // What it gathered to clear the screen goes out before our picture, not after it.
    screen.program.flush();
    picture.writer.forget();
    options.onResize();
  });
  screen.program.flush();
  output.write(ON + order.on + mouse.on);
  let worn = options.palette;
  let isOpen = true;
  let guard: Disposable | null = null;
  // The first frame does not wait for it.
  setImmediate(() => {
    if (isOpen) guard = guardTerminal(output);
  });
  return {
    get size() {
      // A serial line does not know its size and says 0: what terminals have that never say.
      return { columns: output.columns || UNSAID_SIZE.columns, rows: output.rows || UNSAID_SIZE.rows };
    },
    paint(frame) {
      if (!isOpen) return;
      for (const graph of frame.graphs) drawGraph(frame, graph, canvasOf, options.characters);
      frame.graphs.length = 0;
      picture.show(frame);
    },
    redraw: () => picture.writer.forget(),
    wear(palette) {
      if (palette === worn) return;
      worn = palette;
      picture.writer.wear(inks(depth, palette));
    },
    send(sequence) {
      if (isOpen) output.write(sequence);
    },
    answered: () => picture.link.answered(),
    quiet: () => picture.link.quiet(),
    flushed: () => picture.flushed(),
    [Symbol.dispose]() {
      if (!isOpen) return;
      isOpen = false;
      guard?.[Symbol.dispose]();
      if (output.writable) output.write(mouse.off + order.off + OFF);
      screen.destroy();
    },
  };
}

/** Node waits for a terminal that is slow to take bytes; then no key would be heard. Where this is not to be had, it waits. */
function writeHow(output: WriteStream, how: "waiting" | "without waiting"): void {
  (output as WriteStream & { _handle?: { setBlocking?: (isBlocking: boolean) => number } })._handle?.setBlocking?.(how === "waiting");
}

function inAscii(char: string): string {
  return char === RIGHT_HALF ? " " : Array.from(char, asciiOf)[0] ?? " ";
}

/** One frame under way at a time: what a slow link has not taken yet is not added to. */
class Picture {
  readonly link: Link;
  private isUnderWay = false;
  private isOwed = false;

  constructor(private readonly output: WriteStream, readonly writer: CellWriter, private readonly onDrained: () => void) {
    this.link = new Link(onDrained);
  }

  show(frame: Frame): void {
    if (this.isUnderWay) {
      this.isOwed = true;
      return;
    }
    if (!this.link.mayTake() || !this.output.writable) return;
    const bytes = this.writer.paint(frame);
    if (bytes === "") return;
    this.isUnderWay = true;
    this.output.write(bytes + this.link.sent(Buffer.byteLength(bytes)), () => {
      this.isUnderWay = false;
      if (!this.isOwed) return;
      this.isOwed = false;
      this.onDrained();
    });
  }

  async flushed(): Promise<void> {
    if (!this.output.writable) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, FLUSH_WAIT_MS);
      this.output.write("", () => {
        clearTimeout(deadline);
        resolve();
      });
    });
    // Whoever has the terminal next, a child of ours too, expects it to wait.
    writeHow(this.output, "waiting");
  }
}
