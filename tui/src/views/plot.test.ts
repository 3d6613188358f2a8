import { describe, expect, it } from "vitest";
import { NO_PAST, ZOOMS } from "../store/past.js";
import { Ring } from "../store/ring.js";
import type { State } from "../store/state.js";
import { NOW, stateWith } from "../store/testing.js";
import { vmWindow } from "../store/windows.js";
import { Frame } from "./frame.js";
import type { Painter } from "./painter.js";
import { DOTS_ACROSS, GUTTER, ago, plot } from "./plot.js";
import type { Plot, PlotLine } from "./plot.js";
import { COUNTS, LATENCY, PRESSURE, RATE, SHARE, cpuPercent, cpuScale, cpuUnit, sizes, sizesOf } from "./scales.js";
import type { Scale } from "./scales.js";
import { UNICODE } from "./theme.js";

const GIB = 1024 ** 3;

describe("scales", () => {
  const tops: readonly (readonly [string, Scale, number, number, string])[] = [
    ["rates", RATE, NaN, 10_000, "10k"], ["rates", RATE, 1_300_000, 2_000_000, "2M"], ["counts", COUNTS, 3, 10, "10"], ["shares", SHARE, 0.03, 1, "100%"],
    ["pressure", PRESSURE, 0.03, 0.1, "10%"], ["pressure", PRESSURE, 0.7, 1, "100%"], ["latency", LATENCY, 0.0004, 0.001, "1ms"], ["latency", LATENCY, 0.03, 0.05, "50ms"],
    ["sizes", sizes(GIB), 0.2 * GIB, GIB, "1G"], ["sizes", sizes(GIB), 1.2 * GIB, 2 * GIB, "2G"], ["sizes of a whole", sizesOf(23.4 * GIB), 3 * GIB, 23.4 * GIB, "23.4G"],
    ["CPU by the core", cpuScale("core", 2), 1.3, 2, "200"], ["CPU by the VM", cpuScale("vm", 2), 1.3, 2, "100"], ["CPU by the VM", cpuScale("vm", 4), 0.1, 4, "100"],
  ];
  it.each(tops)("of %s end above a highest value on a round number", (_name, scale, peak, top, mark) => {
    expect([scale.topFor(peak), scale.mark(scale.topFor(peak))]).toEqual([top, mark]);
  });
  it.each([["core", 1.38, 2, "138"], ["vm", 1.38, 2, "69.0"], ["vm", null, 2, "–"]] as const)("write CPU by the %s: %s of %s vCPUs as %s", (scale, ratio, vcpus, text) => expect(cpuPercent(ratio, scale, vcpus)).toBe(text));
  it.each([["core", undefined, "% of a core"], ["vm", undefined, "% of the VM"], ["vm", { vcpus: 1 }, "% of 1 vCPU"], ["vm", { vcpus: 3 }, "% of 3 vCPUs"]] as const)("say what 100 %% is: %s", (scale, vm, text) => expect(cpuUnit(scale, vm)).toBe(text));
});

function line(values: readonly number[], change: Partial<PlotLine> = {}): PlotLine {
  const state = stateWith([]);
  const ring = new Ring();
  values.forEach((value, index) => ring.push(NOW - (values.length - 1 - index) * 1000, value));
  state.rings.set("a", { cpu: ring } as never);
  return { name: "used", role: "first", now: values.at(-1) ?? null, window: (columns) => vmWindow(state, "a", "cpu", columns), ...change };
}

function painted(change: Partial<Plot>, width = 60, height = 10): { p: Painter; rows: string[] } {
  const p: Painter = { frame: new Frame(width, height), theme: UNICODE, state: stateWith([]) };
  plot(p, { title: "CPU, % of a core", lines: [line([0.2, 0.9, 0.4])], scale: cpuScale("core", 1), of: [], whyEmpty: "stopped: nothing to measure", ...change }, { x: 0, y: 0, width, height });
  return { p, rows: Array.from({ length: height }, (_, y) => p.frame.line(y)) };
}

/** Cells of a plot that has a column for each second of five minutes. */
const A_SECOND_A_COLUMN = GUTTER + 1 + 300 / DOTS_ACROSS;

