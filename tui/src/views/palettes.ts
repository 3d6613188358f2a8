// The one table of colours: what each role wears in each theme. Views name roles; widgets/palette.ts turns these into
// what the terminal has. "dark" and "light" are Okabe and Ito's colours, which colour-blind eyes tell apart; a symbol
// always says the same beside them.
import type { Role } from "./frame.js";

/** A colour in full, and its stand-in among the terminal's own 16. Null: the terminal's text colour. */
export type Colour = readonly [hex: string, ansi: number] | null;
export interface Palette { readonly name: string; readonly colours: Readonly<Record<Role, Colour>> }

const RED = 1, GREEN = 2, YELLOW = 3, BLUE = 4, MAGENTA = 5, CYAN = 6, BRIGHT_BLACK = 8, BRIGHT_RED = 9, BRIGHT_GREEN = 10, BRIGHT_YELLOW = 11, BRIGHT_MAGENTA = 13, BRIGHT_CYAN = 14, WHITE = 7;

interface Hues { calm: Colour; good: Colour; grey: Colour; faint: Colour; warm: Colour; bad: Colour; rose: Colour; lemon: Colour }

const NO_HUES: Hues = { calm: null, good: null, grey: null, faint: null, warm: null, bad: null, rose: null, lemon: null };

/** Roles share few hues, so that a colour has one meaning. */
function palette(name: string, { calm, good, grey, faint, warm, bad, rose, lemon }: Hues): Palette {
  return {
    name,
    colours: {
      text: null, dim: grey, title: calm, running: good, paused: calm, stopped: grey, between: warm, crashed: bad, attention: warm, mark: warm,
      first: calm, second: warm, third: good, fourth: rose, fifth: lemon, sixth: bad, rule: faint, key: calm, bar: good, zip: warm,
    },
  };
}

export const PALETTES: readonly Palette[] = [
  palette("dark", { calm: ["#56b4e9", CYAN], good: ["#00ae81", GREEN], grey: ["#8a8a8a", BRIGHT_BLACK], faint: ["#585858", BRIGHT_BLACK], warm: ["#e69f00", YELLOW], bad: ["#e0662a", RED], rose: ["#cc79a7", MAGENTA], lemon: ["#f0e442", BRIGHT_YELLOW] }),
  palette("light", { calm: ["#0072b2", BLUE], good: ["#00714f", GREEN], grey: ["#6c6c6c", BRIGHT_BLACK], faint: ["#9e9e9e", BRIGHT_BLACK], warm: ["#8f5f00", YELLOW], bad: ["#b24400", RED], rose: ["#9c4a78", MAGENTA], lemon: ["#6b6500", YELLOW] }),
  palette("contrast", { calm: ["#5fd7ff", BRIGHT_CYAN], good: ["#00ff87", BRIGHT_GREEN], grey: ["#d0d0d0", WHITE], faint: ["#bcbcbc", WHITE], warm: ["#ffd700", BRIGHT_YELLOW], bad: ["#ff5f5f", BRIGHT_RED], rose: ["#ffafd7", BRIGHT_MAGENTA], lemon: ["#ffff87", BRIGHT_YELLOW] }),
  palette("mono", NO_HUES),
];

/** The theme a terminal starts with: the one for its background. */
export function paletteFor(background: "light" | "dark"): Palette {
  return PALETTES.find((one) => one.name === background) ?? palette("mono", NO_HUES);
}

/** A theme of the person's own: another, with some roles in colours of their choice. */
export function ownPalette(name: string, base: Palette, changed: ReadonlyMap<Role, string>): Palette {
  const colours = { ...base.colours };
  for (const [role, hex] of changed) colours[role] = [hex, nearestAnsi(hex)];
  return { name, colours };
}

/** The 16 as xterm has them; terminals differ, so this only finds the stand-in of a colour. */
const ANSI: readonly (readonly [number, number, number])[] = [
  [0, 0, 0], [205, 0, 0], [0, 205, 0], [205, 205, 0], [0, 0, 238], [205, 0, 205], [0, 205, 205], [229, 229, 229],
  [127, 127, 127], [255, 0, 0], [0, 255, 0], [255, 255, 0], [92, 92, 255], [255, 0, 255], [0, 255, 255], [255, 255, 255],
];

function nearestAnsi(hex: string): number {
  const wanted = channels(hex);
  let nearest = 0;
  for (let index = 1; index < ANSI.length; index++) if (distance(ANSI[index] ?? wanted, wanted) < distance(ANSI[nearest] ?? wanted, wanted)) nearest = index;
  return nearest;
}

type Channels = readonly [number, number, number];

export function channels(hex: string): Channels {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 0xff, value & 0xff];
}

function distance(a: Channels, b: Channels): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}

/** Steps of the 6x6x6 cube of the 256 colours, which starts at 16; 24 greys from 232 on. */
const CUBE: readonly number[] = [0, 95, 135, 175, 215, 255];
const CUBE_START = 16;
const GREY_START = 232;

/** The nearest of the 256 colours: of the cube or of the greys. */
export function nearest256(hex: string): number {
  const wanted = channels(hex);
  const step = (value: number): number => CUBE.reduce<number>((best, level, index) => (Math.abs(level - value) < Math.abs((CUBE[best] ?? 0) - value) ? index : best), 0);
  const [r, g, b] = [step(wanted[0]), step(wanted[1]), step(wanted[2])];
  const inCube: Channels = [CUBE[r] ?? 0, CUBE[g] ?? 0, CUBE[b] ?? 0];
  const grey = Math.max(0, Math.min(23, Math.round(((wanted[0] + wanted[1] + wanted[2]) / 3 - 8) / 10)));
  const level = 8 + 10 * grey;
  return distance([level, level, level], wanted) < distance(inCube, wanted) ? GREY_START + grey : CUBE_START + 36 * r + 6 * g + b;
}
