import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Emulator } from "./emulator.js";

const write = (emulator: Emulator, bytes: string): Promise<void> => new Promise((resolve) => emulator.write(bytes, resolve));
const resize = (emulator: Emulator, columns: number, rows: number): Promise<void> => new Promise((resolve) => emulator.resize({ columns, rows }, resolve));
function screen({ terminal }: Emulator): string[] {
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, y) => active.getLine(active.baseY + y)?.translateToString(true) ?? "");
}

/** What scrolls, erases, switches screens and leaves the cursor where rows may be missing. */
const anyBytes = fc.constantFrom("\n", "\r\n\r\n", "hello world ", "虚拟机", "e\u0301", "\x1b[H", "\x1b[2J", "\x1b[3J", "\x1b[J", "\x1b[K", "\x1b[?1049h", "\x1b[?1049l", "\x1b[?47h", "\x1b[?47l", "\x1b[5;10r", "\x1b[r", "\x1b[?6h", "\x1b[?7l", "\x1bM", "\x1bD", "\x1b[99;99H", "\x1b[999A", "\x1b[999B", "\x1b[10S", "\x1b[10T", "\x1b[5L", "\x1b[5M", "\x1b[5@", "\x1b[5X", "\x1b[4h", "\x1bc", "\x1b#8", "\x1b[!p", "\x1b[?3h", "\x1b[8;99;99t", "\n".repeat(50));
const anySize = fc.record({ columns: fc.integer({ min: 1, max: 120 }), rows: fc.integer({ min: 1, max: 60 }) });
const anyNews = fc.oneof({ weight: 5, arbitrary: anyBytes }, { weight: 1, arbitrary: anySize });

describe("emulator", () => {
  // Of @xterm/headless alone every hundredth of these fails.
  it("goes on after any bytes at any sizes, however they come together", async () => {
    await fc.assert(fc.asyncProperty(fc.constantFrom(0, 10, 1_000), fc.array(anyNews, { minLength: 50, maxLength: 200 }), async (scrollback, news) => {
      using emulator = new Emulator({ columns: 80, rows: 24 }, scrollback);
      for (const one of news) {
        if (typeof one === "string") emulator.write(one);
        else emulator.resize(one);
      }
      emulator.resize({ columns: 20, rows: 5 });
      await write(emulator, "\x1bcstill here");
      expect(screen(emulator)).toEqual(["still here", "", "", "", ""]);
    }), { numRuns: 200, seed: 20_261_124 });
  }, 60_000);

  it.each([[[39, 41], [106, 56]], [[96, 13], [11, 42], [69, 50]]])("takes a flood after the sizes %j", async (...sizes) => {
    using emulator = new Emulator({ columns: 80, rows: 24 }, 0);
    for (const [columns = 1, rows = 1] of sizes) {
      await write(emulator, "\x1b#8\x1b[999B");
      await resize(emulator, columns, rows);
    }
    await write(emulator, `${"\r\n".repeat(200)}end`);
    expect(screen(emulator).at(-1)).toBe("end");
  });

  it("keeps over a new size what was said, in its colours, with the lines above, the screen and the modes of the program", async () => {
    using emulator = new Emulator({ columns: 20, rows: 3 }, 100);
    await write(emulator, "1\r\n2\r\n3\r\n4\r\n\x1b[31mred\x1b[0m and what wraps here");
    await write(emulator, "\x1b[?1h\x1b[?1049h\x1b[Hfull screen");
    await resize(emulator, 40, 4);
    expect(screen(emulator)[0]).toBe("full screen");
    expect(emulator.terminal.modes.applicationCursorKeysMode).toBe(true);
    await write(emulator, "\x1b[?1049l");
    expect(screen(emulator)).toContain("red and what wraps here");
    const { normal } = emulator.terminal.buffer;
    const lines = Array.from({ length: normal.length }, (_, y) => normal.getLine(y));
    expect(lines.slice(0, 4).map((line) => line?.translateToString(true))).toEqual(["1", "2", "3", "4"]);
    expect(lines[4]?.getCell(0)?.getFgColor()).toBe(1);
  });

  it("answers each question once, also where a new size comes between", async () => {
    using emulator = new Emulator({ columns: 20, rows: 3 }, 0);
    const answers: string[] = [];
    emulator.onInput((text) => answers.push(text));
    emulator.write("ab\x1b[6n");
    emulator.resize({ columns: 30, rows: 5 });
    await write(emulator, "cd\x1b[6n");
    expect(answers).toEqual(["\x1b[1;3R", "\x1b[1;5R"]);
  });

  it("hands on what is typed, while a size changes too, and then shows what comes at once", async () => {
    using emulator = new Emulator({ columns: 20, rows: 3 }, 0);
    const typed: string[] = [];
    emulator.onInput((text) => typed.push(text));
    emulator.type("a");
    emulator.write("echo");
    expect(screen(emulator)[0]).toBe("echo");
    emulator.resize({ columns: 30, rows: 5 });
    emulator.type("\x1b[A");
    await write(emulator, "!");
    expect([typed, screen(emulator)[0]]).toEqual([["a", "\x1b[A"], "echo!"]);
  });
});
