// What a terminal pane shows: rows of cells, as plain values that any painter can use. No terminal or widget here.

/** The terminal's own colour. */
export const DEFAULT_COLOUR = -1;
/** Colours from here on are 0xRRGGBB plus this; below it they are the palette's 0 to 255. */
export const RGB_COLOUR = 0x1000000;

export const CELL_BOLD = 1;
export const CELL_DIM = 2;
export const CELL_ITALIC = 4;
export const CELL_UNDERLINE = 8;
export const CELL_BLINK = 16;
export const CELL_INVERSE = 32;
export const CELL_INVISIBLE = 64;
export const CELL_STRIKETHROUGH = 128;

export interface Cell {
  /** The character with its combining marks; " " where nothing stands, "" for the right half of a wide one. */
  readonly char: string;
  /** Columns it takes: 1, 2, or 0 for the right half of a wide one. */
  readonly width: number;
  /** DEFAULT_COLOUR, a palette index, or RGB_COLOUR + 0xRRGGBB. */
  readonly fg: number;
  readonly bg: number;
  /** Sum of CELL_… */
  readonly flags: number;
}

export type Row = readonly Cell[];

export const BLANK: Cell = { char: " ", width: 1, fg: DEFAULT_COLOUR, bg: DEFAULT_COLOUR, flags: 0 };

export function isSameRow(a: Row | undefined, b: Row): boolean {
  if (a?.length !== b.length) return false;
  return a.every((cell, x) => isSameCell(cell, b[x] ?? BLANK));
}

function isSameCell(a: Cell, b: Cell): boolean {
  return a === b || (a.char === b.char && a.width === b.width && a.fg === b.fg && a.bg === b.bg && a.flags === b.flags);
}
