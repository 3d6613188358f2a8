// The console inside the dashboard: runs `quetzal console VM` in a pseudo-terminal of its own, hands it the keys, and
// lays its cells into the frame. It knows the pane's size only from the layout and nothing of the server.
import { CELL_BOLD, CELL_DIM, CELL_INVERSE, CELL_UNDERLINE, DEFAULT_COLOUR, RGB_COLOUR } from "./console/cells.js";
import type { Cell } from "./console/cells.js";
import { openTerminalPane } from "./console/terminal-pane.js";
import type { TerminalPane } from "./console/terminal-pane.js";
import { DEFAULT_COLOUR as FRAME_DEFAULT, rawStyle } from "./views/frame.js";
import type { Frame, Rect, Style } from "./views/frame.js";
import type { Size } from "./views/layout.js";
import { cellsOf, cutCells, padCells } from "./width.js";

/** Ctrl-]: leaves the console, as it leaves telnet and virsh. */
export const LEAVE_KEY = "\x1d";
/** F12 as terminals send it: the one key of the dashboard that a guest's programs hardly use. */
export const FULL_SCREEN_KEY = "\x1b[24~";
const SCROLL_BACK_KEY = "\x1b[5;2~";
const SCROLL_ON_KEY = "\x1b[6;2~";

/** The grey of dim text, where a program asks for half brightness. */
const DIM_COLOUR = 245;

const WHEEL_LINES = 3;

export interface ConsoleEvents { onFrame: () => void; onExit: (exitCode: number) => void }

export class ConsoleView implements Disposable {
  private constructor(private readonly pane: TerminalPane) {}

  static async open(command: readonly [string, ...string[]], environment: Readonly<Record<string, string | undefined>>, size: Size, events: ConsoleEvents): Promise<ConsoleView> {
    const pane = await openTerminalPane({ command, environment, columns: size.columns, rows: size.rows, onFrame: events.onFrame, onExit: events.onExit });
    return new ConsoleView(pane);
  }

  /** Keys as they came from the terminal; those that scroll back stay here. */
  type(keys: string): void {
    const step = this.pane.rows - 1;
    if (keys === SCROLL_BACK_KEY) this.pane.scroll(this.pane.linesBack + step);
    else if (keys === SCROLL_ON_KEY) this.pane.scroll(Math.max(0, this.pane.linesBack - step));
    else {
      if (this.pane.linesBack > 0) this.pane.scroll(0);
      this.pane.write(this.asExpected(keys));
    }
  }

  /** A notch of the wheel: up goes back in the output. */
  wheel(notches: 1 | -1): void {
    this.pane.scroll(Math.max(0, this.pane.linesBack + notches * WHEEL_LINES));
  }

  resize(size: Size): void {
    if (size.columns !== this.pane.columns || size.rows !== this.pane.rows) this.pane.resize(size.columns, size.rows);
  }

  paint(frame: Frame, rect: Rect): void {
    for (let y = 0; y < Math.min(rect.height, this.pane.rows); y++) {
      this.pane.row(y).slice(0, rect.width).forEach((cell, x) => {
        // The right half of a wide character came with its left one.
        if (cell.width > 0) frame.put(rect.x + x, rect.y + y, charOf(cell), styleOf(cell), Math.min(cell.width, rect.width - x));
      });
    }
    const cursor = this.pane.cursor();
    if (cursor !== undefined && cursor.y < rect.height) frame.cursor = { x: Math.min(rect.x + cursor.x, frame.width - 1), y: rect.y + cursor.y };
  }

  [Symbol.dispose](): void {
    this.pane[Symbol.dispose]();
  }

  /** Our terminal sends arrows the way the dashboard set it; the program in the pane may expect the other way. */
  private asExpected(keys: string): string {
    return this.pane.cursorKeys === "application" ? keys.replace(/\x1b\[([A-DHF])/g, "\x1bO$1") : keys.replace(/\x1bO([A-DHF])/g, "\x1b[$1");
  }
}

/** What fills the cell exactly; where the emulator counts otherwise than we do, a mark for it. */
function charOf(cell: Cell): string {
  return cellsOf(cell.char) === cell.width ? cell.char : padCells(cutCells(cell.char, cell.width, "?"), cell.width);
}

function styleOf(cell: Cell): Style {
  const isDim = (cell.flags & CELL_DIM) !== 0;
  return rawStyle({
    foreground: isDim && cell.fg === DEFAULT_COLOUR ? DIM_COLOUR : colourOf(cell.fg),
    background: colourOf(cell.bg),
    bold: (cell.flags & CELL_BOLD) !== 0,
    inverse: (cell.flags & CELL_INVERSE) !== 0,
    underline: (cell.flags & CELL_UNDERLINE) !== 0,
  });
}

/** The palette's 6x6x6 cube starts here. */
const CUBE_START = 16;

function colourOf(colour: number): number {
  if (colour === DEFAULT_COLOUR) return FRAME_DEFAULT;
  if (colour < RGB_COLOUR) return colour;
  const rgb = colour - RGB_COLOUR;
  const level = (shift: number): number => Math.round((((rgb >> shift) & 0xff) / 255) * 5);
  return CUBE_START + 36 * level(16) + 6 * level(8) + level(0);
}
