// How the past looks like the past: the inverse header with the clock of the instant shown, and what stands in the place
// of what is told of now alone. What is asked for and what has come is the store's to say.
import { isLoading, spanSeconds } from "../store/past.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { cut, longAge } from "./format.js";
import { DIM, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { instantWords, spanWords } from "./past-words.js";
import { CONSOLE_OF_NOW } from "./vm-console.js";

/** The whole first line, inverse, `what` in its middle: the clock stands where the age stands live. */
export function pastHeader(p: Painter, what: string): void {
  const { state: { past }, frame, theme } = p;
  const look = style("attention", "inverse");
  frame.fill({ x: 0, y: 0, width: frame.width, height: 1 }, " ", look);
  const loading = isLoading(past);
  const clock = loading || past.frame === null ? (past.at ?? 0) : past.frame.clock;
  const step = past.frame === null || past.frame.stepSeconds === 1 ? "" : ` (means of ${past.frame.stepSeconds} s)`;
  const start = ` PAST ${instantWords(clock)} UTC${step}, ${longAge(Math.max(0, past.seenFrom - clock))} ago`;
  const end = `${loading ? "asking" : spanWords(spanSeconds(past))}  0 now `;
  const room = frame.width - start.length - end.length - 2;
  frame.put(0, 0, cut(start, frame.width - end.length, theme.ellipsis), look);
  if (room > 4) frame.put(start.length, 0, `  ${cut(what, room, theme.ellipsis)}`, look);
  frame.putRight(frame.width, 0, end, look);
}

/** The one tab of which history has nothing. False: the tab is told as ever. */
export function consoleThen(p: Painter, rect: Rect): boolean {
  if (p.state.past.at === null) return false;
  rule(p, { ...rect, height: 1 }, "console");
  p.frame.put(rect.x + 2, rect.y + 1, cut(CONSOLE_OF_NOW, rect.width - 4, p.theme.ellipsis), DIM);
  return true;
}
