// A notice as lines: broken at spaces, and a path that is too long shortened in its middle, for its end is what a person
// looks for. Pure; where the lines stand is the footer's.
import { cellsOf } from "../width.js";
import { wrapped } from "../wrap.js";
import { cut } from "./format.js";

/** At most `rows` lines of `width` cells; what does not fit is marked. */
export function noticeLines(text: string, width: number, rows: number, ellipsis: string): string[] {
  const words = text.split(" ").map((word) => (word.includes("/") ? shortPath(word, width, ellipsis) : word));
  const lines = wrapped(words.join(" "), width);
  const shown = lines.length > rows ? [...lines.slice(0, rows - 1), lines.slice(rows - 1).join(" ")] : lines;
  return shown.map((line) => cut(line, width, ellipsis));
}

/** Characters that make a temporary folder's name its own: what is left of a folder that does not fit. */
const FOLDER_END_LENGTH = 6;
/** What a path that is too long for a line is shortened to, so that the reason has room beside it. */
const SHORTENED_RATIO = 2 / 3;

/** File name and folder whole, and as much of the start as fits; of a folder too long its end. */
export function shortPath(path: string, width: number, ellipsis: string): string {
  if (cellsOf(path) <= width) return path;
  const [folder = "", file = ""] = path.split("/").slice(-2);
  const end = `/${folder}/${file}`;
  if (cellsOf(end) + ellipsis.length > width) return `${ellipsis}${folder.slice(-FOLDER_END_LENGTH)}/${file}`;
  const start = Math.max(0, Math.floor(width * SHORTENED_RATIO) - cellsOf(end) - ellipsis.length);
  return `${path.slice(0, start)}${ellipsis}${end}`;
}
