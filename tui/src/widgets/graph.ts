// Draws a frame's graphs in dots with blessed-contrib's canvas and lays them into the frame's cells. Gaps stay gaps:
// no line is drawn over an unknown value. Without Unicode a graph is made of stars.
import Canvas from "blessed-contrib/lib/widget/canvas.js";
import type { Widgets } from "blessed";
import { style } from "../views/frame.js";
import type { Frame, Graph, GraphMark, Rect, Style } from "../views/frame.js";
import { ASCII, UNICODE } from "../views/theme.js";
import { cellsOf } from "../width.js";

const DOTS_ACROSS = 2;
const DOTS_UP = 4;
const BRAILLE = 0x2800;

/** Canvases by size: a screen has a handful of sizes, so they are made once. */
export type CanvasOf = (columns: number, rows: number) => Canvas;

export function canvases(screen: Widgets.Screen): CanvasOf {
  const known = new Map<string, Canvas>();
  return (columns, rows) => {
    const key = `${columns}x${rows}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    // Never shown as an element: it lends its drawing, and the surface paints all cells.
    const canvas = new Canvas({ screen });
    canvas.calcSize = () => (canvas.canvasSize = { width: columns * DOTS_ACROSS, height: rows * DOTS_UP });
    canvas.emit("attach");
    known.set(key, canvas);
    return canvas;
  };
}

export function drawGraph(frame: Frame, graph: Graph, canvasOf: CanvasOf, characters: "unicode" | "ascii"): void {
  drawLines(frame, graph, canvasOf, characters);
  if (graph.rect.width <= 0 || graph.rect.height <= 0) return;
  for (const mark of graph.marks) drawMark(frame, graph, mark, characters === "ascii" ? ASCII.peak : UNICODE.peak);
}

function drawLines(frame: Frame, graph: Graph, canvasOf: CanvasOf, characters: "unicode" | "ascii"): void {
  const { rect } = graph;
  if (rect.width <= 0 || rect.height <= 0) return;
  const canvas = canvasOf(rect.width, rect.height);
  const merged = new Uint8Array(rect.width * rect.height);
  for (const series of graph.series) {
    const { content } = canvas.ctx._canvas;
    content.fill(0);
    line(canvas, series.values, graph);
    const look = style(series.role);
    for (let cell = 0; cell < merged.length; cell++) {
      const dots = content[cell] ?? 0;
      if (dots === 0) continue;
      merged[cell] = (merged[cell] ?? 0) | dots;
      const char = characters === "ascii" ? "*" : String.fromCharCode(BRAILLE + (merged[cell] ?? 0));
      frame.put(rect.x + (cell % rect.width), rect.y + Math.floor(cell / rect.width), char, look);
    }
  }
}

/** A sign over the highest point, on it where the graph has no row above; other signs stand on their point. */
function drawMark(frame: Frame, { rect, top }: Graph, mark: GraphMark, signs: { above: string; on: string }): void {
  const row = Math.floor(dotRow(mark.value, top, rect.height) / DOTS_UP);
  const isPeak = mark.sign === "peak";
  const sign = !isPeak ? mark.sign : row === 0 ? signs.on : signs.above;
  const [x, y] = [rect.x + Math.floor(mark.column / DOTS_ACROSS), rect.y + Math.max(0, isPeak ? row - 1 : row)];
  frame.put(x, y, sign, style(mark.role, "bold"));
  if (mark.name !== undefined) nameBeside(frame, rect, x, y, mark.name, style(mark.role));
}

/** A name right of its sign, or left of it, where nothing is drawn; else the colour alone says whose sign it is. */
function nameBeside(frame: Frame, rect: Rect, x: number, y: number, name: string, look: Style): void {
  const width = cellsOf(name);
  const isFree = (from: number): boolean => from >= rect.x && from + width <= rect.x + rect.width
    && Array.from({ length: width }, (_, cell) => frame.chars[y * frame.width + from + cell]).every((char) => char === " ");
  const place = [x + 1, x - width].find(isFree);
  if (place !== undefined) frame.put(place, y, name, look);
}

/** Dots from the top edge down to a value. */
function dotRow(value: number, top: number, rows: number): number {
  const highest = rows * DOTS_UP - 1;
  return highest - Math.round(Math.min(1, Math.max(0, value / top)) * highest);
}

function line(canvas: Canvas, values: readonly number[], graph: Graph): void {
  const yOf = (value: number): number => dotRow(value, graph.top, graph.rect.height);
  const { ctx } = canvas;
  ctx.beginPath();
  values.forEach((value, x) => {
    if (Number.isNaN(value)) return;
    const before = x === 0 ? NaN : (values[x - 1] ?? NaN);
    // A point alone is a line onto itself.
    if (Number.isNaN(before)) ctx.moveTo(x, yOf(value));
    ctx.lineTo(x, yOf(value));
  });
  ctx.stroke();
}
