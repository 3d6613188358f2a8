// What the launcher leaves behind when the full-screen program it ran was killed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { eventually } from "../../test/support/process.js";
import { TerminalDriver } from "../../test/support/terminal.js";

let folder = "";
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), "qz-")); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Takes the terminal as the dashboard does, says its process id, and waits to be killed. */
const FULL_SCREEN = `
process.stdin.setRawMode(true);
process.stdin.resume();
process.stdout.write("\\x1b[?1049h\\x1b[?25l\\x1b[?2004h\\x1b[?1000h\\x1b[?1hpid " + process.pid + " ");
`;

it("puts the terminal in order after a full-screen program that was killed", async () => {
  const program = join(folder, "quetzal.js");
  writeFileSync(program, FULL_SCREEN);
  // A shell runs the launcher's part and then says how the terminal was left to it.
  const launcher = join(folder, "launch.mjs");
  const module = fileURLToPath(new URL("./quetzal.mjs", import.meta.url));
  writeFileSync(launcher, `const { showQuetzal } = await import(${JSON.stringify(module)});
    process.exitCode = await showQuetzal({ env: { ...process.env }, distDir: ${JSON.stringify(folder)} }, []);`);
  await using terminal = new TerminalDriver("sh", ["-c", `"${process.execPath}" "${launcher}"; echo "left with $?"; stty -a; read line; echo "read <$line>"`], { rows: 40 });
  const shown = await terminal.waitFor(/pid \d+ /);
  expect(terminal.onAlternateScreen).toBe(true);
  process.kill(Number(/pid (\d+) /.exec(shown)?.[1]), "SIGKILL");
  const after = await terminal.waitFor(/left with [1-9][\s\S]*-?echo\b[\s\S]*$/);
  expect(terminal.onAlternateScreen).toBe(false);
  expect(after).toMatch(/(^|\s)icanon/);
  expect(after).toMatch(/(^|\s)echo\s/);
  for (const mode of ["25h", "2004l", "1000l", "1l"]) expect(terminal.raw).toContain(`\x1b[?${mode}`);
  terminal.send("typed\r");
  await terminal.waitFor("read <typed>");
  await eventually("the shell to end", () => terminal.exitCode !== undefined);
});
