// A picture of the screen as plain cells: what views draw into and what widgets paint. It knows no terminal and no
// colour, only roles. What is put into it is taken apart by width.ts, so that nothing else can reach a terminal.
import type { SortColumn } from "../store/state.js";
import { cellsOf, clustersOf } from "../width.js";

/** What a colour means. The palette of widgets/ turns a role into a colour the terminal has. */
export const ROLES = [
  "text", "dim", "title", "running", "paused", "stopped", "between", "crashed", "attention", "mark", "first", "second", "third", "fourth", "fifth", "sixth", "rule", "key", "bar", "zip",
] as const;
export type Role = (typeof ROLES)[number];

/** Packed looks of one cell: a role's index with flags, or raw terminal colours (a console's own). */
export type Style = number;
const BOLD = 1 << 8;
const INVERSE = 1 << 9;
const UNDERLINE = 1 << 10;
const RAW = 1 << 11;
const FOREGROUND_SHIFT = 12;
const BACKGROUND_SHIFT = 21;
/** The terminal's own colour, for raw cells: one past the 256 of the palette. */
export const DEFAULT_COLOUR = 0x1ff;

export function style(role: Role, ...looks: ("bold" | "inverse" | "underline")[]): Style {
  let packed = ROLES.indexOf(role);
  if (looks.includes("bold")) packed |= BOLD;
  if (looks.includes("inverse")) packed |= INVERSE;
  if (looks.includes("underline")) packed |= UNDERLINE;
  return packed;
}

export interface RawLook { foreground: number; background: number; bold: boolean; inverse: boolean; underline: boolean }

export function rawStyle(look: RawLook): Style {
  const flags = (look.bold ? BOLD : 0) | (look.inverse ? INVERSE : 0) | (look.underline ? UNDERLINE : 0);
  return RAW | flags | (look.foreground << FOREGROUND_SHIFT) | (look.background << BACKGROUND_SHIFT);
}

export interface Looks { role: Role | null; bold: boolean; inverse: boolean; underline: boolean; foreground: number; background: number }

export function looksOf(packed: Style): Looks {
  const raw = (packed & RAW) !== 0;
  return {
    role: raw ? null : (ROLES[packed & 0xff] ?? "text"),
    bold: (packed & BOLD) !== 0,
    inverse: (packed & INVERSE) !== 0,
    underline: (packed & UNDERLINE) !== 0,
    foreground: raw ? (packed >> FOREGROUND_SHIFT) & 0x1ff : DEFAULT_COLOUR,
    background: raw ? (packed >> BACKGROUND_SHIFT) & 0x1ff : DEFAULT_COLOUR,
  };
}

export interface Rect { x: number; y: number; width: number; height: number }

/** Lines drawn in dots: two dots a cell across, four up. Painted by widgets/graph.ts. */
export interface Graph {
  rect: Rect;
  /** Value at the top edge; the bottom edge is 0. */
  top: number;
  /** Each series: one value a dot column, oldest first, NaN where unknown. The last drawn wins a shared cell. */
  series: readonly { values: readonly number[]; role: Role }[];
  /** Points that get a sign: the highest above it, ends of lines on them. */
  marks: readonly GraphMark[];
}

/** Stands in the second cell of a wide character. */
export const RIGHT_HALF = "";

/** `name`: what a peak is the peak of, written beside its sign where nothing is drawn. */
export interface GraphMark { column: number; value: number; role: Role; sign: "peak" | (string & {}); name?: string }

/** What a click on a place stands for: a VM, a line of a list (and which line is chosen), a field of a form, a column's head, a key named on the screen. */
export type Target = { kind: "vm"; vmId: string } | { kind: "line"; index: number; chosen: number } | { kind: "field"; index: number } | { kind: "sort"; column: SortColumn } | { kind: "key"; key: string };

export class Frame {
  readonly chars: string[];
  readonly styles: Int32Array;
  readonly graphs: Graph[] = [];
  private readonly targets: { rect: Rect; target: Target }[] = [];
  /** Where the terminal's cursor stands; null hides it. */
  cursor: { x: number; y: number } | null = null;

  /** `ellipsis` stands at the end of every text that is cut; one cell. */
  constructor(readonly width: number, readonly height: number, private readonly ellipsis = "…") {
    this.chars = new Array<string>(width * height).fill(" ");
    this.styles = new Int32Array(width * height);
  }

  /** Write text from a cell on, clipped to the frame or to `limit` cells, which shows at its end. Returns the column after it. */
  put(x: number, y: number, text: string, look: Style = 0, limit = this.width - x): number {
    let column = x;
    const end = Math.min(this.width, x + limit);
    if (y < 0 || y >= this.height) return Math.min(end, x + cellsOf(text));
    const clusters = clustersOf(text);
    for (const [index, { text: char, width }] of clusters.entries()) {
      if (column >= end) {
        if (end > Math.max(0, x) && clusters.slice(index).some((left) => left.text !== " ")) this.set(y * this.width + end - 1, this.ellipsis, look);
        break;
      }
      // A wide character that the edge would cut leaves a blank, or the mark after others.
      const fits = column >= 0 && column + width <= end;
      const halved = column > x && column + width > end ? this.ellipsis : " ";
      for (let cell = 0; cell < width && column + cell < end; cell++) {
        if (column + cell >= 0) this.set(y * this.width + column + cell, fits ? (cell === 0 ? char : RIGHT_HALF) : halved, look);
      }
      column += width;
    }
    return Math.min(column, end);
  }

  /** One cell; the other half of a wide character that stood here becomes blank. */
  private set(index: number, char: string, look: Style): void {
    if (this.chars[index] === RIGHT_HALF && char !== RIGHT_HALF) this.chars[index - 1] = " ";
    if (this.chars[index + 1] === RIGHT_HALF) this.chars[index + 1] = " ";
    this.chars[index] = char;
    this.styles[index] = look;
  }

  /** Write text so that it ends before `right`. */
  putRight(right: number, y: number, text: string, look: Style = 0): void {
    this.put(right - cellsOf(text), y, text, look);
  }

  /** A place that can be clicked on; the last one given wins. */
  clickable(rect: Rect, target: Target): void {
    this.targets.push({ rect, target });
  }

  targetAt(x: number, y: number): Target | null {
    return this.targets.findLast(({ rect }) => x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height)?.target ?? null;
  }

  fill(rect: Rect, char: string, look: Style): void {
    for (let y = rect.y; y < rect.y + rect.height; y++) this.put(rect.x, y, char.repeat(rect.width), look, rect.width);
  }

  /** Turn a row's looks round, as for a selection. */
  invert(x: number, y: number, width: number): void {
    for (let column = Math.max(0, x); column < Math.min(this.width, x + width); column++) {
      const index = y * this.width + column;
      this.styles[index] = (this.styles[index] ?? 0) | INVERSE;
    }
  }

  /** The whole picture as text, rows without the blanks at their ends. */
  text(): string {
    return Array.from({ length: this.height }, (_, y) => this.line(y).trimEnd()).join("\n");
  }

  /** The row as text, for tests and the plain eye. */
  line(y: number): string {
    return this.chars.slice(y * this.width, (y + 1) * this.width).join("");
  }
}
