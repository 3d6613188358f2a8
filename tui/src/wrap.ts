// Text broken into lines. Pure; every front end wraps through this.
import stringWidth from "string-width";

/** Text in lines of at most `width` cells, broken at spaces; a word that is wider stands alone on its line. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && stringWidth(line) + 1 + stringWidth(word) > width) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
