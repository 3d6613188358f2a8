// A stacked bar of one line, and its legend: the parts of an amount as cells that add up. Functions of a breakdown.
import type { MemoryBreakdown } from "../../store/memory.js";
import { style } from "../frame.js";
import type { Rect, Style } from "../frame.js";
import { bytes, cut, wholePercent } from "../format.js";
import { DIM, TEXT, parts } from "../painter.js";
import type { Painter } from "../painter.js";
import type { Theme } from "../theme.js";
import { wrapped } from "../../wrap.js";
import { partLook } from "./parts.js";
import type { ShownKind } from "./parts.js";

/** Cells of one entry of the compact legend, and of a name in it: four stand beside each other on 80 columns. */
const ENTRY_CELLS = 20;
const NAME_CELLS = 7;

/** So many whole cells in the shares of the amounts, by largest remainder: each is less than a cell from its share, and they add up. What is no amount has none. */
export function cellsOfShares(cells: number, amounts: readonly number[]): number[] {
  const known = amounts.map((amount) => (Number.isFinite(amount) ? Math.max(0, amount) : 0));
  const total = known.reduce((sum, amount) => sum + amount, 0);
  if (!(total > 0 && Number.isFinite(total) && cells > 0)) return amounts.map(() => 0);
  const exact = known.map((amount) => (amount / total) * cells);
  const whole = exact.map(Math.floor);
  const left = cells - whole.reduce((sum, count) => sum + count, 0);
  const byRemainder = exact.map((share, index) => ({ index, rest: share - Math.floor(share) })).sort((a, b) => b.rest - a.rest || a.index - b.index);
  for (const { index } of byRemainder.slice(0, left)) whole[index] = (whole[index] ?? 0) + 1;
  return whole;
}

interface Shown { kind: ShownKind; bytes: number; description: string; source: string }

/** Its parts and, last, what they leave unexplained. */
export function shownParts({ parts: known, remainderBytes, source }: MemoryBreakdown): Shown[] {
  return [...known, { kind: "REST", bytes: remainderBytes, description: remainderBytes < 0 ? "Counted twice: figures of different moments." : "What no part explains.", source }];
}

/** A bar of so many cells; room to grow takes no memory and is left out. */
export function stackedBar(theme: Theme, cells: number, breakdown: MemoryBreakdown): (readonly [string, Style])[] {
  const shown = shownParts(breakdown).filter(({ kind }) => kind !== "UNPLUGGED");
  const counts = cellsOfShares(cells, shown.map(({ bytes: size }) => size));
  return shown.map(({ kind }, index) => {
    const { sign, look } = partLook(theme, kind);
    return [sign.repeat(counts[index] ?? 0), look];
  });
}

/** Rows that the compact legend takes. */
export function legendRows(breakdown: MemoryBreakdown, width: number): number {
  return Math.ceil(shownParts(breakdown).length / entriesAcross(width));
}

function entriesAcross(width: number): number {
  return Math.max(1, Math.floor((width + 1) / ENTRY_CELLS));
}

/** Sign, name, bytes and share of each part, in columns that never move. */
export function legend(p: Painter, x: number, y: number, width: number, breakdown: MemoryBreakdown): void {
  const across = entriesAcross(width);
  shownParts(breakdown).forEach(({ kind, bytes: size }, index) => {
    const { sign, name, look } = partLook(p.theme, kind);
    const words = size === 0 ? DIM : TEXT;
    parts(p, x + (index % across) * ENTRY_CELLS, y + Math.floor(index / across), [
      [sign, look], [" ", TEXT], [name.padEnd(NAME_CELLS), DIM], [bytes(size).padStart(6), words], [share(size, breakdown).padStart(4), DIM],
    ], ENTRY_CELLS - 1);
  });
}

function share(size: number, { totalBytes }: MemoryBreakdown): string {
  return wholePercent(totalBytes === 0 ? null : size / totalBytes);
}

/** Cells before the words of a part: sign, name, bytes, share. */
const WORDS_FROM = 2 + NAME_CELLS + 6 + 7;

/** The legend with what each part is and where its figure comes from: whole where there is room, else a line a part. Returns the rows taken. */
export function longLegend(p: Painter, rect: Rect, breakdown: MemoryBreakdown): number {
  const shown = shownParts(breakdown).slice(0, rect.height);
  const words = shown.map(({ description, source }) => (source === "" ? description : `${description} ${source}`));
  const whole = words.map((text) => wrapped(text, rect.width - WORDS_FROM));
  const hasRoom = whole.flat().length <= rect.height;
  let y = rect.y;
  shown.forEach(({ kind, bytes: size }, index) => {
    const { sign, name, look } = partLook(p.theme, kind);
    parts(p, rect.x, y, [
      [`${sign} `, look], [name.padEnd(NAME_CELLS), TEXT], [bytes(size).padStart(6), size === 0 ? DIM : TEXT], [`${share(size, breakdown).padStart(5)}  `, DIM],
    ], rect.width);
    const lines = hasRoom ? (whole[index] ?? []) : [cut(words[index] ?? "", rect.width - WORDS_FROM, p.theme.ellipsis)];
    for (const line of lines) p.frame.put(rect.x + WORDS_FROM, y++, line, size === 0 ? style("rule") : DIM);
  });
  return y - rect.y;
}
