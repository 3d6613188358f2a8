// Turns the picture on the terminal into the next one with few bytes: it remembers what is shown, writes only cells that
// differ, moves the cursor by the shortest way, and changes colours only where they change. Pure: text out, no stream.
import { RIGHT_HALF } from "../views/frame.js";
import type { Frame } from "../views/frame.js";
import { isSimple } from "../width.js";
import { PLAIN, sgr } from "./palette.js";
import type { Ink, InkOf } from "./palette.js";

/** Unchanged cells up to which writing them again is shorter than moving over them: CSI n C takes four bytes. */
const GAP_WRITTEN_MAX = 4;
/** Changed blanks at a row's end from which erasing is shorter: plain ink and EL take six bytes. */
const ERASE_FROM_CELLS = 7;

const ERASE_SCREEN = "\x1b[m\x1b[H\x1b[2J";
const ERASE_TO_END = "\x1b[K";

export interface WriterOptions {
  /** What is written for a cell's text: itself, or its stand-in in ASCII. */
  readonly charOf: (char: string) => string;
}

export class CellWriter {
  private chars: string[] = [];
  private inks: Ink[] = [];
  private width = 0;
  private height = 0;
  private pen: Ink = PLAIN;
  private x = -1;
  private y = -1;
  private cursorShown = false;
  private out = "";

  constructor(private inkOf: InkOf, private readonly options: WriterOptions) {}

  /** Other colours from the next picture on. */
  wear(inkOf: InkOf): void {
    this.inkOf = inkOf;
  }

  /** What the terminal shows is no longer known: the next picture is painted on an empty screen. */
  forget(): void {
    this.width = this.height = 0;
  }

  /** What brings the terminal from the last picture to this one; empty when nothing differs. */
  paint(frame: Frame): string {
    this.out = "";
    if (frame.width !== this.width || frame.height !== this.height) this.startEmpty(frame.width, frame.height);
    for (let y = 0; y < frame.height; y++) this.row(frame, y);
    this.cursor(frame);
    return this.out;
  }

  private startEmpty(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.chars = new Array<string>(width * height).fill(" ");
    this.inks = new Array<Ink>(width * height).fill(PLAIN);
    this.out += ERASE_SCREEN;
    this.pen = PLAIN;
    this.x = this.y = 0;
  }

  private row(frame: Frame, y: number): void {
    const start = y * this.width;
    const end = this.startOfTail(frame, y);
    let isForced = false;
    for (let x = 0; x < end; x++) {
      const index = start + x;
      const given = frame.chars[index] ?? " ";
      const ink = this.inkOf(frame.styles[index] ?? 0);
      const isSame = this.isShown(index, given, ink);
      // The right half of a wide character goes with its left one.
      if (given === RIGHT_HALF) this.remember(index, given, ink);
      else if (!isSame || isForced) isForced = this.cell(x, y, given, ink, frame.chars[index + 1] === RIGHT_HALF && x + 1 < this.width);
    }
    if (end < this.width) this.eraseFrom(end, y);
  }

  private isShown(index: number, char: string, ink: Ink): boolean {
    return this.chars[index] === char && this.inks[index]?.key === ink.key;
  }

  private remember(index: number, char: string, ink: Ink): void {
    this.chars[index] = char;
    this.inks[index] = ink;
  }

  /** Where a row's blank end begins, when enough of it is new to be erased in one go; else the row's width. */
  private startOfTail(frame: Frame, y: number): number {
    const start = y * this.width;
    let end = this.width;
    while (end > 0 && frame.chars[start + end - 1] === " " && this.inkOf(frame.styles[start + end - 1] ?? 0).key === PLAIN.key) end--;
    let changed = 0;
    for (let x = end; x < this.width; x++) if (!this.isShown(start + x, " ", PLAIN)) changed++;
    return changed < ERASE_FROM_CELLS ? this.width : end;
  }

  private eraseFrom(x: number, y: number): void {
    this.moveTo(x, y);
    this.use(PLAIN);
    this.out += ERASE_TO_END;
    for (let column = x; column < this.width; column++) this.remember(y * this.width + column, " ", PLAIN);
  }

  /** Writes one character. Returns whether the cell after it must be written too, because terminals may differ about this one. */
  private cell(x: number, y: number, char: string, ink: Ink, isWide: boolean): boolean {
    this.moveTo(x, y);
    this.use(ink);
    this.remember(y * this.width + x, char, ink);
    const meant = this.options.charOf(char);
    // A terminal that takes two cells for it would write it into the next row.
    const written = x === this.width - 1 && !isSimple(meant) ? " " : meant;
    if (isSimple(written)) {
      this.out += written;
      this.advance(1);
      if (isWide) {
        this.out += " ";
        this.advance(1);
      }
      return false;
    }
    // Blanks first: a terminal that takes fewer cells for it leaves no old character beside it.
    if (isWide) this.out += `  \x1b[${y + 1};${x + 1}H`;
    this.out += written;
    this.x = this.y = -1;
    return true;
  }

  private advance(cells: number): void {
    this.x += cells;
    // In the last column terminals differ about where the cursor is.
    if (this.x >= this.width) this.x = this.y = -1;
  }

  private use(ink: Ink): void {
    this.out += sgr(this.pen, ink);
    this.pen = ink;
  }

  private moveTo(x: number, y: number): void {
    if (this.x === x && this.y === y) return;
    this.out += this.wayTo(x, y);
    this.x = x;
    this.y = y;
  }

  private wayTo(x: number, y: number): string {
    const absolute = x === 0 ? (y === 0 ? "\x1b[H" : `\x1b[${y + 1}H`) : `\x1b[${y + 1};${x + 1}H`;
    if (this.y === -1) return absolute;
    const ways = [absolute];
    if (this.y === y && x > this.x) ways.push(x - this.x === 1 ? "\x1b[C" : `\x1b[${x - this.x}C`, ...this.gap(x));
    if (this.y === y && x < this.x) ways.push(this.x - x === 1 ? "\b" : `\x1b[${this.x - x}D`);
    if (this.y === y && x === 0) ways.push("\r");
    if (this.y + 1 === y) ways.push(`\r\n${x === 0 ? "" : x === 1 ? "\x1b[C" : `\x1b[${x}C`}`);
    return ways.reduce((best, way) => (way.length < best.length ? way : best));
  }

  /** The unchanged cells on the way, where they can be written with the pen as it is. */
  private gap(x: number): string[] {
    if (x - this.x > GAP_WRITTEN_MAX) return [];
    let text = "";
    for (let column = this.x; column < x; column++) {
      const index = this.y * this.width + column;
      const char = this.options.charOf(this.chars[index] ?? " ");
      if (!isSimple(char) || this.chars[index + 1] === RIGHT_HALF || this.inks[index]?.key !== this.pen.key) return [];
      text += char;
    }
    // Beyond ASCII a character takes three bytes: moving is shorter.
    return /^[\x20-\x7e]*$/.test(text) ? [text] : [];
  }

  private cursor({ cursor, width, height }: Frame): void {
    const isShown = cursor !== null && cursor.x < width && cursor.y < height;
    if (isShown) this.moveTo(cursor.x, cursor.y);
    if (isShown !== this.cursorShown) this.out += isShown ? "\x1b[?25h" : "\x1b[?25l";
    this.cursorShown = isShown;
  }
}
