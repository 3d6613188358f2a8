// Puts the terminal in order when this process was killed and could not: a tiny shell waits at a pipe that ends with us.
// Knows no dashboard.
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import type { WriteStream } from "node:tty";
import { RESET } from "../../launch/terminal.mjs";

/** An interactive shell has put line editing back by then, as its own prompt needs it, and must not be disturbed. */
const SHELLS_TURN_SECONDS = 0.2;

/**
 * Ctrl-C and its like are meant for us, and the terminal is written to also when it belongs to another job by now. A
 * terminal without signal keys is as we left it: nobody has put its line editing back.
 */
const SCRIPT = `trap '' INT QUIT TERM HUP TSTP TTIN TTOU
read -r none
printf '%s\\r\\n' "$1"
sleep ${SHELLS_TURN_SECONDS}
exec <&1
case $(stty -a) in *-isig*) stty sane;; esac`;

/** Stands guard until disposed; where it cannot (no terminal, no shell), it does nothing. */
export function guardTerminal(output: WriteStream): Disposable {
  if (!output.isTTY) return { [Symbol.dispose]: () => undefined };
  const guard = spawn("sh", ["-c", SCRIPT, "quetzal-guard", RESET], { stdio: ["pipe", output, "ignore"] });
  // Without it all works, but for a kill -9.
  guard.on("error", () => undefined);
  guard.stdin.on("error", () => undefined);
  guard.unref();
  // A pipe to a child is a socket, which would keep us from ending.
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return { [Symbol.dispose]: () => void guard.kill("SIGKILL") };
}
