import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AUTOMATIC_COLUMNS, COLUMN_IDS, columnFrom, naturalDirection, sortFrom, sortText } from "./columns.js";
import { reduce } from "./reduce.js";
import { DEFAULT_SETTINGS } from "./settings.js";
import { SORT_COLUMNS, initialState } from "./state.js";
import type { State } from "./state.js";
import { columnLines } from "./table-choice.js";
import { stateWith, vm } from "./testing.js";

const onColumns = (): State => reduce(stateWith([vm({})]), { type: "open", page: "columns" });
const at = (state: State, id: string): State => reduce(state, { type: "move", by: columnLines(state).findIndex((line) => line === id) - state.ui.choice });

describe("columns", () => {
  it("are turned on and off with the cursor on them, and the name stays", () => {
    const without = reduce(at(onColumns(), "rx"), { type: "toggleColumn", shown: AUTOMATIC_COLUMNS });
    expect(without.ui.tableColumns).toEqual(AUTOMATIC_COLUMNS.filter((id) => id !== "rx"));
    expect(reduce(without, { type: "toggleColumn", shown: AUTOMATIC_COLUMNS }).ui.tableColumns).toEqual([...AUTOMATIC_COLUMNS.filter((id) => id !== "rx"), "rx"]);
    expect(reduce(at(onColumns(), "name"), { type: "toggleColumn", shown: AUTOMATIC_COLUMNS }).ui.tableColumns).toBeNull();
  });

  it("begin with those on the screen, so that one more takes none away", () => {
    const shown = ["name", "cpu", "steal", "on"] as const;
    expect(reduce(at(onColumns(), "labels"), { type: "toggleColumn", shown }).ui.tableColumns).toEqual([...shown, "labels"]);
    expect(reduce(at(onColumns(), "steal"), { type: "shiftColumn", by: -1, shown }).ui.tableColumns).toEqual(["name", "steal", "cpu", "on"]);
    expect(reduce(onColumns(), { type: "toggleColumn", shown }).ui.tableColumns).toEqual(shown);
  });

  it("move by the arrows and no further than the ends", () => {
    const moved = reduce(at(onColumns(), "state"), { type: "shiftColumn", by: 1, shown: AUTOMATIC_COLUMNS });
    expect(moved.ui.tableColumns?.slice(0, 3)).toEqual(["name", "cpu", "state"]);
    const back = reduce(reduce(reduce(moved, { type: "shiftColumn", by: -1, shown: AUTOMATIC_COLUMNS }), { type: "shiftColumn", by: -1, shown: AUTOMATIC_COLUMNS }), { type: "shiftColumn", by: -1, shown: AUTOMATIC_COLUMNS });
    expect(back.ui.tableColumns?.slice(0, 3)).toEqual(["state", "name", "cpu"]);
  });

  it("keep the name and no column twice, whatever is pressed", () => {
    const press = fc.constantFrom<Parameters<typeof reduce>[1]>({ type: "toggleColumn", shown: AUTOMATIC_COLUMNS }, { type: "shiftColumn", by: 1, shown: AUTOMATIC_COLUMNS }, { type: "shiftColumn", by: -1, shown: AUTOMATIC_COLUMNS }, { type: "move", by: 1 }, { type: "move", by: -1 }, { type: "move", by: 10 });
    fc.assert(fc.property(fc.array(press, { maxLength: 60 }), (presses) => {
      const { ui, ...rest } = presses.reduce(reduce, onColumns());
      const columns = ui.tableColumns ?? AUTOMATIC_COLUMNS;
      expect(columns).toContain("name");
      expect(new Set(columns).size).toBe(columns.length);
      expect(new Set(columnLines({ ui, ...rest }))).toEqual(new Set([null, ...COLUMN_IDS]));
    }));
  });
});

describe("views", () => {
  it("change only what they name", () => {
    const state = { ...initialState(0, { ...DEFAULT_SETTINGS, columns: ["name", "age"] }) };
    const worn = reduce(state, { type: "wearView", view: { name: "v", filter: "web", columns: null, sort: { column: "age", direction: "ascending" } } });
    expect(worn.ui).toMatchObject({ filter: "web", tableColumns: ["name", "age"], sort: { column: "age", direction: "ascending" } });
  });

  it("take the filter language's names too", () => {
    expect(["disk.latency", "net.rx", "net.tx", "net.drops"].map(columnFrom)).toEqual(["latency", "rx", "tx", "drops"]);
    expect(["guest.used", "memory.configured", "guest.available", "balloon", "rss"].map(columnFrom)).toEqual(["memory", "configured", "available", "balloon", "rss"]);
    expect(sortFrom("-net.rx")).toEqual({ column: "rx", direction: "descending" });
  });

  it.each(SORT_COLUMNS.flatMap((column) => (["ascending", "descending"] as const).map((direction) => ({ column, direction }))))("write the order %j so that it is read back", (sort) => {
    expect(sortFrom(sortText(sort))).toEqual(sort);
    expect(sortFrom(sort.column)).toEqual({ column: sort.column, direction: naturalDirection(sort.column) });
  });
});

describe("wrong lines of config.yaml", () => {
  const fault = (line: number) => ({ line, text: `config.yaml line ${line}: wrong.` });
  const told = (state: State, ...lines: number[]): State => reduce(state, { type: "settingsFaults", faults: lines.map(fault), views: [] });

  it("are told by the first of the file and how many there are, whoever finds them when", () => {
    const one = told(stateWith([]), 7);
    expect(one.ui.notice?.text).toBe("config.yaml line 7: wrong.");
    expect(told(told(stateWith([]), 2, 7), 5).ui.notice?.text).toBe("config.yaml has 3 faults (l: all), the first: config.yaml line 2: wrong.");
    expect(told(one, 3).ui.notice?.text).toBe("config.yaml has 2 faults (l: all), the first: config.yaml line 3: wrong.");
  });
});
