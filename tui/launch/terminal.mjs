// Owns putting a terminal in order after a full-screen program that could not do it itself (kill -9, a crash of Node).
// Knows nothing of that program but what it may have turned on.
import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";

/** In this order: what a program turned on last goes first; leaving the alternate screen brings back what was there. */
export const RESET = [
  "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l", // mouse reports off
  "\x1b[?2004l", // bracketed paste off
  "\x1b[?1l\x1b>", // cursor keys and keypad as usual
  "\x1b[?7h", // wrap at the last column
  "\x1b[8h", // right-to-left text in the terminal's own order
  "\x1b[r", // scroll the whole screen again
  "\x1b[0m\x1b(B", // plain characters
  "\x1b[?1049l", // back from the alternate screen
  "\x1b[?25h", // the cursor shows
].join("");

/** Writes nothing where standard output is no terminal. */
export function resetTerminal() {
  if (!process.stdout.isTTY) return;
  // In one write that does not wait for anything: this may be the last thing that we do.
  writeSync(process.stdout.fd, `${RESET}\r\n`);
  // Echo, line editing and Ctrl-C are the kernel's side, which a dead program's raw mode outlives.
  spawnSync("stty", ["sane"], { stdio: ["inherit", "ignore", "ignore"] });
}
