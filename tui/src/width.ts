// The one place that says how many cells a text takes, and which parts of it may reach a terminal. Every text is taken
// apart into clusters that terminals agree about; what they do not agree about is made simple, what is unsafe becomes `?`.
import stringWidth from "string-width";

/** What stands in one place: a character with its marks, one or two cells wide. */
export interface Cluster { readonly text: string; readonly width: 1 | 2 }

/** Shown for a character that must not or cannot be painted. */
const REPLACEMENT: Cluster = { text: "?", width: 1 };
const BLANK: Cluster = { text: " ", width: 1 };
/** Marks kept on one character: scripts need two, and a tower of them would climb out of its row. */
const MARKS_MAX = 2;
/** Longest text taken apart, in characters: nothing painted in one place is longer. */
const TEXT_MAX_LENGTH = 4_096;

/** Characters of one cell in every terminal: Latin, Greek, Cyrillic, punctuation, arrows, lines, blocks and dots. */
const SIMPLE = "\\x20-\\x7e\\u00a1-\\u00ac\\u00ae-\\u02ff\\u0370-\\u0373\\u0376\\u0377\\u037b-\\u037e\\u0391-\\u03a1\\u03a3-\\u0482\\u048a-\\u0513\\u2010-\\u2027\\u2030-\\u205e\\u2190-\\u21ff\\u2500-\\u25fc\\u2713-\\u2718\\u2800-\\u28ff";
const ALL_SIMPLE = new RegExp(`^[${SIMPLE}]*$`);

/** Whether a cell's text is of one cell in every terminal, so that the cursor after it is known. */
export function isSimple(text: string): boolean {
  return text.length === 1 && ALL_SIMPLE.test(text);
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Joiners, variation selectors, tags and skin tones: what makes one picture of several, where terminals differ. */
const JOINING = /[\u200c\u200d\ufe00-\ufe0f\u{e0020}-\u{e007f}\u{e0100}-\u{e01ef}\u{1f3fb}-\u{1f3ff}\u20e3\u034f]/gu;
const PICTURE = /\p{Extended_Pictographic}/u;
const REGIONAL_INDICATOR_A = 0x1f1e6;
const REGIONAL_INDICATOR_Z = 0x1f1ff;
/**
 * What drives a terminal, hides or reverses text, or is no character: controls, formats (bidi marks among them), line
 * separators, surrogate halves, private and unassigned ones. For a class in a regular expression with the flag u.
 */
export const UNPRINTABLE = "\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}";
/** Fillers and parts of Hangul syllables too: their widths differ between terminals. */
const UNSAFE = new RegExp(`[${UNPRINTABLE}\\u115f\\u1160\\u3164\\uffa0\\u1100-\\u11ff\\ua960-\\ua97f\\ud7b0-\\ud7ff]`, "u");
const MARK = /[\p{Mn}\p{Me}]/u;
const SPACE = /\p{Zs}|[\n\r\t]/u;

/** Texts taken apart before: names come again with every frame. */
const known = new Map<string, readonly Cluster[]>();
const KNOWN_MAX = 2_000;

export function clustersOf(text: string): readonly Cluster[] {
  const before = known.get(text);
  if (before !== undefined) return before;
  const short = text.length > TEXT_MAX_LENGTH ? text.slice(0, TEXT_MAX_LENGTH) : text;
  const clusters = ALL_SIMPLE.test(short) ? Array.from(short, (char) => ({ text: char, width: 1 as const })) : takenApart(short);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(text, clusters);
  return clusters;
}

function takenApart(text: string): Cluster[] {
  const found: Cluster[] = [];
  for (const { segment } of graphemes.segment(text.normalize("NFC"))) found.push(...clustersOfGrapheme(segment));
  return found;
}

/** Of a family joined from several people the first is kept, of a flag its two letters. */
function clustersOfGrapheme(grapheme: string): Cluster[] {
  const first = PICTURE.test(grapheme) ? (grapheme.split("\u200d")[0] ?? "") : grapheme;
  const bare = first.replace(JOINING, "");
  if (bare !== "" && bare !== grapheme) return clustersOfGrapheme(bare);
  const found: Cluster[] = [];
  let marks = 0;
  for (const char of grapheme) {
    const last = found.at(-1);
    if (MARK.test(char) && last !== undefined && last !== REPLACEMENT && last !== BLANK) {
      if (marks++ < MARKS_MAX) found[found.length - 1] = { text: last.text + char, width: last.width };
    } else found.push(clusterOf(char));
  }
  return found;
}

function clusterOf(char: string): Cluster {
  const code = char.codePointAt(0) ?? 0;
  if (SPACE.test(char)) return BLANK;
  if (code >= REGIONAL_INDICATOR_A && code <= REGIONAL_INDICATOR_Z) return { text: String.fromCharCode(0x41 + code - REGIONAL_INDICATOR_A), width: 1 };
  if (UNSAFE.test(char) || MARK.test(char)) return REPLACEMENT;
  const width = stringWidth(char);
  return width === 1 || width === 2 ? { text: char, width } : REPLACEMENT;
}

/** The text as it is painted: exactly so many cells wide in every terminal as `cellsOf` counts. */
export function paintedText(text: string): string {
  return ALL_SIMPLE.test(text) && text.length <= TEXT_MAX_LENGTH ? text : clustersOf(text).map((cluster) => cluster.text).join("");
}

/** Cells that a text takes. */
export function cellsOf(text: string): number {
  return ALL_SIMPLE.test(text) ? Math.min(text.length, TEXT_MAX_LENGTH) : clustersOf(text).reduce((sum, { width }) => sum + width, 0);
}

/** Cut to a number of cells, with a mark of one cell for what is missing. */
export function cutCells(text: string, cells: number, mark: string): string {
  if (cells <= 0) return "";
  if (ALL_SIMPLE.test(text)) return text.length <= cells ? text : text.slice(0, cells - mark.length) + mark;
  if (cellsOf(text) <= cells) return paintedText(text);
  let kept = "";
  let used = mark.length;
  for (const cluster of clustersOf(text)) {
    if (used + cluster.width > cells) break;
    kept += cluster.text;
    used += cluster.width;
  }
  return kept + mark;
}

/** Cut in its middle: of names of one family it is the ends that differ. */
export function cutCellsInside(text: string, cells: number, mark: string): string {
  const room = cells - mark.length;
  if (room < 2 || cellsOf(text) <= cells) return cutCells(text, cells, mark);
  const clusters = clustersOf(text);
  const [start, used] = firstOf(clusters, Math.floor(room / 2));
  const [end] = firstOf(clusters.toReversed(), room - used);
  return start.join("") + mark + end.toReversed().join("");
}

/** The first clusters that fit into so many cells, and the cells they take. */
function firstOf(clusters: readonly Cluster[], cells: number): readonly [texts: string[], used: number] {
  const texts: string[] = [];
  let used = 0;
  for (const { text, width } of clusters) {
    if (used + width > cells) break;
    texts.push(text);
    used += width;
  }
  return [texts, used];
}

/** Filled up with blanks to a number of cells; longer texts stay as they are. */
export function padCells(text: string, cells: number, align: "left" | "right" = "left"): string {
  const gap = " ".repeat(Math.max(0, cells - cellsOf(text)));
  return align === "right" ? gap + text : text + gap;
}
