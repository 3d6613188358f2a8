// What the widgets use of blessed-contrib's canvas, which has no types of its own for single modules.
declare module "blessed-contrib/lib/widget/canvas.js" {
  import type { Widgets } from "blessed";
  interface DotContext {
    beginPath(): void;
    moveTo(x: number, y: number): void;
    lineTo(x: number, y: number): void;
    stroke(): void;
    /** The drawing itself: one braille bit pattern a cell, row by row. */
    _canvas: { content: Uint8Array };
  }
  export default class Canvas {
    constructor(options: { screen: Widgets.Screen });
    ctx: DotContext;
    canvasSize: { width: number; height: number };
    calcSize(): void;
    emit(event: "attach"): void;
  }
}
