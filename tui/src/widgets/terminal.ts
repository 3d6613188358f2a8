// The terminal while the dashboard has it: enters the alternate screen, paints frames, and gives everything back on
// dispose, however the program ends. blessed gets no input: input.ts reads the keys, so that a paste is never a command.
import { PassThrough } from "node:stream";
import type { WriteStream } from "node:tty";
import blessed from "blessed";
import type { Widgets } from "blessed";
import { asciiOf } from "../views/theme.js";
import type { Frame } from "../views/frame.js";
import type { Size } from "../views/layout.js";
import { canvases, drawGraph } from "./graph.js";
import { attributes } from "./palette.js";
import type { ColourDepth } from "./palette.js";

const BRACKETED_PASTE_ON = "\x1b[?2004h";
const BRACKETED_PASTE_OFF = "\x1b[?2004l";

/** What blessed's screen has beyond its published types: its cells, and the terminal's abilities. */
interface ScreenCells {
  lines: ([number, string][] & { dirty: boolean })[];
  tput: { brokenACS: boolean; colors: number };
  realloc(): void;
}

export interface TerminalOptions {
  output: WriteStream;
  /** The value of TERM. */
  terminal: string;
  colours: "allowed" | "forbidden";
  characters: "unicode" | "ascii";
  onResize: () => void;
}

export interface Terminal extends Disposable {
  readonly size: Size;
  paint(frame: Frame): void;
  /** Paint every cell anew at the next frame. */
  redraw(): void;
}

/** Terminals whose description blessed cannot compile, and their equal that it can. */
function terminalName(terminal: string): string {
  return /^(screen|tmux)/.test(terminal) && terminal.includes("256color") ? "xterm-256color" : terminal;
}

export function openTerminal(options: TerminalOptions): Terminal {
  const screen = blessed.screen({
    input: new PassThrough(), output: options.output, terminal: terminalName(options.terminal),
    smartCSR: true, fullUnicode: false, forceUnicode: options.characters === "unicode", autoPadding: false, warnings: false,
  });
  const cells = screen as unknown as ScreenCells;
  // Line-drawing characters as themselves: the alternate character set differs between terminals.
  cells.tput.brokenACS = true;
  const depth: ColourDepth = options.colours === "forbidden" || cells.tput.colors < 8 ? "none" : cells.tput.colors >= 256 ? "256" : "16";
  const surface = new Surface(screen, cells, depth, options.characters);
  screen.on("resize", options.onResize);
  options.output.write(BRACKETED_PASTE_ON);
  let isOpen = true;
  return {
    get size() {
      return { columns: options.output.columns, rows: options.output.rows };
    },
    paint(frame) {
      if (!isOpen) return;
      surface.show(frame);
      screen.render();
    },
    redraw() {
      if (isOpen) cells.realloc();
    },
    [Symbol.dispose]() {
      if (!isOpen) return;
      isOpen = false;
      if (options.output.writable) options.output.write(BRACKETED_PASTE_OFF);
      screen.destroy();
    },
  };
}

/** The one element on the screen: lays the cells of a frame into blessed's, touching only those that differ. */
class Surface {
  private frame: Frame | null = null;
  private readonly attributeOf;
  private readonly canvasOf;

  constructor(
    private readonly screen: Widgets.Screen,
    private readonly cells: ScreenCells,
    depth: ColourDepth,
    private readonly characters: "unicode" | "ascii",
  ) {
    this.attributeOf = attributes(depth);
    this.canvasOf = canvases(screen);
    const element = blessed.box({ parent: screen, top: 0, left: 0, width: "100%", height: "100%" });
    // blessed ignores what render returns; its types ask for coordinates.
    Object.assign(element, { render: () => this.render() });
  }

  show(frame: Frame): void {
    for (const graph of frame.graphs) drawGraph(frame, graph, this.canvasOf, this.characters);
    frame.graphs.length = 0;
    this.frame = frame;
    this.placeCursor(frame);
  }

  private render(): void {
    const { frame } = this;
    if (frame === null) return;
    const rows = Math.min(frame.height, this.cells.lines.length);
    for (let y = 0; y < rows; y++) {
      const line = this.cells.lines[y];
      if (line === undefined) continue;
      for (let x = 0; x < Math.min(frame.width, line.length); x++) this.cell(line, x, frame, y * frame.width + x);
    }
  }

  private cell(line: [number, string][] & { dirty: boolean }, x: number, frame: Frame, index: number): void {
    const shown = line[x];
    if (shown === undefined) return;
    const given = frame.chars[index] ?? " ";
    const char = this.characters === "ascii" ? asciiOf(given) : given;
    const attribute = this.attributeOf(frame.styles[index] ?? 0);
    if (shown[0] === attribute && shown[1] === char) return;
    shown[0] = attribute;
    shown[1] = char;
    line.dirty = true;
  }

  private placeCursor(frame: Frame): void {
    const program = this.screen.program as Widgets.Screen["program"] & { cursorHidden: boolean };
    if (frame.cursor === null) {
      if (!program.cursorHidden) program.hideCursor();
      return;
    }
    program.cup(frame.cursor.y, frame.cursor.x);
    if (program.cursorHidden) program.showCursor();
  }
}
