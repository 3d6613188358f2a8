import { describe, expect, it } from "vitest";
import { columnFrom } from "../store/columns.js";
import { reduce } from "../store/reduce.js";
import { NOW, sample, stateWith, vm } from "../store/testing.js";
import { PAGES, VM_TABS, initialState } from "../store/state.js";
import type { State } from "../store/state.js";
import { age, count, cut, rate } from "./format.js";
import { plainFrame } from "./plain.js";
import { screen } from "./screen.js";
import { niceTop, sparkline } from "./sparkline.js";
import { ASCII, UNICODE } from "./theme.js";
import { shownColumns } from "./choice-pages.js";
import { COLUMNS, fittingColumns } from "./vm-columns.js";
import { firstRow } from "./vm-table.js";

const SIZE = { columns: 80, rows: 24 };

describe("format", () => {
  it.each([[0, "0"], [812, "812"], [80_200, "80.2k"], [1_240_000, "1.24M"], [999_600, "1.00M"], [null, "–"]])("writes the rate %s as %s", (value, text) => expect(rate(value)).toBe(text));
  it.each([[59_000, "59s"], [60_000, "1m"], [7_200_000, "2h"], [90_000_000, "1d"], [-5, "0s"], [null, "–"]])("writes the age %s as %s", (value, text) => expect(age(value)).toBe(text));
  it.each([[0, "0"], [0.2, "0.20"], [380, "380"]])("writes the count %s as %s", (value, text) => expect(count(value)).toBe(text));
  it("cuts with a mark and never beyond the width", () => expect([cut("abcdef", 4), cut("abc", 4), cut("abc", 0)]).toEqual(["abc…", "abc", ""]));
});

describe("small graphs", () => {
  it("leave a gap blank and reach the top", () => expect(sparkline([0, NaN, 1], 1, UNICODE)).toBe("▁ █"));
  it.each([[NaN, 1, 1], [0.3, 1, 1], [1.2, 1, 2], [37, 1, 50], [100, 1, 100]])("end the scale for %s (least %s) on %s", (value, least, top) => expect(niceTop(value, least)).toBe(top));
});

describe("the table", () => {
  it.each([80, 100, 112, 140, 200])("fits its columns into %s cells", (width) => {
    // Sign and margins before the first column; a space between columns.
    expect(fittingColumns(width).reduce((total, column) => total + column.width + 1, 2)).toBeLessThanOrEqual(width);
  });
  it.each([[0, 5, 3, 0], [9, 5, 10, 5], [5, 5, 10, 3]])("shows row %s of a table of %s rows out of %s from %s on", (chosen, rows, total, first) => expect(firstRow(chosen, rows, total)).toBe(first));

  it("is what the page of its columns says is shown, beside the graphs of a wide screen too", () => {
    for (const columns of [80, 120, 160, 200, 300]) {
      const state = stateWith([vm({})], [sample("web-1", NOW)]);
      const onScreen = screen(state, { columns, rows: 50 }, UNICODE).text();
      const titles = fittingColumns(columns >= 160 ? columns * 0.6 : columns).map((column) => column.title(UNICODE, "core"));
      expect(shownColumns(state, columns).map((id) => COLUMNS.find((column) => column.id === id)?.title(UNICODE, "core"))).toEqual(titles);
      expect(onScreen).toMatch(new RegExp(`NAME +${titles.slice(1).map((title) => title.replaceAll(/[/%↓↑]/g, "\\$&")).join(" +")}`));
    }
  });

  it("shows what is unknown as a dash and never as 0", () => {
    const frame = screen(stateWith([vm({ id: "quiet" })], [sample("quiet", NOW, { cpuRatio: null })]), SIZE, UNICODE);
    expect(frame.line(6)).toMatch(/quiet +running +– +– +\/ +256M +– +– +– +1m/);
  });

  it("shows labels as the command line writes them, and protection in words, of now and in their places", () => {
    const wide = { columns: 80, rows: 24 };
    const labelled = vm({ id: "a", protected: true, labels: [{ key: "tier", value: "web" }, { key: "spare", value: "" }] });
    const many = vm({ id: "b", labels: [{ key: "description", value: "much too long for any column" }] });
    const state = stateWith([labelled, many, vm({ id: "c" })]);
    const chosen: State = { ...state, ui: { ...state.ui, tableColumns: [columnFrom("name"), columnFrom("label"), columnFrom("protected"), columnFrom("state")].filter((id) => id !== undefined) } };
    const shown = screen(chosen, wide, UNICODE);
    expect(shown.line(5)).toMatch(/NAME +LABELS +PROTECTED STATE/);
    expect([6, 7, 8].map((line) => shown.line(line).trim().replaceAll(/ +/g, " "))).toEqual(["●§a tier=web spare yes running", "● b description=much to… no running", "● c no running"]);
  });

  it("says what to do while there is nothing to show", () => {
    const lines = (state: Parameters<typeof screen>[0]): string => screen(state, SIZE, UNICODE).line(6);
    expect(lines(initialState(NOW))).toContain("Waiting for the first list");
    expect(lines(stateWith([]))).toMatch(/n makes one; quetzal apply .*\. *$/);
    const typing = reduce(reduce(stateWith([vm({})]), { type: "filter", text: "nothing" }), { type: "matches", where: "nothing", ids: [], fault: null });
    const unfinished = reduce(reduce(typing, { type: "filter", text: "nothing>" }), { type: "matches", where: "nothing>", ids: [], fault: { text: "Column 9: expected a value.", column: 9 } });
    expect(lines(unfinished)).toContain("/nothing> is no filter yet.");
    expect(lines(reduce(reduce(stateWith([vm({})]), { type: "filter", text: "nothing" }), { type: "matches", where: "nothing", ids: [], fault: null }))).toContain("Esc clears the filter");
  });
});

