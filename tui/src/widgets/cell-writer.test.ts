// The writer against a real terminal emulator: what it leaves out must not be missing, and nothing may shift a row.
import xterm from "@xterm/headless";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Frame, RIGHT_HALF, ROLES, rawStyle, style } from "../views/frame.js";
import { PALETTES, paletteFor } from "../views/palettes.js";
import { isSimple } from "../width.js";
import { CellWriter } from "./cell-writer.js";
import { inks } from "./palette.js";

const COLUMNS = 24;
const ROWS = 5;
const writerOf = (depth: "none" | "16" | "256" | "true" = "256"): CellWriter => new CellWriter(inks(depth, paletteFor("dark")), { charOf: (char) => char });
type Terminal = InstanceType<typeof xterm.Terminal>;
const terminalOf = (): Terminal => new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
const write = (terminal: Terminal, bytes: string): Promise<void> => new Promise((resolve) => terminal.write(bytes, resolve));

interface Written { x: number; y: number; text: string; look: number }
const texts = fc.oneof(
  fc.string({ maxLength: 10 }), fc.string({ unit: "grapheme", maxLength: 4 }),
  fc.constantFrom("日本語の名前", "👍👨‍👩‍👧 ok", "e\u0301\u0302 x", "שלום עולם", "\x1b[31mred\x07", "▁▂▃●‖◌", " ".repeat(12), "⌚x⌚", "\u202eevil"),
);
const looks = fc.oneof(
  fc.tuple(fc.constantFrom(...ROLES), fc.subarray(["bold", "inverse", "underline"] as const)).map(([role, flags]) => style(role, ...flags)),
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), fc.boolean()).map(([foreground, background, bold]) => rawStyle({ foreground, background, bold, inverse: false, underline: false })),
);
const writes = fc.array(fc.record({ x: fc.integer({ min: -2, max: COLUMNS }), y: fc.integer({ min: 0, max: ROWS - 1 }), text: texts, look: looks }), { maxLength: 12 });

function frameOf(list: readonly Written[]): Frame {
  const frame = new Frame(COLUMNS, ROWS);
  for (const { x, y, text, look } of list) frame.put(x, y, text, look);
  return frame;
}

/** Everything that can be seen of a cell. */
function picture(terminal: Terminal): string[][] {
  return Array.from({ length: ROWS }, (_, y) => Array.from({ length: COLUMNS }, (__, x) => {
    const cell = terminal.buffer.active.getLine(y)?.getCell(x);
    if (cell === undefined) return "";
    const colours = [cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(), cell.getBgColor(), cell.isBold(), cell.isInverse(), cell.isUnderline()].join(" ");
    return `${cell.getChars() || " "} ${cell.getWidth()} ${cell.getChars().trim() === "" && cell.isBgDefault() && cell.isInverse() === 0 && cell.isUnderline() === 0 ? "" : colours}`;
  }));
}

describe("the writer of cells", () => {
  it("puts every simple character into its own column, whatever stands before it", async () => {
    await fc.assert(fc.asyncProperty(writes, async (list) => {
      const frame = frameOf(list);
      const terminal = terminalOf();
      await write(terminal, writerOf().paint(frame));
      for (let index = 0; index < frame.chars.length; index++) {
        const char = frame.chars[index] ?? "";
        if (isSimple(char)) expect(terminal.buffer.active.getLine(Math.floor(index / COLUMNS))?.getCell(index % COLUMNS)?.getChars() || " ").toBe(char);
      }
      terminal.dispose();
    }), { numRuns: 200 });
  });

  it("makes every row exactly as wide as the screen", () => {
    fc.assert(fc.property(writes, (list) => {
      const { chars } = frameOf(list);
      for (let y = 0; y < ROWS; y++) {
        const row = chars.slice(y * COLUMNS, (y + 1) * COLUMNS);
        expect(row[0]).not.toBe(RIGHT_HALF);
        row.forEach((char, x) => {
          const isWide = row[x + 1] === RIGHT_HALF;
          if (char === RIGHT_HALF) expect(row[x - 1]).not.toMatch(/^[ -~]?$/);
          else if (isSimple(char)) expect(isWide).toBe(false);
        });
      }
    }), { numRuns: 500 });
  });

  it("leaves the same picture from frame to frame as on an empty screen", async () => {
    await fc.assert(fc.asyncProperty(fc.array(writes, { minLength: 2, maxLength: 4 }), fc.constantFrom("none" as const, "16" as const, "256" as const, "true" as const), async (lists, depth) => {
      const stepped = terminalOf();
      const writer = writerOf(depth);
      for (const list of lists) await write(stepped, writer.paint(frameOf(list)));
      const fresh = terminalOf();
      await write(fresh, writerOf(depth).paint(frameOf(lists.at(-1) ?? [])));
      expect(picture(stepped)).toEqual(picture(fresh));
      stepped.dispose();
      fresh.dispose();
    }), { numRuns: 300 });
  });

  it("lets no character of doubtful width run over the end of a row", async () => {
    const terminal = terminalOf();
    const writer = writerOf();
    await write(terminal, writer.paint(frameOf([{ x: COLUMNS - 1, y: 0, text: "㉈", look: style("text") }])));
    expect(terminal.buffer.active.getLine(1)?.translateToString(true)).toBe("");
    await write(terminal, writer.paint(frameOf([])));
    expect(picture(terminal)).toEqual(picture(terminalOf()));
    terminal.dispose();
  });

  it("writes nothing when nothing differs, and few bytes for one number", () => {
    const writer = writerOf();
    const frame = (number: string): Frame => frameOf([{ x: 0, y: 1, text: `CPU ${number} %`, look: style("text") }, { x: 0, y: 2, text: "more", look: style("text") }]);
    expect(writer.paint(frame("12.1")).length).toBeGreaterThan(10);
    expect(writer.paint(frame("12.1"))).toBe("");
    expect(writer.paint(frame("12.2"))).toBe("\x1b[2;8H2");
  });

  it("paints anew what it was told to forget, and other colours after a change of theme", () => {
    const writer = writerOf("true");
    const frame = frameOf([{ x: 0, y: 0, text: "run", look: style("running") }]);
    const first = writer.paint(frame);
    writer.forget();
    expect(writer.paint(frame)).toBe(first.replace("\x1b[?25l", ""));
    const light = PALETTES.find((palette) => palette.name === "light") ?? paletteFor("light");
    writer.wear(inks("true", light));
    expect(writer.paint(frame)).toMatch(/38;2;0;113;79mrun$/);
  });

  it.each([["none", /^[^m]*\x1b\[m[^m]*run/], ["16", /\x1b\[32mrun/], ["256", /\x1b\[38;5;36mrun/], ["true", /\x1b\[38;2;0;174;129mrun/]] as const)("wears colours %s deep", (depth, expected) => {
    expect(writerOf(depth).paint(frameOf([{ x: 0, y: 0, text: "run", look: style("running") }]))).toMatch(expected);
  });
});
