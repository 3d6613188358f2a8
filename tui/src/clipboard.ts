// Text for the clipboard of the person's own terminal, by OSC 52: it works over SSH, and through tmux and screen where
// these let it pass. Pure: bytes out.

/** Most that terminals take: xterm's limit is 100,000 characters of base64. */
export const CLIPBOARD_MAX_BYTES = 74_994;
/** GNU screen cuts longer strings inside its wrapping. */
const SCREEN_CHUNK_CHARACTERS = 700;

/** The sequence that copies a text; null when it is longer than terminals take. */
export function clipboardSequence(text: string, inside: "terminal" | "tmux" | "screen"): string | null {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > CLIPBOARD_MAX_BYTES) return null;
  const plain = `\x1b]52;c;${bytes.toString("base64")}\x07`;
  switch (inside) {
    case "terminal": return plain;
    // tmux takes it itself (set-clipboard on), or hands it through (allow-passthrough on): whichever its owner set.
    case "tmux": return `${plain}\x1bPtmux;${plain.replaceAll("\x1b", "\x1b\x1b")}\x1b\\`;
    case "screen": return chunks(plain).map((chunk) => `\x1bP${chunk}\x1b\\`).join("");
  }
}

function chunks(text: string): string[] {
  return Array.from({ length: Math.ceil(text.length / SCREEN_CHUNK_CHARACTERS) }, (_, index) => text.slice(index * SCREEN_CHUNK_CHARACTERS, (index + 1) * SCREEN_CHUNK_CHARACTERS));
}

/** What stands between us and the terminal. */
export function multiplexerOf(env: Readonly<Record<string, string | undefined>>): "terminal" | "tmux" | "screen" {
  return env["TMUX"] ? "tmux" : env["STY"] ? "screen" : "terminal";
}
