// Text broken into lines. Pure; every front end wraps through this.
import { cellsOf, clustersOf } from "./width.js";

/** Text in lines of at most `width` cells, broken at spaces; a word that is wider stands alone on its line. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && cellsOf(line) + 1 + cellsOf(word) > width) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** As above, but a word that is wider goes on in the next line: no line is wider than `width`, and nothing is lost. */
export function wrappedWhole(text: string, width: number): string[] {
  const room = Math.max(WIDEST_CLUSTER, width);
  return wrapped(text.split(" ").flatMap((word) => (cellsOf(word) <= room ? [word] : pieces(word, room))).join(" "), room);
}
/** Cells of the widest character: less room than this holds nothing. */
const WIDEST_CLUSTER = 2;

function pieces(word: string, width: number): string[] {
  const found: string[] = [];
  let piece = "";
  let cells = 0;
  for (const { text, width: wide } of clustersOf(word)) {
    if (cells + wide > width) {
      found.push(piece);
      piece = "";
      cells = 0;
    }
    piece += text;
    cells += wide;
  }
  return [...found, piece];
}