/** Seconds that a label of the time axis says. */
function secondsOf(label: string): number {
  return [...label.matchAll(/([\d.]+)([smhd])/g)].reduce((total, [, value, unit]) => total + Number(value) * { s: 1, m: 60, h: 3_600, d: 86_400 }[unit as "s" | "m" | "h" | "d"], 0);
}

describe("the time axis", () => {
  const zoomed = (zoom: number): State => ({ ...stateWith([]), past: { ...NO_PAST, zoom } });

  it.each(ZOOMS.map(({ seconds }, zoom) => [seconds, zoom] as const))("of a span of %i s says at every width how long ago what stands above it was", (seconds, zoom) => {
    for (let width = 20; width <= 240; width++) {
      const frame = new Frame(width, 10);
      plot({ frame, theme: UNICODE, state: zoomed(zoom) }, { title: "t", lines: [line([0.5])], scale: RATE, of: [], whyEmpty: "" }, { x: 0, y: 0, width, height: 10 });
      const axis = frame.line(9);
      const cells = width - GUTTER - 1;
      expect(axis.slice(0, GUTTER + cells)).toMatch(/now$/);
      const labels = [...axis.matchAll(/-[\d.smhd]+/g)];
      if (cells >= 40) expect(labels.length, axis).toBeGreaterThan(0);
      const said = labels.map(([label]) => secondsOf(label));
      // Oldest first, none twice, none from before the left edge, each above where its middle stands.
      expect(said, axis).toEqual([...new Set(said)].toSorted((a, b) => b - a));
      labels.forEach(({ index, 0: label }, place) => {
        const ago = said[place] ?? NaN;
        expect(ago, axis).toBeLessThanOrEqual(seconds);
        const cell = (1 - ago / seconds) * cells + GUTTER;
        expect(Math.abs(index + label.length / 2 - cell), `${label} in ${axis}`).toBeLessThanOrEqual(1);
      });
    }
  });

  it.each([1, 33, 66, 120, 386])("of the first zoom spans the five minutes that it is called, in %i columns", (columns) => {
    const ring = new Ring();
    ring.push(NOW - 299_000, 1);
    ring.push(NOW, 0.5);
    const state = stateWith([]);
    state.rings.set("a", { cpu: ring } as never);
    const { columns: drawn } = vmWindow(state, "a", "cpu", columns);
    expect([drawn.length, drawn.findIndex((value) => value === 1) <= 1 + columns / 300]).toEqual([columns, true]);
  });
});

