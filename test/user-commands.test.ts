// Commands of the person's own: they get the terminal whole and give it back, in a real pseudo-terminal.
import { describe, expect, it } from "vitest";
import { DashboardDriver } from "./support/dashboard.js";
import type { UserCommand } from "../tui/src/user-commands.js";

const TIMEOUT_MS = 60_000;
const COMMANDS: readonly UserCommand[] = [
  { name: "greet", key: "X", run: ["node", "-e", "process.stdout.write('hello ' + process.argv[1] + ' raw ' + process.stdin.isRaw + '\\n'); process.exitCode = 3", "{vm}; exit 9"] },
  { name: "ask", run: ["node", "-e", "console.log('your word?'); process.stdin.once('data', (line) => { console.log('read ' + String(line).trim().toUpperCase()); process.exit(0); })"], confirm: true },
  { name: "wait", run: ["node", "-e", "process.on('SIGINT', () => process.exit(4)); console.log('waiting'); setInterval(() => {}, 1000)"] },
  { name: "running only", run: ["echo", "ran for", "{vm}"], where: "state:running or state:paused" },
  { name: "wrong where", run: ["echo", "{vm}"], where: "cpu>>5" },
  { name: "missing", run: ["no-such-program-anywhere"] },
];
const open = (): Promise<DashboardDriver> => DashboardDriver.open({ env: { RECORDED_COMMANDS: JSON.stringify(COMMANDS) } });

describe("a command of one's own", () => {
  it("runs by its key on a plain terminal, and its exit code is told", async () => {
    await using dashboard = await (await open()).ready();
    await dashboard.press("/web-1\r", /1 of 1/);
    const seen = await dashboard.press("X", /greet ended with exit code 3/);
    expect(seen).toMatch(/hello web-1; exit 9 raw/);
    expect(dashboard.terminal.onAlternateScreen).toBe(false);
    expect(seen).not.toContain("by CPU");
    const back = await dashboard.press("q", /by CPU/);
    expect(back).toMatch(/▲ greet ended with exit code 3\./);
    expect(dashboard.terminal.onAlternateScreen).toBe(true);
    // Keys are ours again, and colours and cursor as before.
    await dashboard.press("?", /Power the VM on/);
    dashboard.terminal.send("q");
    expect(await dashboard.terminal.waitForExit()).toBe(0);
    expect(dashboard.terminal.onAlternateScreen).toBe(false);
  }, TIMEOUT_MS);

  it("is found in the menu, asks where it says so, and has the keyboard", async () => {
    await using dashboard = await (await open()).ready();
    await dashboard.press("!", /your commands.*1 of 6/);
    await dashboard.press("ask\r", /Run ask/);
    await dashboard.press("n", /by CPU/);
    await dashboard.press("!ask\r", /Run ask/);
    await dashboard.press("y", "your word?");
    await dashboard.press("quit\r", /read QUIT[^]*ask ended with exit code 0/);
    await dashboard.press(" ", /by CPU/);
    expect(dashboard.terminal.screen()).toContain("ask ended with exit code 0.");
  }, TIMEOUT_MS);

  it("gets Ctrl-C for itself", async () => {
    await using dashboard = await (await open()).ready();
    await dashboard.press("!wait\r", "waiting");
    await dashboard.press("\x03", /wait ended with exit code 4/);
    await dashboard.press(" ", /by CPU/);
  }, TIMEOUT_MS);

  it("that is not there is named with the mend", async () => {
    await using dashboard = await (await open()).ready();
    await dashboard.press("!missing\r", /no-such-program-anywhere is not on the PATH/);
    await dashboard.press(" ", /by CPU/);
  }, TIMEOUT_MS);

  it("is only for the VMs that its where fits, in the server's own language", async () => {
    await using dashboard = await (await open()).ready();
    await dashboard.press("/spare\r", /◌ spare +stopped[^]*1 of 1|1 of 1[^]*◌ spare/);
    await dashboard.press("!running\r", /spare is none of the VMs it is for/);
    await dashboard.press("!wrong\r", /wrong where: its where \(cpu>>5\) cannot be asked about/);
    await dashboard.press("/", /Enter keeps it/);
    await dashboard.press("\x15web-1\r", /● web-1 +running/);
    await dashboard.press("!running\r", /ran for web-1[^]*ended with exit code 0/);
    await dashboard.press(" ", /by CPU/);
  }, TIMEOUT_MS);

  it("ends with the dashboard, and the terminal is clean", async () => {
    await using dashboard = await (await open()).ready();
    await dashboard.press("!wait\r", "waiting");
    process.kill(dashboard.terminal.pid, "SIGTERM");
    expect(await dashboard.terminal.waitForExit()).toBe(143);
    expect(dashboard.terminal.onAlternateScreen).toBe(false);
  }, TIMEOUT_MS);
});
