// Facts side by side of which each is told whole or not at all: where not all have room, those that matter least go. Pure.
import { cellsOf } from "../width.js";
import type { Style } from "./frame.js";

export type Text = readonly [string, Style];
/** The piece of the least weight goes first; of equal ones the last. */
export interface Piece { texts: readonly Text[]; weight: number }

export function wholePieces(pieces: readonly Piece[], room: number): Text[] {
  const cells = pieces.reduce((sum, { texts }) => sum + texts.reduce((own, [text]) => own + cellsOf(text), 0), 0);
  if (cells <= room || pieces.length === 0) return pieces.flatMap(({ texts }) => texts);
  const least = pieces.reduce((lightest, piece) => (piece.weight <= lightest.weight ? piece : lightest));
  return wholePieces(pieces.filter((piece) => piece !== least), room);
}