describe("a plot", () => {
  it("has title with unit, now, lowest, highest, scale and time axis", () => {
    const { rows } = painted({});
    expect(rows[0]).toContain("CPU, % of a core");
    expect(rows[1]).toMatch(/used 40\.0 +min 20\.0 +max 90\.0/);
    expect(rows[2]).toMatch(/^ +100┤/);
    expect(rows[8]).toMatch(/^ +0┤/);
    expect(rows[9]).toMatch(/-4m +-3m +-2m +-1m +now $/);
  });

  it("has its range in the title where the legend has no room, shortened before the title is", () => {
    const long = line([0.2, 0.9], { name: "a name that takes the room" });
    expect(painted({ lines: [long] }, 44).rows[0]).toMatch(/CPU, % of a core ─+ min 20\.0 max 90\.0 /);
    expect(painted({ lines: [long] }, 40).rows[0]).toMatch(/CPU, % of a core ─+ 20\.0 to 90\.0 /);
  });

  const READ_AND_WRITE: Partial<Plot> = {
    title: "disk, B/s", scale: RATE,
    lines: [line([20_000, 90_000, 40_000], { name: "r" }), line([310_000, 1_700_000, 820_000], { name: "w", role: "second" })],
  };
  it.each([[39, 9], [39, 8], [59, 17], [120, 9], [200, 20], [48, 5]])("tells now, lowest and highest of each of its lines, and whose they are, in %ix%i cells", (width, height) => {
    const { rows } = painted(READ_AND_WRITE, width, height);
    const words = rows.slice(0, 3).join("\n");
    expect(words).toMatch(/r 40\.0k\/s/);
    expect(words).toMatch(/w 820k\/s/);
    expect(words).toMatch(/r (40\.0k\/s +min )?20(\.0)?k(\/s +max |-)90(\.0)?k/);
    expect(words).toMatch(/w (820k\/s +min )?310k(\/s +max |-)1\.70M/);
    // Four rows of drawing at least, and the axis below them.
    if (height >= 7) expect(rows.filter((row) => /^ *[\dkM.]*[┤│]/.test(row)).length).toBeGreaterThanOrEqual(4);
  });

  it("ends its scale above the highest point of all lines, not of the first alone", () => {
    const [graph] = painted(READ_AND_WRITE).p.frame.graphs;
    expect(graph?.top).toBe(2_000_000);
  });

  it("marks the highest point of each line by name, the main line's on top, and of no flat one", () => {
    const { p } = painted({ ...READ_AND_WRITE, lines: [...(READ_AND_WRITE.lines ?? []), line([5, 5], { name: "flat", role: "third" })] });
    expect(p.frame.graphs[0]?.marks).toEqual([expect.objectContaining({ value: 1_700_000, sign: "peak", name: "w", role: "second" }), expect.objectContaining({ value: 90_000, sign: "peak", name: "r", role: "first" })]);
  });

  it("marks the highest point of its only line, which needs no name, and of no flat one", () => {
    const [graph] = painted({}).p.frame.graphs;
    expect(graph?.marks).toEqual([expect.objectContaining({ value: Math.fround(0.9), sign: "peak" })]);
    expect(graph?.series.at(-1)?.values[graph.marks[0]?.column ?? -1]).toBe(Math.fround(0.9));
    expect(painted({ lines: [line([0.3, 0.3])] }).p.frame.graphs[0]?.marks).toEqual([]);
  });

  it("ends each of several lines in its name and marks the highest of all", () => {
    const { p } = painted({ ends: "named", lines: [line([0.1, 0.5], { name: "1" }), line([0.2, 0.7], { name: "2", role: "second" })] });
    expect(p.frame.graphs[0]?.marks.map(({ sign, value, role }) => [sign, value, role])).toEqual([["1", 0.5, "first"], ["2", Math.fround(0.7), "second"], ["peak", Math.fround(0.7), "second"]]);
  });

  it("leaves what is unknown out of the line", () => {
    const values = painted({ lines: [line([0.2, NaN, NaN, NaN, 0.4])] }, A_SECOND_A_COLUMN).p.frame.graphs[0]?.series[0]?.values.slice(-5);
    expect(values).toEqual([Math.fround(0.2), NaN, NaN, NaN, Math.fround(0.4)]);
  });

  it("says why it is empty instead of drawing", () => {
    const { p, rows } = painted({ lines: [line([])] });
    expect(p.frame.graphs).toEqual([]);
    expect(rows.join("\n")).toContain("stopped: nothing to measure");
    expect(rows[1]).toContain("used –");
  });

  it.each([[45, "-45s"], [60, "-1m"], [70, "-1m10s"], [75, "-1m15s"], [90, "-1.5m"], [300, "-5m"], [4_200, "-1h10m"], [4_500, "-1h15m"], [7_200, "-2h"], [108_000, "-1d6h"], [259_200, "-3d"]])("calls %s seconds before now %s", (seconds, text) => expect(ago(seconds)).toBe(text));

  it.each([[10, 5], [12, 3], [11, 4], [300, 60]])("stays inside %ix%i cells", (width, height) => {
    const frame = new Frame(width + 2, height + 2);
    plot({ frame, theme: UNICODE, state: stateWith([]) }, { title: "t".repeat(40), lines: [line([0.5, 0.6])], scale: RATE, of: [], whyEmpty: "w".repeat(99) }, { x: 1, y: 1, width, height });
    expect(frame.line(0).trim() + frame.line(height + 1).trim()).toBe("");
    expect(Array.from({ length: height }, (_, y) => frame.line(y + 1)).every((row) => row.startsWith(" ") && row.endsWith(" "))).toBe(true);
  });
});
