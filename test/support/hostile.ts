// Texts that somebody who may name things would choose to do harm, and the law for what a terminal may be given of them.
// It knows neither dashboard nor command line.
import stringWidth from "string-width";

/** Sixty-four characters, the longest name there is. */
const NAME_LENGTH = 64;

/** One of each kind of harm; each holds `pwned`, so that it can be looked for in what was written. */
export const HOSTILE = {
  title: "\x1b]0;pwned\x07",
  clipboard: "\x1b]52;c;cHduZWQ=\x07pwned",
  colour: "\x1b[31;1mpwned\x1b[2J\x1b[H",
  eightBit: "\x9b31mpwned\x9d0;pwned\x9c\x85",
  device: "pwned\x1bP+q544e\x1b\\\x1b[6n\x1b[c\x05",
  lines: "pwned\r\nroot@host:~# \n\x0b\x0c\u2028\u2029\ttab",
  backspaces: "safe\b\b\b\bpwned\x7f\x00",
  bidi: "pwned\u202egnp.exe\u202c\u2066\u200f\u061c",
  hidden: "pwned\u200b\u200d\u2060\ufeff\u00ad\u{e0070}\u{e007f}",
  wide: "pwned虚拟机한국어ｗｉｄｅ",
  combining: `pwned${"e\u0301\u0316\u0327\u0334\u0488".repeat(8)}`,
  emoji: "pwned👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪1️⃣❤️",
  tags: "{bold}pwned{/bold}{red-fg}{|}{open}",
  formats: "%s%n%d%99999x pwned %%",
  shell: "$(reboot) `reboot` '; reboot #pwned\" && reboot",
  option: "--pwned=-rf",
  long: "pwned-".repeat(NAME_LENGTH).slice(0, NAME_LENGTH),
  surrogates: "pwned\ud800\udc00x\udfff\ue000\uffff",
  yaml: "pwned: [&a *a, !!js/function '', {#\n---\n- |",
  csv: '=cmd|"/c pwned"!A1,"",\r\n',
} as const;
export const HOSTILE_TEXTS: readonly string[] = Object.values(HOSTILE);

/** Controls, formats, halves, private and unassigned characters, line separators: what moves, hides or reverses. */
const UNPAINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
const widths = new Map<string, 0 | 1 | 2>();

/** Cells that one cell's text takes; 0 for what may not stand on a screen. */
export function paintableWidth(text: string): 0 | 1 | 2 {
  let width = widths.get(text);
  if (width === undefined) {
    const cells = UNPAINTABLE.test(text) ? 0 : stringWidth(text);
    widths.set(text, (width = cells === 1 || cells === 2 ? cells : 0));
  }
  return width;
}

/** What of a text must not reach a terminal: its code points, for a message; empty when nothing. Line ends and tabs may stay. */
export function strayOf(text: string): string {
  return Array.from(text).filter((char) => char !== "\n" && char !== "\t" && UNPAINTABLE.test(char)).map((char) => `U+${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`).join(" ");
}

// What full-screen programs of ours send besides text: CSI with its parameters, a copy to the clipboard, the keypad, the
// saved cursor and the character set.
const OWN_SEQUENCES = /\x1b\[[0-9;?]*[A-Za-z]|\x1b\]52;c;[A-Za-z0-9+/=]*\x07|\x1b[=>78]|\x1b\([0B]|[\x0e\x0f]/g;

/** What stands in bytes that went to a terminal and is neither text, nor a way of ours to move or colour it. */
export function strayInRaw(raw: string): string {
  return strayOf(raw.replace(OWN_SEQUENCES, "").replace(/[\r\n\b]/g, ""));
}
