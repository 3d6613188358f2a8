// A slow line between dashboard and terminal: what cannot be carried is not sent, and the newest picture comes soon.
import { describe, expect, it } from "vitest";
import { DashboardDriver } from "./support/dashboard.js";

/** A bad link over a mobile network. */
const BYTES_PER_SECOND = 20_000;
/** Turns of the help page, each a whole new picture: painted one by one they would keep the line busy for many seconds. */
const TURNS = 60;
/** Bytes that a whole picture of 200x50 takes at the least. */
const PICTURE_BYTES = 3_000;
const TIMEOUT_MS = 60_000;

describe("a link of 20 kB/s", () => {
  it("carries the newest picture after many keys, and not those between", async () => {
    await using dashboard = await (await DashboardDriver.open({ columns: 200, rows: 50, bytesPerSecond: BYTES_PER_SECOND })).ready();
    const { terminal } = dashboard;
    await dashboard.press("?", /Power the VM on/);
    await dashboard.press("?", /by CPU/);
    const before = terminal.bytes;
    for (let turn = 0; turn < TURNS; turn++) {
      terminal.send("?");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    terminal.send("e");
    await terminal.waitFor("events, newest first", TIMEOUT_MS);
    expect(terminal.bytes - before).toBeLessThan((TURNS / 3) * PICTURE_BYTES);
  }, TIMEOUT_MS);

  it("writes nothing while nothing changes", async () => {
    await using dashboard = await (await DashboardDriver.open()).ready();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const before = dashboard.terminal.bytes;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(dashboard.terminal.bytes).toBe(before);
  }, TIMEOUT_MS);

  it("ends in order, no answer of the terminal left for the shell", async () => {
    await using dashboard = await (await DashboardDriver.open({ columns: 200, rows: 50, bytesPerSecond: BYTES_PER_SECOND })).ready();
    dashboard.terminal.send("?q");
    expect(await dashboard.terminal.waitForExit()).toBe(0);
    expect(dashboard.terminal.onAlternateScreen).toBe(false);
  }, TIMEOUT_MS);
});
