// A headless terminal emulator as rows of cells: bytes in, changed rows out. Knows neither processes nor widgets.
import type { IBufferCell, Terminal } from "@xterm/headless";
import {
  BLANK,
  CELL_BLINK,
  CELL_BOLD,
  CELL_DIM,
  CELL_INVERSE,
  CELL_INVISIBLE,
  CELL_ITALIC,
  CELL_STRIKETHROUGH,
  CELL_UNDERLINE,
  DEFAULT_COLOUR,
  RGB_COLOUR,
  isSameRow,
} from "./cells.js";
import type { Cell, Row } from "./cells.js";
import { Emulator } from "./emulator.js";

/** Lines kept above the screen: several boots of a guest. */
export const SCROLLBACK_LINES = 5_000;

export interface Cursor {
  readonly x: number;
  readonly y: number;
}

export interface TerminalScreen extends Disposable {
  readonly columns: number;
  readonly rows: number;
  /** Feeds bytes; `parsed` is called when they are on the screen. */
  write(bytes: string | Uint8Array, parsed: () => void): void;
  /** `resized` is called when what the screen holds is laid out anew. */
  resize(columns: number, rows: number, resized: () => void): void;
  /** Row `y` of the view as of the last `refresh`. */
  row(y: number): Row;
  /** Reads the view anew and returns the numbers of the rows that changed since the last time. */
  refresh(): readonly number[];
  /** Where the cursor stands in the view; undefined while it is scrolled out of it. */
  cursor(): Cursor | undefined;
  /** Lines between the view and the newest output; 0 follows it. */
  scroll(linesBack: number): void;
  readonly linesBack: number;
  /** How the program wants cursor keys: "\x1b[A" or "\x1bOA". */
  readonly cursorKeys: "normal" | "application";
  /** Keys as the terminal sends them; what comes next is on the screen at once. */
  type(keys: string): void;
  /** Told what is typed, and what the emulator answers to the program's questions (cursor position, identity). */
  onInput(listener: (text: string) => void): void;
}

export function createTerminalScreen(columns: number, rows: number): TerminalScreen {
  const emulator = new Emulator({ columns, rows }, SCROLLBACK_LINES);
  let size = { columns, rows };
  let shown: (Row | undefined)[] = [];
  let back = 0;
  const first = (): number => Math.max(0, emulator.terminal.buffer.active.baseY - back);
  return {
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
    get linesBack() {
      return back;
    },
    get cursorKeys() {
      return emulator.terminal.modes.applicationCursorKeysMode ? "application" : "normal";
    },
    write: (bytes, parsed) => emulator.write(bytes, parsed),
    resize(width, height, resized) {
      size = { columns: width, rows: height };
      shown = [];
      emulator.resize(size, resized);
    },
    row: (y) => shown[y] ?? [],
    refresh() {
      const changed: number[] = [];
      for (let y = 0; y < size.rows; y++) {
        const row = readRow(emulator.terminal, first() + y, size.columns);
        if (isSameRow(shown[y], row)) continue;
        shown[y] = row;
        changed.push(y);
      }
      return changed;
    },
    cursor() {
      const buffer = emulator.terminal.buffer.active;
      const y = buffer.baseY + buffer.cursorY - first();
      return y < size.rows ? { x: Math.min(buffer.cursorX, size.columns - 1), y } : undefined;
    },
    scroll(linesBack) {
      back = Math.max(0, Math.min(linesBack, emulator.terminal.buffer.active.baseY));
    },
    type: (keys) => emulator.type(keys),
    onInput: (listener) => emulator.onInput(listener),
    [Symbol.dispose]: () => emulator[Symbol.dispose](),
  };
}

function readRow(terminal: Terminal, line: number, columns: number): Row {
  const source = terminal.buffer.active.getLine(line);
  const row: Cell[] = [];
  let reused: IBufferCell | undefined;
  for (let x = 0; x < columns; x++) {
    const cell = source?.getCell(x, reused);
    row.push(cell ? readCell(cell) : BLANK);
    reused = cell ?? reused;
  }
  return row;
}

function readCell(cell: IBufferCell): Cell {
  const width = cell.getWidth();
  const char = width === 0 ? "" : cell.getChars() || " ";
  if (char === " " && cell.isAttributeDefault()) return BLANK;
  return { char, width, fg: foreground(cell), bg: background(cell), flags: flagsOf(cell) };
}

function foreground(cell: IBufferCell): number {
  if (cell.isFgDefault()) return DEFAULT_COLOUR;
  return cell.isFgRGB() ? RGB_COLOUR + cell.getFgColor() : cell.getFgColor();
}

function background(cell: IBufferCell): number {
  if (cell.isBgDefault()) return DEFAULT_COLOUR;
  return cell.isBgRGB() ? RGB_COLOUR + cell.getBgColor() : cell.getBgColor();
}

function flagsOf(cell: IBufferCell): number {
  return (
    (cell.isBold() ? CELL_BOLD : 0) |
    (cell.isDim() ? CELL_DIM : 0) |
    (cell.isItalic() ? CELL_ITALIC : 0) |
    (cell.isUnderline() ? CELL_UNDERLINE : 0) |
    (cell.isBlink() ? CELL_BLINK : 0) |
    (cell.isInverse() ? CELL_INVERSE : 0) |
    (cell.isInvisible() ? CELL_INVISIBLE : 0) |
    (cell.isStrikethrough() ? CELL_STRIKETHROUGH : 0)
  );
}
