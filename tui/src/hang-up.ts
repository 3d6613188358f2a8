// The end of a program whose terminal is gone (a dropped ssh connection, a closed window). Node puts the terminal back
// when it exits and aborts where there is none, so the process ends by the signal that says what happened.
import { isatty } from "node:tty";

/** Longest wait for that signal to end the process; it is held back only by what has taken it over. */
const LAST_WAIT_MS = 1_000;

/** Which of standard input, output and error are terminals: asked at the start, for one that has gone is none any more. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd));
const farewells = new Set<() => void>();

/** Whether the program was started on a terminal. */
export function startedOnTerminal(): boolean {
  return terminals.length > 0;
}

/** Whether one of the terminals that the program was started on is there no longer. */
export function isTerminalGone(): boolean {
  return terminals.some((fd) => !isatty(fd));
}

/** What must be closed when the terminal goes, at once and without a word to anybody. The answer takes the wish back. */
export function beforeHangUp(close: () => void): () => void {
  farewells.add(close);
  return () => farewells.delete(close);
}

/** Closes what must be closed and ends the process; nothing after it runs. */
export function endByHangUp(): void {
  const closing = [...farewells];
  farewells.clear();
  for (const close of closing) close();
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, LAST_WAIT_MS);
  process.kill(process.pid, "SIGKILL");
}
