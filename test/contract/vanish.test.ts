// A terminal that goes away under the command line, as a dropped ssh connection does: the program ends as the hang-up
// it is. It must neither crash while putting back what is not there nor stay behind.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";
import { AT_HOME_NOWHERE } from "../support/dashboard.js";
import { RecordedServer } from "../support/recorded-server.js";
import { TerminalDriver } from "../support/terminal.js";

const { SIGHUP } = constants.signals;

const folder = mkdtempSync(join(tmpdir(), "qz-vanish-"));
const bundle = new ClientBundle();
let server: RecordedServer;
beforeAll(async () => {
  server = await RecordedServer.open({ clock: "running" });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, ...AT_HOME_NOWHERE, QUETZAL_URL: server.url, QUETZAL_TOKEN: "qz_any" });

describe("a terminal that vanishes", { timeout: 60_000 }, () => {
  it.each([
    ["", /\d+ of \d+/],
    ["events --follow", /\d\d:\d\d:\d\d/],
    ["vm ls --watch", /web-1/],
    ["top", /VMs, \d+ running/],
    ["console web-1", /web-1 login:/],
  ])("ends 'quetzal %s' by SIGHUP", async (words, isUp) => {
    await using terminal = new TerminalDriver(process.execPath, [bundle.path, ...words.split(" ").filter((word) => word !== "")], { columns: 120, rows: 40, env: environment() });
    await terminal.waitFor(isUp, 20_000);
    terminal.vanish();
    await terminal.waitForExit(10_000);
    expect(terminal.endSignal).toBe(SIGHUP);
  });

  // The shell that has the session takes the signal for itself: the program only finds its terminal gone.
  it.each([
    ["dashboard", /\d+ of \d+/],
    ["top", /VMs, \d+ running/],
    ["console web-1", /web-1 login:/],
  ])("ends 'quetzal %s' that no signal told the same way", async (words, isUp) => {
    const report = join(folder, words.replace(" ", "-"));
    await using terminal = new TerminalDriver("/bin/sh", ["-c", `trap "" HUP; "$0" "$@" 2>"${report}.err"; echo $? >"${report}"`, process.execPath, bundle.path, ...words.split(" ")], { columns: 120, rows: 40, env: environment() });
    await terminal.waitFor(isUp, 20_000);
    terminal.vanish();
    await terminal.waitForExit(15_000);
    expect([terminal.exitCode, readFileSync(report, "utf8")]).toEqual([0, `${128 + SIGHUP}\n`]);
    expect(readFileSync(`${report}.err`, "utf8")).not.toMatch(/EIO|Assertion/);
  });
});
