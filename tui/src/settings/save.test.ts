import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initialState } from "../store/state.js";
import type { State } from "../store/state.js";
import { dashboardSettings } from "./dashboard-settings.js";
import { parseSettings } from "./parse.js";
import { saveChoices, saveView } from "./save.js";

describe("choices kept in config.yaml", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qz-save-"));
    path = join(folder, "config.yaml");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const opened = (text: string): State => {
    writeFileSync(path, text);
    return initialState(0, dashboardSettings(parseSettings(text), "dark").settings);
  };
  const withUi = (state: State, change: Partial<State["ui"]>): State => ({ ...state, ui: { ...state.ui, ...change } });
  const file = (): string => readFileSync(path, "utf8");

  it("are only those that differ, comments left in place", () => {
    const state = opened("# mine\nmouse: true # yes\nsort: name # by name\n");
    expect(saveChoices(path, state).kept).toEqual([]);
    const { kept, settings } = saveChoices(path, withUi(state, { tableColumns: ["name", "cpu"], sort: { column: "memory", direction: "descending" }, theme: "light" }));
    expect(kept).toEqual(["columns", "sort", "theme"]);
    expect(file()).toBe("# mine\nmouse: true # yes\nsort: memory # by name\ncolumns: [name, cpu]\ntheme: light\n");
    expect(dashboardSettings(parseSettings(file()), "dark")).toMatchObject({ faults: [], settings: { columns: settings.columns, sort: settings.sort, mouse: true } });
  });

  it("go back to as many columns as fit by leaving the line out", () => {
    saveChoices(path, withUi(opened("columns: [name]\nmouse: true\n"), { tableColumns: null }));
    expect(file()).toBe("mouse: true\n");
  });

  it("take a view under a new name, or in the place of its old self", () => {
    const { settings } = opened("views:\n  # the busy\n  - name: hot\n    filter: cpu>50\n");
    const cold = saveView(path, { name: "cold: #1", filter: null, columns: ["name", "age"], sort: { column: "cpu", direction: "ascending" } }, settings);
    saveView(path, { name: "hot", filter: "cpu>90", columns: null, sort: null }, cold);
    const read = dashboardSettings(parseSettings(file()), "dark");
    expect(read.faults).toEqual([]);
    expect(read.settings.views).toEqual([{ name: "hot", filter: "cpu>90", columns: null, sort: null }, { name: "cold: #1", filter: null, columns: ["name", "age"], sort: { column: "cpu", direction: "ascending" } }]);
    expect(file()).toContain("# the busy");
  });
});
