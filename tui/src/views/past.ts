// How the past looks like the past: the inverse header with the clock of the instant shown, and what stands in the place
// of what is told of now alone. What is asked for and what has come is the store's to say.
import { isLoading, spanSeconds } from "../store/past.js";
import type { VmTab } from "../store/state.js";
import type { Vm } from "../store/model.js";
import { style } from "./frame.js";
import type { Rect } from "./frame.js";
import { cut, longAge } from "./format.js";
import { DIM, parts, rule } from "./painter.js";
import type { Painter } from "./painter.js";
import { instantWords, spanWords } from "./past-words.js";
import { plot } from "./plot.js";
import { plotGrid } from "./plot-grid.js";
import { wholePieces } from "./whole-pieces.js";
import type { Piece } from "./whole-pieces.js";
import { CONSOLE_OF_NOW } from "./vm-console.js";
import { cpuPlot, diskRatePlot, latencyPlot, networkPlot } from "./vm-plots.js";

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

const NOT_KEPT: Partial<Record<VmTab, string>> = {
  cpu: "Each vCPU is told of now alone; of then the VM as a whole is kept.",
  disks: "Each disk is told of now alone; of then all disks together are kept.",
  net: "Each card is told of now alone; of then all cards together are kept.",
  console: CONSOLE_OF_NOW,
};

/** The tabs of parts that history does not keep: what it keeps instead. False: the tab is told as ever. */
export function partsThen(p: Painter, vm: Vm, rect: Rect, tab: VmTab): boolean {
  const note = NOT_KEPT[tab];
  if (p.state.past.at === null || note === undefined) return false;
  rule(p, { ...rect, height: 1 }, tab);
  p.frame.put(rect.x + 2, rect.y + 1, cut(note, rect.width - 4, p.theme.ellipsis), DIM);
  const below: Rect = { ...rect, y: rect.y + 3, height: rect.height - 3 };
  if (tab === "cpu") plot(p, cpuPlot(p, vm), below);
  if (tab === "disks") plotGrid(p, [diskRatePlot(p, vm), latencyPlot(p, vm)], below, rect.width >= 100 ? 2 : 1);
  if (tab === "net") plot(p, networkPlot(p, vm), below);
  return true;
}
