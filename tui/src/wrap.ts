// Text broken into lines. Pure; every front end wraps through this.
import { cellsOf } from "./width.js";

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
