// The one edge where names and messages from the server become safe to paint: no control, bidi, wide or combining
// characters pass, so every character left takes exactly one cell. It knows nothing about who wrote the text.

/** Shown for a character that cannot be painted in one cell. */
const REPLACEMENT = "?";

// C0, DEL, C1; soft hyphen; zero width and bidi marks; surrogate halves; private use; specials.
const FORBIDDEN = new RegExp(
  "[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff0-\\uffff\\ud800-\\udfff\\ue000-\\uf8ff\\ufe00-\\ufe0f]",
  "u",
);
const COMBINING = /\p{M}/u;

/** Ranges of the Basic Multilingual Plane that terminals paint two cells wide (Unicode 15 East Asian Width W and F). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], [0x231a, 0x231b], [0x2329, 0x232a], [0x23e9, 0x23ec], [0x23f0, 0x23f0], [0x23f3, 0x23f3],
  [0x25fd, 0x25fe], [0x2614, 0x2615], [0x2648, 0x2653], [0x267f, 0x267f], [0x2693, 0x2693], [0x26a1, 0x26a1],
  [0x26aa, 0x26ab], [0x26bd, 0x26be], [0x26c4, 0x26c5], [0x26ce, 0x26ce], [0x26d4, 0x26d4], [0x26ea, 0x26ea],
  [0x26f2, 0x26f3], [0x26f5, 0x26f5], [0x26fa, 0x26fa], [0x26fd, 0x26fd], [0x2705, 0x2705], [0x270a, 0x270b],
  [0x2728, 0x2728], [0x274c, 0x274c], [0x274e, 0x274e], [0x2753, 0x2755], [0x2757, 0x2757], [0x2795, 0x2797],
  [0x27b0, 0x27b0], [0x27bf, 0x27bf], [0x2b1b, 0x2b1c], [0x2b50, 0x2b50], [0x2b55, 0x2b55], [0x2e80, 0x303e],
  [0x3041, 0x33ff], [0x3400, 0x4dbf], [0x4e00, 0x9fff], [0xa000, 0xa4cf], [0xa960, 0xa97f], [0xac00, 0xd7a3],
  [0xf900, 0xfaff], [0xfe10, 0xfe19], [0xfe30, 0xfe6f], [0xff00, 0xff60], [0xffe0, 0xffe6],
];

/** Longest text kept, in characters: nothing the dashboard paints in one place is longer. */
const MAX_LENGTH = 2_000;

function isWide(code: number): boolean {
  return code > 0xffff || WIDE.some(([first, last]) => code >= first && code <= last);
}

/** One line of text in which each character takes one cell. Line breaks and tabs become spaces, the rest of what is unsafe `?`. */
export function paintable(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text.slice(0, MAX_LENGTH);
  let result = "";
  for (const char of text.slice(0, MAX_LENGTH)) {
    const code = char.codePointAt(0) ?? 0;
    if (char === "\n" || char === "\r" || char === "\t") result += " ";
    else if (FORBIDDEN.test(char) || COMBINING.test(char) || isWide(code)) result += REPLACEMENT;
    else result += char;
  }
  return result;
}

/** The name where it can be painted unchanged, else the id, which is plain by rule. */
export function displayName(name: string, id: string): string {
  return paintable(name) === name && name !== "" ? name : paintable(id);
}
