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

/** What a person at the slowest line still calls an answer, in seconds of that line. */
const ANSWER_LINE_SECONDS = 1;
/** A page is complete when nothing was written for so long. */
const QUIET_MS = 500;
/** Keys, each from the overview, with what its page shows. */
const PAGES = [["e", "events, newest first"], ["o", "operations, newest first"], ["h", "disk space"], ["?", "Power the VM on"], ["\r", "1 graphs"]] as const;

async function quiet(terminal: DashboardDriver["terminal"]): Promise<void> {
  for (let last = -1; last !== terminal.bytes; ) {
    last = terminal.bytes;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}

/** Bytes that the line carried from a key to the moment at which the screen was what it then stayed: no clock counts, only what was sent. */
async function bytesToPage({ terminal }: DashboardDriver, keys: string, shows: string): Promise<number> {
  const seen: { bytes: number; screen: string }[] = [];
  const watching = terminal.onDrawn((bytes) => seen.push({ bytes, screen: terminal.screen() }));
  const before = terminal.bytes;
  terminal.send(keys);
  await terminal.waitFor(shows, TIMEOUT_MS);
  await quiet(terminal);
  watching[Symbol.dispose]();
  const page = terminal.screen();
  expect(page).toContain(shows);
  return (seen.find(({ screen }) => screen === page)?.bytes ?? Infinity) - before;
}

describe("a link of 20 kB/s", () => {
  it("has each page complete within a second of the line after its key, also behind keys that came before", async () => {
    await using dashboard = await (await DashboardDriver.open({ columns: 200, rows: 50, bytesPerSecond: BYTES_PER_SECOND })).ready();
    const { terminal } = dashboard;
    const seconds: Record<string, number> = {};
    for (const [key, shows] of PAGES) {
      seconds[key] = await bytesToPage(dashboard, key, shows) / BYTES_PER_SECOND;
      await dashboard.home();
      await quiet(terminal);
    }
    // The line is full of another picture when the key comes.
    terminal.send("?");
    await new Promise((resolve) => setTimeout(resolve, 20));
    seconds["? e"] = await bytesToPage(dashboard, "e", "events, newest first") / BYTES_PER_SECOND;
    for (const [key, taken] of Object.entries(seconds)) expect(taken, `${key} of ${JSON.stringify(seconds)}`).toBeLessThanOrEqual(ANSWER_LINE_SECONDS);
  }, TIMEOUT_MS);

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
