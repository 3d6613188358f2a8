// What a dashboard that was killed leaves of the person's terminal, run as a person runs it: from a shell, without the
// launcher. The guard that puts it in order ends with it.
import { readFileSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, inject, it } from "vitest";
import { AT_HOME_NOWHERE } from "./support/dashboard.js";
import { eventually, isAlive } from "./support/process.js";
import { RecordedServer } from "./support/recorded-server.js";
import { TerminalDriver } from "./support/terminal.js";

/** Above the longest wait within, so that what was waited for is named. */
const TIMEOUT_MS = 60_000;

let server: RecordedServer;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  server = await RecordedServer.open({});
  env = { ...process.env, ...AT_HOME_NOWHERE, RECORDED_URL: server.url, RECORDED_CLOCK: "still", PS1: "prompt> " };
});
afterEach(() => server[Symbol.asyncDispose]());

interface Process { readonly pid: number; readonly parent: number; readonly line: string }
function processes(): Process[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const [, parent] = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
      return [{ pid: Number(pid), parent: Number(parent), line: readFileSync(`/proc/${pid}/cmdline`, "latin1") }];
    } catch {
      return []; // gone meanwhile
    }
  });
}
const program = `"${process.execPath}" "${inject("programs").recordedDashboard}"`;

/** The dashboard that this terminal shows, and its guard. */
function found(shell: number): Promise<{ dashboard: number; guard: number }> {
  return eventually("the dashboard and its guard", () => {
    const all = processes();
    const dashboard = all.find(({ parent, line }) => parent === shell && line.includes("recorded"))?.pid;
    const guard = all.find(({ parent, line }) => parent === dashboard && line.includes("quetzal-guard"))?.pid;
    return dashboard === undefined || guard === undefined ? undefined : { dashboard, guard };
  });
}

it("gives the terminal back when it is killed, to a shell that puts nothing in order itself", async () => {
  await using terminal = new TerminalDriver("sh", ["-c", `${program}; sleep 1; echo "left with $?"; stty -a; read line; echo "read <$line>"`], { columns: 80, rows: 40, env });
  await terminal.waitFor(/\d+ of \d+/);
  expect(terminal.onAlternateScreen).toBe(true);
  const { dashboard, guard } = await found(terminal.pid);
  process.kill(dashboard, "SIGKILL");
  const after = await terminal.waitFor(/left with \d+[\s\S]*-?echo\b[\s\S]*$/);
  expect(terminal.onAlternateScreen).toBe(false);
  for (const mode of ["icanon", "echo", "isig", "opost"]) expect(after).toMatch(new RegExp(`(^|\\s)${mode}\\b`));
  for (const mode of ["25h", "7h", "2004l", "1000l"]) expect(terminal.raw).toContain(`\x1b[?${mode}`);
  terminal.send("typed\r");
  await terminal.waitFor("read <typed>");
  await eventually("the guard to end", () => !isAlive(guard));
});

it("leaves line editing to an interactive shell, which has put it back by itself", async () => {
  await using terminal = new TerminalDriver("bash", ["--norc", "--noprofile", "-i"], { columns: 80, rows: 40, env });
  await terminal.waitFor("prompt> ");
  terminal.send(`${program}\r`);
  await terminal.waitFor(/\d+ of \d+/);
  const { dashboard, guard } = await found(terminal.pid);
  process.kill(dashboard, "SIGKILL");
  await eventually("the guard to end", () => !isAlive(guard));
  // What it wrote is drawn a moment later.
  await eventually("the shell's own screen", () => !terminal.onAlternateScreen);
  terminal.send("echo it-''works\r");
  const shown = await terminal.waitFor(/^it-works$/m);
  // Echoed once: readline does it, and the terminal must not do it too.
  expect(shown.split("echo it-''works")).toHaveLength(2);
}, TIMEOUT_MS);

it("takes its guard along when it ends in order", async () => {
  await using terminal = new TerminalDriver("sh", ["-c", `${program}; echo "left with $?"; sleep 5`], { columns: 80, rows: 40, env });
  await terminal.waitFor(/\d+ of \d+/);
  const { guard } = await found(terminal.pid);
  terminal.send("q");
  await terminal.waitFor("left with 0");
  expect(isAlive(guard)).toBe(false);
});