describe("the screen", () => {
  it("paints every page at every size without reaching over the edge", () => {
    const state = stateWith([vm({}), vm({ id: "x".repeat(64), state: "CRASHED", crashCause: "y".repeat(300) })], [sample("web-1", NOW)]);
    for (const page of PAGES) {
      for (const [columns, rows] of [[80, 24], [100, 30], [139, 33], [140, 34], [200, 50], [20, 5], [300, 100]] as const) {
        const frame = screen(reduce(state, { type: "open", page }), { columns, rows }, ASCII);
        expect(frame.chars).toHaveLength(columns * rows);
        expect(frame.chars.every((char) => char.length === 1)).toBe(true);
      }
    }
  });

  it("marks in the table what is protected and what waits for a restart, in every theme", () => {
    const state = stateWith([vm({ id: "a", protected: true }), vm({ id: "b", restartRequired: true, protected: true }), vm({ id: "c" })]);
    expect([6, 7, 8].map((row) => screen(state, SIZE, UNICODE).line(row).slice(0, 5))).toEqual([" ●§a ", " ●↻b ", " ● c "]);
    expect([6, 7, 8].map((row) => screen(state, SIZE, ASCII).line(row).slice(0, 5))).toEqual([" *pa ", " *rb ", " * c "]);
  });

  it("says on a VM's page whose it is while the server is away", () => {
    const open = reduce(stateWith([vm({})]), { type: "open", page: "vm" });
    const lost = reduce(open, { type: "connection", connection: { phase: "lost", since: NOW - 12_000, reason: "connection refused" } });
    expect(screen(lost, SIZE, UNICODE).line(0)).toMatch(/^ web-1 │ ▲ no server for 12s/);
  });

  it("tells a lost server with the age of the data in the first line", () => {
    const lost = reduce(stateWith([vm({})]), { type: "connection", connection: { phase: "lost", since: NOW - 12_000, reason: "connection refused" } });
    expect(screen(lost, SIZE, UNICODE).line(0)).toMatch(/no server for 12s: connection refused .* data – old/);
  });

  it.each([[1, "user mode: no counters on host"], [5, "User-mode networking has no counters on the host; a bridge or tap has."]] as const)("says on tab %i why user-mode networking has no figures", (tab, text) => {
    const open = reduce(stateWith([vm({ networkInUse: "user (bridge qzbr0: there is no such bridge)" })], [sample("web-1", NOW)]), { type: "open", page: "vm" });
    const shown = reduce(open, { type: "tab", tab: VM_TABS[tab - 1] ?? "graphs" });
    expect(Array.from({ length: SIZE.rows }, (_, row) => screen(shown, SIZE, UNICODE).line(row)).join("\n")).toContain(text);
  });

  it("shortens the long reason of a network with a mark, and keeps what follows", () => {
    const open = reduce(stateWith([vm({ networkInUse: "user (bridge qzbr0: there is no such bridge)", protected: true })]), { type: "open", page: "vm" });
    expect(screen(open, SIZE, UNICODE).line(2)).toMatch(/network user \(bridge .*… {2}protected/);
  });

});

describe("the plain face", () => {
  it("says why nobody knows the traffic of user-mode networking", () => {
    const state = stateWith([vm({ networkInUse: "user (bridge qzbr0: there is no such bridge)" })], [sample("web-1", NOW)]);
    expect(plainFrame(state)).toContain(" Net unknown (user mode: no counters on host). Up ");
  });

  it("is one sentence a line, VMs by name", () => {
    const state = stateWith([vm({ id: "web-2", state: "STOPPED", startedAt: null }), vm({ id: "web-1" })], [sample("web-1", NOW, { guestTotalBytes: 256 * 1024 ** 2, guestAvailableBytes: 56 * 1024 ** 2, networkRxBytesPerSecond: 1_200 })]);
    expect(plainFrame(state).split("\n")).toEqual([
      "no host: 2 VMs, 1 running, 1 stopped. No sample yet.",
      "Host: none is known to the server.",
      "web-1: RUNNING. CPU 50.0 % of a core. Guest memory 200 of 256 MiB. Disk unknown. Net 1.20 kB/s in, unknown out. Up 1m 0s.",
      "web-2: STOPPED. 256 MiB configured.",
      "",
    ]);
  });
});
