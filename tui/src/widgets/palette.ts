// Turns what a cell means into the SGR codes of the terminal at hand: the depth of its colours and the theme worn decide.
import { DEFAULT_COLOUR, looksOf } from "../views/frame.js";
import type { Style } from "../views/frame.js";
import type { Palette } from "../views/palettes.js";
import { DEFAULT_BACKGROUND, DEFAULT_FOREGROUND, foregroundCode, indexedCode } from "../views/sgr.js";
import type { ColourDepth } from "../terminal-kind.js";

/** Looks as the terminal takes them. Two inks of the same `key` look the same. */
export interface Ink { readonly key: string; readonly foreground: string; readonly background: string; readonly flags: readonly string[] }

export const PLAIN: Ink = { key: "39;49", foreground: DEFAULT_FOREGROUND, background: DEFAULT_BACKGROUND, flags: [] };

const BOLD = "1";
const UNDERLINE = "4";
const INVERSE = "7";

export type InkOf = (style: Style) => Ink;

/** The ink of each style; each is worked out once. */
export function inks(depth: ColourDepth, palette: Palette): InkOf {
  const known = new Map<Style, Ink>();
  return (style) => {
    const before = known.get(style);
    if (before !== undefined) return before;
    const ink = inkOf(style, depth, palette);
    known.set(style, ink);
    return ink;
  };
}

function inkOf(style: Style, depth: ColourDepth, palette: Palette): Ink {
  const looks = looksOf(style);
  const foreground =
    looks.role !== null ? foregroundCode(palette.colours[looks.role], depth)
    : looks.foreground === DEFAULT_COLOUR ? DEFAULT_FOREGROUND
    : indexedCode(looks.foreground, depth, "foreground");
  const background = looks.background === DEFAULT_COLOUR ? DEFAULT_BACKGROUND : indexedCode(looks.background, depth, "background");
  const flags = [looks.bold ? BOLD : "", looks.underline ? UNDERLINE : "", looks.inverse ? INVERSE : ""].filter((flag) => flag !== "");
  return { key: [foreground, background, ...flags].join(";"), foreground, background, flags };
}

/** The shortest SGR that turns one ink into another; empty where they look the same. */
export function sgr(from: Ink, to: Ink): string {
  if (from.key === to.key) return "";
  if (to.key === PLAIN.key) return "\x1b[m";
  const added = [
    ...to.flags.filter((flag) => !from.flags.includes(flag)),
    ...(to.foreground === from.foreground ? [] : [to.foreground]), ...(to.background === from.background ? [] : [to.background]),
  ];
  const losesFlag = from.flags.some((flag) => !to.flags.includes(flag));
  if (!losesFlag) return `\x1b[${added.join(";")}m`;
  const anew = ["0", ...to.flags, ...(to.foreground === DEFAULT_FOREGROUND ? [] : [to.foreground]), ...(to.background === DEFAULT_BACKGROUND ? [] : [to.background])];
  return `\x1b[${anew.join(";")}m`;
}
