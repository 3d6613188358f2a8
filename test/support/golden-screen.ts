// One screen as several terminals show it, for a golden file: the text once, one letter a look, and what each letter is
// in each terminal. A colour that changes in any of them changes the file. It reads terminals and drives nothing.
import type { IBufferCell } from "@xterm/headless";
import type { TerminalDriver } from "./terminal.js";

/** A screen read from one terminal: its rows as text, and the look of each cell. */
interface Reading { readonly text: readonly string[]; readonly looks: readonly string[] }

const PLAIN = "default";
/** Letters of looks; a screen with more would be no calm one. */
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Reads a terminal anew only when something was drawn since. */
export class ScreenReader implements Disposable {
  private reading: Reading | null = null;
  private readonly drawn: Disposable;

  constructor(private readonly terminal: TerminalDriver, private readonly columns: number, private readonly rows: number) {
    this.drawn = terminal.onDrawn(() => (this.reading = null));
  }

  /** Whether what was read last is still what is shown. */
  get isCurrent(): boolean {
    return this.reading !== null;
  }

  read(): Reading {
    return (this.reading ??= readScreen(this.terminal, this.columns, this.rows));
  }

  [Symbol.dispose](): void {
    this.drawn[Symbol.dispose]();
  }
}

/** The golden text of one screen; each terminal by its name, such as its depth of colours. */
export function goldenScreen(terminals: readonly (readonly [name: string, reader: ScreenReader])[], columns: number): string {
  const readings = terminals.map(([name, reader]) => ({ name, ...reader.read() }));
  const [first = { name: "", text: [], looks: [] }, ...others] = readings;
  const letters = new Map<string, string>();
  const rows: string[] = [];
  for (let start = 0; start < first.looks.length; start += columns) {
    let row = "";
    for (let index = start; index < start + columns; index++) row += letterOf(letters, readings.map(({ looks }) => looks[index] ?? PLAIN));
    rows.push(row.replace(/\.+$/, ""));
  }
  const differing = others.flatMap(({ name, text }) => text.flatMap((line, y) => (line === first.text[y] ? [] : [`row ${y} in ${name}: ${line}`])));
  return [...first.text, ...differing, "", ...rows, "", ...legend(readings.map(({ name }) => name), letters), ""].join("\n");
}

const SEPARATOR = "\n";

/** One letter for what a cell looks like in all terminals; "." where all show it plain. */
function letterOf(letters: Map<string, string>, looks: readonly string[]): string {
  if (looks.every((look) => look === PLAIN)) return ".";
  const key = looks.join(SEPARATOR);
  const known = letters.get(key);
  if (known !== undefined) return known;
  const letter = LETTERS[letters.size] ?? "?";
  letters.set(key, letter);
  return letter;
}

/** A letter a line; with several terminals in columns under their names. */
function legend(names: readonly string[], letters: ReadonlyMap<string, string>): string[] {
  const rows = [...letters].map(([key, letter]) => [`${letter} =`, ...key.split(SEPARATOR)]);
  const table = names.length === 1 ? rows : [["", ...names], ...rows];
  const widths = names.map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  const gap = names.length === 1 ? " " : "  ";
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(gap).trimEnd());
}

function readScreen(terminal: TerminalDriver, columns: number, rows: number): Reading {
  const { buffer } = terminal;
  const text: string[] = [];
  const looks: string[] = [];
  let cell: IBufferCell | undefined;
  for (let y = 0; y < rows; y++) {
    const line = buffer.getLine(buffer.baseY + y);
    text.push((line?.translateToString(true) ?? "").trimEnd());
    for (let x = 0; x < columns; x++) {
      cell = line?.getCell(x, cell) ?? cell;
      looks.push(cell === undefined ? PLAIN : lookOf(cell));
    }
  }
  return { text, looks };
}

function lookOf(cell: IBufferCell): string {
  if (cell.isAttributeDefault()) return PLAIN;
  const foreground = cell.isFgDefault() ? PLAIN : colourName(cell.isFgRGB(), cell.getFgColor());
  const background = cell.isBgDefault() ? "" : ` on ${colourName(cell.isBgRGB(), cell.getBgColor())}`;
  return `${foreground}${background}${cell.isBold() === 0 ? "" : " bold"}${cell.isInverse() === 0 ? "" : " inverse"}${cell.isUnderline() === 0 ? "" : " underline"}`;
}

function colourName(isRgb: boolean, colour: number): string {
  return isRgb ? `#${colour.toString(16).padStart(6, "0")}` : String(colour);
}
