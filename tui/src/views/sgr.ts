// Colours as the codes of SGR (ECMA-48, 8.3.117), for the depth a terminal has. Pure.
import type { ColourDepth } from "../terminal-kind.js";
import { channels, nearest256 } from "./palettes.js";
import type { Colour } from "./palettes.js";

/** SGR's own for the terminal's text colour. */
export const DEFAULT_FOREGROUND = "39";
export const DEFAULT_BACKGROUND = "49";

const NORMAL_FOREGROUND = 30;
const NORMAL_BACKGROUND = 40;
/** Added for the bright eight of the 16. */
const BRIGHT = 52;

export function foregroundCode(colour: Colour, depth: ColourDepth): string {
  if (colour === null || depth === "none") return DEFAULT_FOREGROUND;
  const [hex, ansi] = colour;
  if (depth === "true") return `38;2;${channels(hex).join(";")}`;
  return depth === "256" ? `38;5;${nearest256(hex)}` : ansiCode(ansi, NORMAL_FOREGROUND);
}

/** One of the 256 as a console's program chose it: as it is, or among the 16. */
export function indexedCode(index: number, depth: ColourDepth, plane: "foreground" | "background"): string {
  const normal = plane === "foreground" ? NORMAL_FOREGROUND : NORMAL_BACKGROUND;
  if (depth === "none") return plane === "foreground" ? DEFAULT_FOREGROUND : DEFAULT_BACKGROUND;
  if (index < 16) return ansiCode(index, normal);
  return depth === "16" ? ansiCode(cubeToAnsi(index), normal) : `${normal + 8};5;${index}`;
}

function ansiCode(index: number, normal: number): string {
  return String(normal + index + (index >= 8 ? BRIGHT : 0));
}

/** A colour of the cube or of the greys as the nearest of the 16: a bit a channel, bright where it is strong. */
function cubeToAnsi(index: number): number {
  if (index >= 232) return index < 238 ? 0 : index < 244 ? 8 : index < 250 ? 7 : 15;
  const steps = [Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6];
  const strongest = Math.max(...steps);
  const bits = steps.reduce((sum, step, channel) => sum + (step >= 2 && step * 2 > strongest ? 1 << channel : 0), 0);
  return bits === 0 ? (strongest >= 2 ? 8 : 0) : bits + (strongest === 5 ? 8 : 0);
}
