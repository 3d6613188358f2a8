// Why, alerts, the forms and the edit as a person meets them: each page opened by its keys and left again, in a real
// pseudo-terminal against the recorded server.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DashboardDriver } from "./support/dashboard.js";

const TIMEOUT_MS = 60_000;
/** Wide enough for the path of a file in any temporary folder. */
const COLUMNS = 160;
const ESC = "\x1b";
const SHIFT_TAB = "\x1b[Z";
const DOWN = "\x1b[B";
const CLEAR = "\x15";

let folder: string;
let editor: string;
let dashboard: DashboardDriver;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "qz-making-"));
  editor = join(folder, "editor");
  mkdirSync(join(folder, "quetzal"));
  writeFileSync(join(folder, "quetzal/config.yaml"), "mouse: true\n");
  edits("true");
  dashboard = await (await DashboardDriver.open({ columns: COLUMNS, env: { XDG_CONFIG_HOME: folder, TMPDIR: folder, VISUAL: editor, EDITOR: "" } })).ready();
}, TIMEOUT_MS);
afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

/** What the editor does to the file, $1. */
function edits(script: string): void {
  writeFileSync(editor, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
const press = (keys: string, expected: string | RegExp): Promise<string> => dashboard.press(keys, expected);
/** A click on the first place where a text stands. */
function click(screen: string, text: string): string {
  const y = screen.split("\n").findIndex((line) => line.includes(text));
  const x = (screen.split("\n")[y] ?? "").indexOf(text);
  return `${ESC}[<0;${x + 1};${y + 1}M${ESC}[<0;${x + 1};${y + 1}m`;
}
describe("why", () => {
  it("names the causes, goes to the neighbour and to the graphs, and back", async () => {
    await dashboard.choose("build-runner");
    await press("w", /build-runner was slow[^]*confidence high[^]*1 ▲ neighbour \(CPU\)/);
    await press("t", /› test-vm-001[^]*1 graphs/);
    await press(ESC, /build-runner was slow/);
    await press("\r", /› build-runner[^]*1 graphs/);
    await press(ESC, /build-runner was slow/);
  }, TIMEOUT_MS);

  it("tells of each cause with the arrows or a click, and refuses what it is not", async () => {
    await press("jt", /to the neighbour: The chosen cause is no neighbour's doing\./);
    await press("", /keys +h the host/);
    await press(click(dashboard.terminal.screen(), "guest CPU"), /keys +# vCPUs \(4\)/);
    await press("gg", /build-runner was slow/);
  }, TIMEOUT_MS);

  it("fills in what the advice says, with what would come of it", async () => {
    await press("#", /vCPUs of build-runner.*: 4[^]*Gives build-runner 4 vCPUs/);
    await press(ESC, /build-runner was slow/);
    await press("b", /Balloon target of build-runner[^:]*: *\n/);
    await press(ESC, /build-runner was slow/);
  }, TIMEOUT_MS);

  it("says so when nothing is wrong, and when it cannot be told", async () => {
    await dashboard.choose("web-1");
    await press("w", /nothing is wrong as far as can be seen/);
    await dashboard.choose("spare");
    await press("w", /it cannot be told/);
    await dashboard.home();
  }, TIMEOUT_MS);
});

describe("alerts", () => {
  it("lead to their VM and to why", async () => {
    await press("a", /1 fires[^]*db-old +Crashed[^]*Guest memory low/);
    await press("\r", /› db-old/);
    await press(ESC, /1 fires/);
    await press("w", /why: db-old/);
    await press(ESC, /1 fires/);
  }, TIMEOUT_MS);

  it("come from rules that are made, changed, switched and deleted here", async () => {
    await press("n", /a new alert rule/);
    await press("cpu>", /▲ +where[^]*cannot be made yet/);
    await press("80", /can be made/);
    await press("\tx\r", /"60x" is no whole number/);
    await press(`${CLEAR}5\t\tBusy VM\r`, /Alert rule Busy VM made/);
    const listed = await press("", /on +Busy VM +5s +cpu>80/);
    await press(click(listed, "Busy VM"), /warning: cpu>80, for 5 s\. Looked at/);
    await press(" ", /off +Busy VM/);
    await press("E", /alert rule Busy VM/);
    await press(`${CLEAR}cpu>70\r`, /Alert rule Busy VM changed/);
    await press("", /off +Busy VM +5s +cpu>70/);
    // The question comes when the server has said what it would do: an answer before it would be another key.
    await press("d", /Delete the alert rule Busy VM\? Nothing fires by it/);
    await press("n", /^(?![^]*Delete the alert rule)[^]*off +Busy VM/);
    await press("d", /Delete the alert rule Busy VM\? Nothing fires by it/);
    await press("y", /Alert rule Busy VM deleted/);
    await press("", /^(?![^]*cpu>70)/);
  }, TIMEOUT_MS);
});

describe("the form of a VM", () => {
  it("judges while it is filled in, keeps what was typed, and makes the VM once", async () => {
    await dashboard.choose("web-1");
    await press("n", /a new VM[^]*not filled in yet/);
    await press("build-runner\r", /There is a VM build-runner already/);
    await press(`${CLEAR}made-1${SHIFT_TAB}${SHIFT_TAB}`, /can be made/);
    await press(ESC, /start/);
    const again = await press("n", /id +made-1/);
    await press(click(again, "memory  ") + CLEAR + "8M", /▲ memory/);
    await press(`${CLEAR}96M`, /memory_mb: 96[^]*can be made/);
    await press("\r", /made-1 is defined\. Start it now\?/);
    await dashboard.asked("PUT made-1");
    dashboard.terminal.send("s");
    await dashboard.asked("START made-1");
    expect(dashboard.server.asked.filter((one) => one.startsWith("PUT made-1"))).toHaveLength(1);
  }, TIMEOUT_MS);

  it("takes pasted text into its field, and the wheel goes over the fields", async () => {
    await dashboard.choose("web-1");
    await press("n", /Names it for ever/);
    await press(`${ESC}[200~pasted-1\n${ESC}[201~`, /id +pasted-1/);
    await press(`${ESC}[<65;5;5M`, /1 to 64, at most/);
    await press(ESC, /start/);
  }, TIMEOUT_MS);
});

describe("the edit", () => {
  it("shows what changes, and makes it after a yes", async () => {
    edits("sed -i 's/^memory_mb: .*/memory_mb: 4096/' \"$1\"");
    await dashboard.choose("build-runner");
    await press("E", /1 change[^]*memory_mb: 2048 → 4096[^]*y makes the change/);
    await press("y", /build-runner: memory_mb changed/);
    await dashboard.asked("PUT build-runner");
  }, TIMEOUT_MS);

  it("does nothing where nothing was changed, and leads back where it cannot be read", async () => {
    edits("true");
    await press("E", /build-runner: Nothing was changed\./);
    edits("echo 'id: [' > \"$1\"");
    await press("E", /not put[^]*Line \d: this is not valid YAML/);
    edits("grep -q '^#! Line' \"$1\" && sed -i '/^id:/d' \"$1\" && echo 'id: build-runner' >> \"$1\"");
    await press("E", /memory_mb is undefined/);
    const kept = await press(ESC, /is kept in \S*quetzal/);
    expect(kept).toContain("build-runner");
    const files = readdirSync(folder).filter((name) => name.startsWith("quetzal-edit-"));
    expect(files).toHaveLength(1);
    expect(readFileSync(join(folder, files[0] ?? "", "build-runner.yaml"), "utf8")).toContain("id: build-runner");
  }, TIMEOUT_MS);

  it("says what is wrong with the editor", async () => {
    edits("exit 3");
    await press("E", /exit code 3/);
    rmSync(editor);
    await press("E", /editor does not exist/);
  }, TIMEOUT_MS);
});

describe("in the past", () => {
  it("causes are asked of then, alerts are of then, and nothing can be made or changed", async () => {
    await dashboard.choose("build-runner");
    await press("[", /PAST/);
    await press("n", /new VM: This is the past; 0 goes back to now/);
    await press("E", /edit: This is the past/);
    await press("w", /why: build-runner/);
    await press(ESC, /by CPU/);
    await press("a", /rules, as they are now/);
    for (const [key, label] of [["n", "new rule"], [" ", "on or off"], ["d", "delete rule"]] as const) await press(key, `${label}: This is the past`);
    await press("0", /^(?![^]*as they are now)/);
  }, TIMEOUT_MS);
});

describe("a viewer", () => {
  it("reads everything, and is told which role a key needs", async () => {
    await using viewer = await (await DashboardDriver.open({ role: "VIEWER" })).ready();
    await viewer.press("n", /new VM: It needs the role admin; yours is viewer\./);
    await viewer.press("E", /edit: It needs the role admin/);
    await viewer.press("a", /Guest memory low/);
    await viewer.press(`${DOWN}n`, /new rule: It needs the role operator; yours is viewer\./);
    await viewer.press("d", /delete rule: It needs the role operator/);
    await viewer.press("\r", /open: It needs the role operator/);
    await viewer.press(`${ESC}w`, /was slow/);
  }, TIMEOUT_MS);
});
