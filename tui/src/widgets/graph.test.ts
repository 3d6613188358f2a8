import blessed from "blessed";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Frame } from "../views/frame.js";
import type { GraphMark } from "../views/frame.js";
import { canvases, drawGraph } from "./graph.js";
import type { CanvasOf } from "./graph.js";

let canvasOf: CanvasOf;
let screen: blessed.Widgets.Screen;
beforeAll(() => {
  screen = blessed.screen({ input: new PassThrough(), output: new PassThrough(), terminal: "xterm" });
  canvasOf = canvases(screen);
});
afterAll(() => screen.destroy());

function drawn(values: readonly number[], marks: readonly GraphMark[]): string[] {
  const frame = new Frame(20, 6);
  drawGraph(frame, { rect: { x: 0, y: 0, width: 20, height: 6 }, top: 1, series: [{ values, role: "first" }], marks }, canvasOf, "unicode");
  return Array.from({ length: 6 }, (_, y) => frame.line(y).trimEnd());
}

describe("the mark of a highest point", () => {
  const peak = (column: number, value: number, name?: string): GraphMark => ({ column, value, role: "second", sign: "peak", ...(name === undefined ? {} : { name }) });
  const none = new Array<number>(40).fill(NaN);
  const high = new Array<number>(40).fill(0.75);

  it("is named right of it", () => expect(drawn(none, [peak(10, 0.4, "w")])[2]).toBe("     ▾w"));
  it("is named left of it where the graph ends", () => expect(drawn(none, [peak(39, 0.4, "rss")])[2]).toBe(`${" ".repeat(16)}rss▾`));
  it("stays without a name where that would hide what is drawn", () => expect(drawn(high, [peak(10, 0.5, "w")])[1]).toBe(`${drawn(high, [])[1]?.slice(0, 5) ?? ""}▾${drawn(high, [])[1]?.slice(6) ?? ""}`));
  it("has no name of its own where there is one line", () => expect(drawn(none, [peak(10, 0.4)])[2]).toBe("     ▾"));
  it("stands on the point where there is no row above", () => expect(drawn(none, [peak(10, 1, "w")])[0]).toBe("     ▴w"));
});
