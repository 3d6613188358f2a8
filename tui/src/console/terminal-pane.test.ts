import { afterEach, describe, expect, it } from "vitest";
import { CELL_BOLD, CELL_INVERSE, DEFAULT_COLOUR, RGB_COLOUR } from "./cells.js";
import { MAX_FRAMES_PER_SECOND, openTerminalPane } from "./terminal-pane.js";
import type { TerminalPane } from "./terminal-pane.js";
import { createTerminalScreen } from "./terminal-screen.js";

const panes: TerminalPane[] = [];
afterEach(() => panes.splice(0).forEach((pane) => pane[Symbol.dispose]()));

interface Watched { pane: TerminalPane; frames: (readonly number[])[]; exit: Promise<number> }

async function run(script: string, size = { columns: 40, rows: 5 }): Promise<Watched> {
  const frames: (readonly number[])[] = [];
  let ended: (code: number) => void = () => undefined;
  const exit = new Promise<number>((resolve) => (ended = resolve));
  const pane = await openTerminalPane({ command: ["/bin/sh", "-c", script], ...size, environment: process.env, onFrame: (rows) => frames.push(rows), onExit: (code) => ended(code) });
  panes.push(pane);
  return { pane, frames, exit };
}

const text = (pane: { row(y: number): readonly { char: string }[] }, y: number): string => pane.row(y).map((cell) => cell.char).join("").trimEnd();

describe("terminal screen", () => {
  const show = async (bytes: string): Promise<ReturnType<typeof createTerminalScreen>> => {
    const screen = createTerminalScreen(20, 3);
    await new Promise<void>((resolve) => screen.write(bytes, resolve));
    return screen;
  };

  it("gives characters with their width, colours and marks", async () => {
    using screen = await show("\x1b[1;7;31;44mA\x1b[0m\x1b[38;2;1;2;3m日\x1b[38;5;200me\u0301");
    screen.refresh();
    const [a, wide, half, accented, blank] = screen.row(0);
    expect(a).toEqual({ char: "A", width: 1, fg: 1, bg: 4, flags: CELL_BOLD | CELL_INVERSE });
    expect(wide).toMatchObject({ char: "日", width: 2, fg: RGB_COLOUR + 0x010203, bg: DEFAULT_COLOUR });
    expect(half).toMatchObject({ char: "", width: 0 });
    expect(accented).toMatchObject({ char: "e\u0301", width: 1, fg: 200 });
    expect(blank).toEqual({ char: " ", width: 1, fg: DEFAULT_COLOUR, bg: DEFAULT_COLOUR, flags: 0 });
  });

  it("names only the rows that changed", async () => {
    using screen = await show("one\r\ntwo");
    expect(screen.refresh()).toEqual([0, 1, 2]);
    expect(screen.refresh()).toEqual([]);
    await new Promise<void>((resolve) => screen.write("!", resolve));
    expect(screen.refresh()).toEqual([1]);
    expect(screen.cursor()).toEqual({ x: 4, y: 1 });
  });

  it("scrolls back and forth", async () => {
    using screen = await show("1\r\n2\r\n3\r\n4\r\n5");
    screen.scroll(99);
    screen.refresh();
    expect([screen.linesBack, text(screen, 0), screen.cursor()]).toEqual([2, "1", undefined]);
    screen.scroll(0);
    screen.refresh();
    expect(text(screen, 2)).toBe("5");
  });
});

describe("terminal pane", { timeout: 30_000 }, () => {
  it("shows a program's output, takes keys and a new size, and tells its exit code", async () => {
    const { pane, exit } = await run("stty size; read x; stty size; echo got $x; exit 3");
    pane.resize(30, 4);
    pane.write("hello\r");
    expect(await exit).toBe(3);
    const shown = [0, 1, 2, 3].map((y) => text(pane, y)).join("\n");
    expect(shown).toContain("4 30\ngot hello");
  });

  it("draws a flood at no more than 30 frames a second, and holds the program back meanwhile", async () => {
    const started = performance.now();
    const { pane, frames, exit } = await run("yes 0123456789012345678901234567890 | head -c 4000000; sleep 0.5; echo; echo END");
    await exit;
    const seconds = (performance.now() - started) / 1000;
    expect(text(pane, 3)).toBe("END");
    expect(frames.length).toBeLessThanOrEqual(seconds * MAX_FRAMES_PER_SECOND + 2);
  });

  it("stands still while paused", async () => {
    const { pane, frames, exit } = await run("read x; echo after");
    pane.pause();
    pane.write("\r");
    await new Promise((resolve) => setTimeout(resolve, 150));
    const before = frames.length;
    pane.resume();
    await exit;
    expect(before).toBe(0);
    expect([0, 1, 2].map((y) => text(pane, y))).toContain("after");
  });
});
