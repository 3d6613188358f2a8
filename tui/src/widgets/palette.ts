// Turns what a cell means into blessed's packed attributes, for the colours the terminal has. Okabe and Ito's colours,
// safe for colour-blind eyes, at their nearest in the 256-colour cube or in the 16.
import { DEFAULT_COLOUR, looksOf } from "../views/frame.js";
import type { Role, Style } from "../views/frame.js";

export type ColourDepth = "none" | "16" | "256";

/** [in 256 colours, in 16]; DEFAULT_COLOUR is the terminal's own. */
const COLOURS: Readonly<Record<Role, readonly [number, number]>> = {
  text: [DEFAULT_COLOUR, DEFAULT_COLOUR],
  dim: [245, 8],
  title: [74, 6],
  running: [36, 2],
  paused: [74, 6],
  stopped: [245, 8],
  between: [214, 3],
  crashed: [166, 1],
  attention: [214, 3],
  mark: [214, 3],
  first: [74, 6],
  second: [214, 3],
  third: [36, 2],
  fourth: [175, 5],
  fifth: [227, 3],
  sixth: [166, 1],
  rule: [240, 8],
  key: [74, 6],
  bar: [36, 2],
  shared: [74, 6],
  zip: [214, 3],
};

// blessed's packing: flags above bit 18, foreground above bit 9, background below.
const FLAGS_SHIFT = 18;
const FOREGROUND_SHIFT = 9;
const BOLD = 1;
const UNDERLINE = 2;
const INVERSE = 8;

export type AttributeOf = (style: Style) => number;

/** blessed's attribute of a style; each style is worked out once. */
export function attributes(depth: ColourDepth): AttributeOf {
  const known = new Map<Style, number>();
  return (style) => {
    const before = known.get(style);
    if (before !== undefined) return before;
    const attribute = attributeOf(style, depth);
    known.set(style, attribute);
    return attribute;
  };
}

function attributeOf(style: Style, depth: ColourDepth): number {
  const looks = looksOf(style);
  let foreground = looks.foreground;
  let background = looks.background;
  if (looks.role !== null) foreground = COLOURS[looks.role][depth === "16" ? 1 : 0];
  if (depth === "none") foreground = background = DEFAULT_COLOUR;
  const flags = (looks.bold ? BOLD : 0) | (looks.underline ? UNDERLINE : 0) | (looks.inverse ? INVERSE : 0);
  return (flags << FLAGS_SHIFT) | (foreground << FOREGROUND_SHIFT) | background;
}
