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

/** Lines of notes for a reader: one too wide goes on below itself, a little further in. What stands indented, as under a mark, is left as it is. */
export function folded(text: string, width: number): string {
  const lines = text.split("\n").flatMap((line) => {
    if (cellsOf(line) <= width || line.startsWith(" ")) return [line];
    const [first = "", ...rest] = wrapped(line, width);
    return rest.length === 0 ? [first] : [first, ...wrapped(rest.join(" "), width - FOLD_INDENT).map((part) => " ".repeat(FOLD_INDENT) + part)];
  });
  return lines.join("\n");
}
/** Cells by which what goes on stands further in. */
const FOLD_INDENT = 2;

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
