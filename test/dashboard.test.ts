// The dashboard as a person meets it: each key does what it says, a lost server is survived, and the terminal is given
// back clean however it ends. In a real pseudo-terminal, against the recorded server.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BINDINGS } from "../tui/src/keys.js";
import { DashboardDriver } from "./support/dashboard.js";

const TIMEOUT_MS = 60_000;
const ESC = "\x1b";

describe("keys", () => {
  let dashboard: DashboardDriver;
  beforeAll(async () => {
    dashboard = await (await DashboardDriver.open({})).ready();
  }, TIMEOUT_MS);
  afterAll(() => dashboard[Symbol.asyncDispose](), TIMEOUT_MS);


  it.each([
    ["S", "web-1", "STOP web-1"], ["s", "web-1", "START web-1"], ["p", "web-2", "PAUSE web-2"], ["p", "gis-import", "RESUME gis-import"],
    ["r", "test-vm-001", "RESET test-vm-001"], ["P", "test-vm-001", "FORCE_OFF test-vm-001"],
  ])("%s on %s asks for %s", async (key, id, question) => {
    await dashboard.choose(id);
    dashboard.terminal.send(key);
    if (key === "r" || key === "P") {
      await dashboard.terminal.waitFor("is lost");
      dashboard.terminal.send("y");
    }
    await dashboard.asked(question);
  }, TIMEOUT_MS);

  it("P asks first, and any key but P and y keeps the power", async () => {
    await dashboard.choose("build-runner");
    await dashboard.press("P", "Cut the power of build-runner?");
    await dashboard.press("n", "start");
    expect(dashboard.server.asked).not.toContain("FORCE_OFF build-runner");
  }, TIMEOUT_MS);

  it("a verb that cannot be done says why", async () => {
    await dashboard.choose("build-runner");
    await dashboard.press("s", "start: It is running.");
  }, TIMEOUT_MS);

  it("d deletes only when the whole id was typed", async () => {
    await dashboard.choose("spare");
    await dashboard.press("d", "Type its id (spare)");
    await dashboard.press("spar\r", "nothing was deleted");
    await dashboard.press("d", "Type its id (spare)");
    dashboard.terminal.send("spare\r");
    await dashboard.asked("DELETE spare");
  }, TIMEOUT_MS);

  it("pasted text is never taken for keys", async () => {
    await dashboard.choose("build-runner");
    await dashboard.press(`${ESC}[200~SPPq${ESC}[201~`, "not taken as keys");
    expect(dashboard.server.asked).not.toContain("STOP build-runner");
  }, TIMEOUT_MS);

  it("pages open, tabs turn, and Esc comes back", async () => {
    await dashboard.home();
    await dashboard.press("\r", "1 graphs");
    await dashboard.press("\t", "steal%  now");
    await dashboard.press("e", "events, newest first");
    await dashboard.press("o", "operations, newest first");
    await dashboard.press(ESC, "events, newest first");
    await dashboard.home();
    await dashboard.press(">", "by memory");
    await dashboard.press("<", "by CPU");
    await dashboard.press(":events", /^ e +events +Events, the newest/m);
    await dashboard.press("\r", "events, newest first");
  }, TIMEOUT_MS);

  it("c opens the console, keys go to it, F12 fills the screen, Ctrl-] leaves", async () => {
    await dashboard.choose("build-runner");
    await dashboard.press("c", "console of build-runner");
    await dashboard.press("hello\r", /hello\s+hello/);
    await dashboard.press("\x1b[24~", /F12 split/);
    expect(dashboard.terminal.screen()).not.toContain("by CPU");
    await dashboard.press("\x1d", "by CPU");
  }, TIMEOUT_MS);
});

describe("a lost server", () => {
  it("is told with the age of the data, and events go on at their cursor when it is back", async () => {
    await using dashboard = await (await DashboardDriver.open({ clock: "running" })).ready();
    const { server, terminal } = dashboard;
    await server.drop("and stays away");
    await terminal.waitFor(/no server for .*data .* old/);
    server.change("web-1", "PAUSED");
    server.change("web-2", "STOPPED");
    await server.comeBack();
    await terminal.waitFor(/7 VMs/, TIMEOUT_MS);
    terminal.send("e");
    const screen = await terminal.waitFor(/web-2 is stopped[^]*web-1 is paused/);
    expect(screen.match(/web-1 is paused/g)).toHaveLength(1);
  }, TIMEOUT_MS);
});

describe("the end", () => {
  const ways: readonly (readonly [string, (dashboard: DashboardDriver) => void, number])[] = [
    ["q", ({ terminal }) => terminal.send("q"), 0],
    ["Ctrl-C", ({ terminal }) => terminal.send("\x03"), 0],
    ["SIGTERM", ({ terminal }) => process.kill(terminal.pid, "SIGTERM"), 143],
  ];
  it.each(ways)("by %s leaves the terminal clean", async (_way, end, exitCode) => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    expect(dashboard.terminal.onAlternateScreen).toBe(true);
    end(dashboard);
    expect(await dashboard.terminal.waitForExit()).toBe(exitCode);
    expect(dashboard.terminal.onAlternateScreen).toBe(false);
    // The cursor shows, and pastes come as typing again.
    expect(dashboard.terminal.raw.lastIndexOf("\x1b[?25l")).toBeLessThan(dashboard.terminal.raw.lastIndexOf("\x1b[?25h"));
    expect(dashboard.terminal.raw).toContain("\x1b[?2004l");
  }, TIMEOUT_MS);

  it("by SIGHUP ends the process and its console's program", async () => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    await dashboard.press("c", "console of");
    process.kill(dashboard.terminal.pid, "SIGHUP");
    await dashboard.terminal.waitForExit();
    expect(dashboard.terminal.onAlternateScreen).toBe(false);
  }, TIMEOUT_MS);
});

describe("any keys at all", () => {
  /** Keys the dashboard gets in a row; none may stop it. */
  const PRESSES = 2_000;
  it(`survives ${PRESSES} random keys`, async () => {
    // An editor that ends at once: another takes any key, and Ctrl-C too.
    await using dashboard = await (await DashboardDriver.open({ env: { VISUAL: "true", EDITOR: "true" } })).ready();
    // No console: a guest's shell takes any key. No quit: that is its own test.
    const harmless = BINDINGS.filter((binding) => !["quit", "console", "consoleFull"].includes(binding.command)).flatMap((binding) => binding.keys).filter((key) => key.length === 1);
    const pool = [...harmless, "\r", "\t", "\x1b", "\x7f", "\x1b[A", "\x1b[B", "\x1b[5~", "y", "x", "ü", "\x0c", "\x15"];
    let seed = 20_261_123;
    const next = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648);
    for (let sent = 0; sent < PRESSES; sent += 20) {
      for (let key = 0; key < 20; key++) dashboard.terminal.send(pool[next() % pool.length] ?? "j");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    dashboard.terminal.resize(120, 40);
    dashboard.terminal.send("\x03");
    expect(await dashboard.terminal.waitForExit()).toBe(0);
  }, TIMEOUT_MS);
});

it("says what npm start could not do before it opened the dashboard", async () => {
  await using dashboard = await (await DashboardDriver.open({ env: { QUETZAL_START_FAULT: "quetzal apply vms failed:\nvms/broken/config.json:3:1" } })).ready();
  await dashboard.terminal.waitFor("quetzal apply vms failed: vms/broken/config.json:3:1");
});
