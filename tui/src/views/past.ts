// How the past looks like the past: the inverse header with the clock of the instant shown, and what stands in the place
// of what is told of now alone. What is asked for and what has come is the store's to say.
import { isLoading, spanSeconds } from "../store/past.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { cut, longAge, spanWords } from "./format.js";
import { DIM, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { instantWords } from "./past-words.js";
import { wholePieces } from "./whole-pieces.js";
import type { Piece } from "./whole-pieces.js";
import { CONSOLE_OF_NOW } from "./vm-console.js";

/** The instant outlives all; how long ago it was and of what it is a mean can be worked out. */
const INSTANT_WEIGHT = 20;
const AGO_WEIGHT = 3;
const STEP_WEIGHT = 1;

/** The whole first line, inverse, `what` in its middle: the clock stands where the age stands live. What has no room goes whole. */
export function pastHeader(p: Painter, what: readonly Piece[]): void {
  const { state: { past }, frame, theme } = p;
  const look = style("attention", "inverse");
  frame.fill({ x: 0, y: 0, width: frame.width, height: 1 }, " ", look);
  const loading = isLoading(past);
  const clock = loading || past.frame === null ? (past.at ?? 0) : past.frame.clock;
  const step = past.frame === null || past.frame.stepSeconds === 1 ? "" : ` (means of ${past.frame.stepSeconds} s)`;
  const end = `  ${loading ? "asking" : spanWords(spanSeconds(past))}  0 now `;
  // Live, bars stand between what here two blanks part.
  const inverse = what.map(({ texts, weight }): Piece => ({ weight, texts: [[`  ${texts.map(([text]) => text.replace(theme.bar, "")).join("").trim()}`, look]] }));
  const pieces: Piece[] = [
    { texts: [[` PAST ${instantWords(clock)} UTC`, look]], weight: INSTANT_WEIGHT }, { texts: [[step, look]], weight: STEP_WEIGHT },
    { texts: [[`, ${longAge(Math.max(0, past.seenFrom - clock))} ago`, look]], weight: AGO_WEIGHT },
    ...inverse,
  ];
  parts(p, 0, 0, wholePieces(pieces, frame.width - end.length), frame.width - end.length);
  frame.putRight(frame.width, 0, end, look);
}

/** The one tab of which history has nothing. False: the tab is told as ever. */
export function consoleThen(p: Painter, rect: Rect): boolean {
  if (p.state.past.at === null) return false;
  rule(p, { ...rect, height: 1 }, "console");
  p.frame.put(rect.x + 2, rect.y + 1, cut(CONSOLE_OF_NOW, rect.width - 4, p.theme.ellipsis), DIM);
  return true;
}
