// The person's terminal while a console has it: raw keys in, and everything put back however the program ends.
import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";
import type { ReadStream } from "node:tty";

/** Soft reset (colours, margins, cursor), then off: mouse reports, bracketed paste, application keys. */
const PUT_BACK = "\x1b[!p\x1b[0m\x1b[?25h\x1b[?1000;1002;1003;1006;2004l\x1b[?1l\x1b>";
const LEAVE_ALTERNATE = "\x1b[?1049l";
const ALTERNATE = /\x1b\[\?(?:1049|1047|47)([hl])/g;
/** As many bytes as the longest of these less one, for a sequence cut between two chunks. */
const TAIL_BYTES = 7;
const ESC = 0x1b;
/** stty answers in milliseconds; a machine in trouble must not hold up the console. */
const STTY_TIMEOUT_MS = 1_000;

export class RawTerminal implements Disposable {
  readonly #input: ReadStream;
  readonly #outputFd: number | undefined;
  #onAlternateScreen = false;
  #tail = "";
  #isRaw = true;
  readonly #atExit = (): void => this[Symbol.dispose]();

  /** `outputFd` is undefined where the guest's bytes go to no terminal. */
  constructor(input: ReadStream, outputFd: number | undefined) {
    this.#input = input;
    this.#outputFd = outputFd;
    input.setRawMode(true);
    // Node's raw mode still turns a line feed into two characters, which breaks full-screen programs of the guest.
    // setRawMode(false) puts this back too; without stty such programs look slanted, and all else works.
    spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"], timeout: STTY_TIMEOUT_MS });
    // Runs after process.exit() and after an uncaught error too.
    process.on("exit", this.#atExit);
  }

  /** Remembers whether the guest left the terminal on its alternate screen. */
  watch(bytes: Uint8Array): void {
    if (this.#tail === "" && !bytes.includes(ESC)) return;
    const text = this.#tail + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    for (const match of text.matchAll(ALTERNATE)) this.#onAlternateScreen = match[1] === "h";
    const escape = text.lastIndexOf("\x1b");
    this.#tail = escape >= 0 && text.length - escape <= TAIL_BYTES ? text.slice(escape) : "";
  }

  [Symbol.dispose](): void {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    process.off("exit", this.#atExit);
    try {
      this.#input.setRawMode(false);
      if (this.#outputFd !== undefined) writeSync(this.#outputFd, PUT_BACK + (this.#onAlternateScreen ? LEAVE_ALTERNATE : ""));
    } catch {
      // The terminal is gone or full; there is nothing left to put back.
    }
  }
}
