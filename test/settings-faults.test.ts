// A config.yaml with wrong lines and wrong filters, opened by the dashboard in a real pseudo-terminal.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DashboardDriver } from "./support/dashboard.js";

const TIMEOUT_MS = 60_000;

describe("a wrong config.yaml", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qz-cfg-"));
    mkdirSync(join(folder, "quetzal"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = async (text: string): Promise<DashboardDriver> => {
    writeFileSync(join(folder, "quetzal/config.yaml"), text, { mode: 0o600 });
    return (await DashboardDriver.open({ env: { XDG_CONFIG_HOME: folder } })).ready();
  };
  /** The log page's lines, each joined to one, without time and sign. */
  const logged = (shown: string): string[] => {
    const rows = shown.split("\n").slice(2, -1);
    return rows.reduce<string[]>((lines, row) => (/^ \d\d:/.test(row) ? [...lines, row.slice(12).trimEnd()] : row.trim() === "" ? lines : [...lines.slice(0, -1), `${lines.at(-1) ?? ""} ${row.trim()}`]), []);
  };

  it("has each line named in the log, whole, and the rest in effect", async () => {
    await using dashboard = await open("mouse: maybe\nkeys:\n  fly: f\n  quit: Q\ncolumns: [name, speed, cpu]\n");
    const lines = logged(await dashboard.press("l", "log of this dashboard"));
    const faults = lines.filter((line) => line.startsWith("config.yaml"));
    expect(faults.map((line) => /^config\.yaml line (\d+):/.exec(line)?.[1])).toEqual(["1", "3", "5"]);
    expect(faults[1]).toMatch(/There is no command "fly": docs\/keys\.md and '\?' in the dashboard name them\.$/);
    dashboard.terminal.send("Q");
    expect(await dashboard.terminal.waitForExit()).toBe(0);
  }, TIMEOUT_MS);

  it("has its filters judged by the server: a wrong one is named with its line and left out, its view is worn", async () => {
    await using dashboard = await open("views:\n  - name: hot\n    filter: cpu>\n    sort: -memory\n  - name: up\n    filter: state:running\n");
    await dashboard.terminal.waitFor('config.yaml line 3: The filter of the view "hot" is left out:');
    await dashboard.press("v", "hot");
    const worn = await dashboard.press("\x1b[B\r", /View: hot\./);
    expect(worn).toContain("by memory");
    expect(worn).not.toContain("cpu>");
    await dashboard.press("v", "up");
    await dashboard.press("\x1b[B\x1b[B\r", "/state:running");
  }, TIMEOUT_MS);
});
