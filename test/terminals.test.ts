// The dashboard at home in other terminals: inside tmux and GNU screen, on the Linux console, on a vt100, with names of
// every script, with the mouse, and with the clipboard. Real programs, real pseudo-terminals.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { AT_HOME_NOWHERE, DashboardDriver } from "./support/dashboard.js";
import { RecordedServer } from "./support/recorded-server.js";
import { TerminalDriver } from "./support/terminal.js";

const TIMEOUT_MS = 60_000;
const ESC = "\x1b";
const NAMES = ["日本語サーバー", "e\u0301te\u0301 👨‍👩‍👧", "שרת-אחד", "\x1b]0;owned\x07", "क्षत्रिय", "👍🏽 🇩🇪 ⌚", "x\u0301\u0302\u0303\u0304\u0305"];

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qz-term-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Where the columns of each row of the table stand, as they are told by the head. */
function expectStraightRows(screen: string): void {
  const lines = screen.split("\n");
  const head = lines.findIndex((line) => line.includes("NAME") && line.includes("STATE"));
  const age = (lines[head] ?? "").indexOf("AGE") + 2;
  for (const row of lines.slice(head + 1, head + 8)) {
    expect(row.slice(age - 3, age + 1)).toMatch(/^[ \d]*[smhd]$/);
    expect(row.length).toBe(age + 1);
  }
}

/** A row as cells: the second cell of a wide character is a blank. */
function cells(terminal: TerminalDriver, rows: number, columns: number): string {
  return Array.from({ length: rows }, (_, y) => {
    const line = terminal.buffer.getLine(y);
    return Array.from({ length: columns }, (__, x) => (line?.getCell(x)?.getChars() || " ").slice(0, 1)).join("").trimEnd();
  }).join("\n");
}

describe("inside another terminal's program", () => {
  const program = [process.execPath, inject("programs").recordedDashboard];

  it.each([["tmux"], ["screen"]] as const)("paints straight rows in %s, whatever the names, and leaves it in order", async (multiplexer) => {
    await using server = await RecordedServer.open({ names: NAMES });
    const config = join(folder, "rc");
    writeFileSync(config, multiplexer === "tmux" ? "set -g status off\nset -g default-terminal tmux-256color\n" : "startup_message off\nvbell off\ndefutf8 on\n");
    const args = multiplexer === "tmux" ? ["-u", "-L", "quetzal", "-f", config, "new-session", "--", ...program] : ["-U", "-c", config, ...program];
    await using terminal = new TerminalDriver(multiplexer, args, {
      env: { ...AT_HOME_NOWHERE, RECORDED_URL: server.url, RECORDED_CLOCK: "still", TMUX_TMPDIR: folder, SCREENDIR: folder },
    });
    try {
      await terminal.waitFor(/7 VMs[^]*1 of 7/, TIMEOUT_MS);
      await terminal.waitFor(/s start/, TIMEOUT_MS);
      expectStraightRows(cells(terminal, 24, 80));
      terminal.send("?");
      await terminal.waitFor(/Power the VM on/);
      terminal.send("q");
      expect(await terminal.waitForExit()).toBe(0);
    } finally {
      if (multiplexer === "tmux" && terminal.exitCode === undefined) execFileSync("tmux", ["-L", "quetzal", "kill-server"], { env: { ...process.env, TMUX_TMPDIR: folder } });
    }
  }, TIMEOUT_MS);
});

it("takes a serial line, which does not know its size, for 80x24", async () => {
  await using server = await RecordedServer.open({});
  const args = ["-c", 'stty cols 0 rows 0 && exec "$@"', "sh", process.execPath, inject("programs").recordedDashboard];
  await using terminal = new TerminalDriver("sh", args, { env: { ...AT_HOME_NOWHERE, RECORDED_URL: server.url, RECORDED_CLOCK: "still" } });
  await terminal.waitFor(/7 VMs[^]*1 of 7[^]*s start/, TIMEOUT_MS);
  expectStraightRows(cells(terminal, 24, 80));
  terminal.send("q");
  expect(await terminal.waitForExit()).toBe(0);
}, TIMEOUT_MS);

