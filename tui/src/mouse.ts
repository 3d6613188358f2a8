// What a click or a turn of the wheel does: the views say what stands where (a frame's targets), and this does what a key
// would have done. It keeps the last click, to tell a double one.
import type { Store } from "./feed/feed.js";
import type { MouseInput } from "./input.js";
import type { Target } from "./views/frame.js";

/** Two clicks on one thing within this are one double click. */
const DOUBLE_CLICK_MS = 400;
/** Lines a notch of the wheel moves. */
const WHEEL_LINES = 3;

export interface MousePort {
  /** What stands at a cell of the picture shown; null: nothing to click on. */
  targetAt(x: number, y: number): Target | null;
  press(key: string): void;
  now(): number;
}

export class Mouse {
  private last: { target: string; at: number } | null = null;

  constructor(private readonly store: Store, private readonly port: MousePort) {}

  take(input: MouseInput): void {
    if (input.button !== "left") {
      this.store.dispatch({ type: "move", by: input.button === "wheelUp" ? -WHEEL_LINES : WHEEL_LINES });
      return;
    }
    const target = this.port.targetAt(input.x, input.y);
    if (target === null) return;
    const name = nameOf(target);
    const isDouble = this.last?.target === name && this.port.now() - this.last.at <= DOUBLE_CLICK_MS;
    this.last = isDouble ? null : { target: name, at: this.port.now() };
    this.click(target, isDouble);
  }

  private click(target: Target, isDouble: boolean): void {
    const { dispatch, state } = this.store;
    switch (target.kind) {
      case "key":
        this.port.press(target.key);
        return;
      case "vm":
        dispatch({ type: "pointAt", vmId: target.vmId });
        if (isDouble) dispatch({ type: "enter" });
        return;
      case "line":
        dispatch({ type: "move", by: target.index - target.chosen });
        if (isDouble) this.port.press("enter");
        return;
      case "field":
        dispatch({ type: "formChoose", index: target.index });
        return;
      case "sort":
        dispatch(state.ui.sort.column === target.column ? { type: "sortReverse" } : { type: "sortBy", column: target.column });
    }
  }
}

/** The first click of two chooses the line, so what was chosen before is no part of its name. */
function nameOf(target: Target): string {
  return target.kind === "line" ? `line ${target.index}` : JSON.stringify(target);
}
