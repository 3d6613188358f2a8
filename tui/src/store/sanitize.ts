// The edge where names and messages from the server become safe to paint: one line, no control or bidi characters, no
// sequence that terminals measure differently (width.ts). It knows nothing about who wrote the text.
import { paintedText } from "../width.js";

/** Longest text kept, in characters: nothing the dashboard paints in one place is longer. */
const MAX_LENGTH = 2_000;

/** One line of text that takes as many cells as width.ts counts. Line breaks and tabs become spaces, what is unsafe `?`. */
export function paintable(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text.slice(0, MAX_LENGTH);
  return paintedText(text.slice(0, MAX_LENGTH));
}

/** The name where it can be painted unchanged, else the id, which is plain by rule. */
export function displayName(name: string, id: string): string {
  return paintable(name) === name.normalize("NFC") && name.trim() !== "" ? name : paintable(id);
}