describe("names of every script", () => {
  it.each([["xterm-256color"], ["linux"], ["vt100"]])("shift no row on %s, and nothing raw reaches it", async (name) => {
    await using dashboard = await (await DashboardDriver.open({ names: NAMES, env: { TERM: name } })).ready();
    const { terminal } = dashboard;
    await terminal.waitFor(/s start/);
    expectStraightRows(cells(terminal, 24, 80));
    expect(terminal.raw).not.toContain("owned");
    expect(terminal.raw).not.toContain("\u200d");
    if (name !== "xterm-256color") expect(terminal.raw).toMatch(/^[\x00-\x7e]*$/);
    if (name === "vt100") expect(terminal.raw).not.toMatch(/\x1b\[[\d;]*[34]\d[;m]/);
    for (const [keys, shows] of [["\r", /1 graphs/], ["e", /events, newest first/], ["o", /operations, newest first/], ["?", /This page, operations/], [":go", /:go/]] as const) await dashboard.press(keys, shows);
    expect(terminal.raw).not.toContain("owned");
  }, TIMEOUT_MS);

  it("refuses a terminal that cannot place a cursor, with a sentence", async () => {
    await using terminal = new TerminalDriver(process.execPath, [inject("programs").quetzal], { env: { ...AT_HOME_NOWHERE, TERM: "dumb", QUETZAL_URL: "http://127.0.0.1:1" } });
    expect(await terminal.waitForExit(TIMEOUT_MS)).toBe(2);
    expect(terminal.raw.replaceAll("\r\n", " ")).toContain("cannot place a cursor");
  }, TIMEOUT_MS);
});

describe("the mouse", () => {
  const click = (x: number, y: number): string => `${ESC}[<0;${x};${y}M${ESC}[<0;${x};${y}m`;
  const opened = async (): Promise<DashboardDriver> => {
    const settings = join(folder, "quetzal/config.yaml");
    rmSync(join(folder, "quetzal"), { recursive: true, force: true });
    execFileSync("mkdir", ["-p", join(folder, "quetzal")]);
    writeFileSync(settings, "mouse: true\n");
    return (await DashboardDriver.open({ env: { XDG_CONFIG_HOME: folder } })).ready();
  };
  /** Row and column, from 1, of a text on the screen. */
  const placeOf = (screen: string, text: string): [x: number, y: number] => {
    const lines = screen.split("\n");
    const y = lines.findIndex((line) => line.includes(text));
    if (y < 0) throw new Error(`no ${text} to click on:\n${screen}`);
    return [(lines[y] ?? "").indexOf(text) + 1, y + 1];
  };

  it("selects, opens, sorts, presses and scrolls, and is released at the end", async () => {
    await using dashboard = await opened();
    const { terminal } = dashboard;
    let screen = await dashboard.press(click(...placeOf(terminal.screen(), "web-1")), /4 of 7/);
    screen = await dashboard.press(click(...placeOf(screen, "NAME")), /by name/);
    screen = await dashboard.press(click(...placeOf(screen, "CORE%")), /by CPU/);
    await dashboard.press(`${ESC}[<65;5;10M`, /7 of 7/);
    await dashboard.press(`${ESC}[<64;5;10M${ESC}[<64;5;10M`, /1 of 7/);
    screen = await dashboard.press(click(...placeOf(terminal.screen(), "web-2")).repeat(2), /1 graphs/);
    await dashboard.press(click(...placeOf(screen, "events  :")), /events, newest first/);
    terminal.send("q");
    expect(await terminal.waitForExit()).toBe(0);
    expect(terminal.raw).toContain("\x1b[?1000h\x1b[?1006h");
    expect(terminal.raw.lastIndexOf("\x1b[?1000l")).toBeGreaterThan(terminal.raw.lastIndexOf("\x1b[?1000h"));
  }, TIMEOUT_MS);

  it("is left to the terminal unless it is asked for", async () => {
    await using dashboard = await (await DashboardDriver.open()).ready();
    expect(dashboard.terminal.raw).not.toContain("\x1b[?1000h");
  }, TIMEOUT_MS);
});

describe("what is chosen in the dashboard", () => {
  const file = (): string => readFileSync(join(folder, "quetzal/config.yaml"), "utf8");
  const opened = async (): Promise<DashboardDriver> => (await DashboardDriver.open({ env: { XDG_CONFIG_HOME: folder } })).ready();

  it("is kept in config.yaml, and there the next time", async () => {
    {
      await using dashboard = await opened();
      await dashboard.press("O", /columns of the table/);
      for (let line = 0; line < 3; line++) dashboard.terminal.send("j");
      await dashboard.press(" ", /\[ \] CORE%/);
      await dashboard.press(ESC, /by CPU/);
      await dashboard.press(">", /by memory/);
      await dashboard.press("T", /Theme: light/);
      await dashboard.press("\x13", /Written to config\.yaml: columns, sort, theme/);
      await dashboard.press("/web\r", /2 of 2|1 of 2/);
      await dashboard.press("v", /No view is saved yet/);
      await dashboard.press("\x13", /Name of the view/);
      await dashboard.press("the webs\r", /View the webs written/);
    }
    expect(file()).toContain("columns: [name, state, last, memory, disk, rx, tx, age]");
    await using again = await opened();
    expect(again.terminal.screen()).not.toContain("CORE%");
    await again.terminal.waitFor(/by memory/);
    await again.press("v", /the webs +\/web/);
    await again.press("j\r", /View: the webs/);
    await again.terminal.waitFor(/1 of 2/);
  }, TIMEOUT_MS);

  it("names the wrong line of config.yaml, and takes the others", async () => {
    execFileSync("mkdir", ["-p", join(folder, "quetzal")]);
    writeFileSync(join(folder, "quetzal/config.yaml"), "columns: [name, speed]\nkeys:\n  events: Z\n");
    await using dashboard = await opened();
    await dashboard.terminal.waitFor(/config\.yaml line 1: There is no column "speed"/);
    await dashboard.press("Z", /events, newest first/);
  }, TIMEOUT_MS);

  it("goes to the terminal's clipboard, and is said", async () => {
    await using dashboard = await opened();
    await dashboard.press("y", /Copied the id build-runner/);
    expect(dashboard.terminal.raw).toContain(`\x1b]52;c;${Buffer.from("build-runner").toString("base64")}\x07`);
    await dashboard.press("Y", /Copied the text of the screen/);
  }, TIMEOUT_MS);
});
