// A terminal emulator that takes any bytes and any size at any time. @xterm/headless loses rows when it grows after it
// shrank, and fails on them in a timer of its own, where nobody can catch it (its issues 6063 and 6163): so an emulator
// here keeps its size for life, and a new size gets a new one that begins with what the last one held.
import serialize from "@xterm/addon-serialize";
import xterm from "@xterm/headless";
import type { Terminal } from "@xterm/headless";

interface Size {
  readonly columns: number;
  readonly rows: number;
}

export class Emulator implements Disposable {
  readonly #scrollback: number;
  #terminal: Terminal;
  #serializer: InstanceType<typeof serialize.SerializeAddon>;
  /** What comes while one emulator takes over from another waits here. */
  #waiting: (() => void)[] | undefined;
  #input: ((text: string) => void) | undefined;
  #isDisposed = false;

  /** `scrollback`: lines kept above the screen. */
  constructor(size: Size, scrollback: number) {
    this.#scrollback = scrollback;
    [this.#terminal, this.#serializer] = this.#open(size);
    this.#listen();
  }

  /** What is shown now; another one after a new size has come into effect. */
  get terminal(): Terminal {
    return this.#terminal;
  }

  /** Feeds bytes; `parsed` is called when they are on the screen. */
  write(bytes: string | Uint8Array, parsed?: () => void): void {
    if (this.#waiting) this.#waiting.push(() => this.write(bytes, parsed));
    else this.#terminal.write(bytes, parsed);
  }

  /** What was fed before is laid out for the old size and then anew; `resized` is called when that is so. */
  resize(size: Size, resized?: () => void): void {
    if (this.#waiting) {
      this.#waiting.push(() => this.resize(size, resized));
      return;
    }
    this.#waiting = [];
    this.#terminal.write("", () => {
      if (this.#isDisposed) return;
      const [next, serializer] = this.#open(size);
      next.write(this.#serializer.serialize(), () => {
        if (this.#isDisposed) {
          next.dispose();
          return;
        }
        this.#terminal.dispose();
        [this.#terminal, this.#serializer] = [next, serializer];
        this.#listen();
        resized?.();
        const waiting = this.#waiting ?? [];
        this.#waiting = undefined;
        // The first size among them makes what follows it wait again, in order.
        for (const act of waiting) act();
      });
    });
  }

  /** What a person types is given to the listener, and what comes next is shown at once instead of gathered for a moment. */
  type(keys: string): void {
    this.#terminal.input(keys, true);
  }

  /** Told what is typed, and what the emulator answers to the program's questions (cursor position, identity). */
  onInput(listener: (text: string) => void): void {
    this.#input = listener;
  }

  #open({ columns, rows }: Size): [Terminal, InstanceType<typeof serialize.SerializeAddon>] {
    const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: this.#scrollback, allowProposedApi: true });
    const serializer = new serialize.SerializeAddon();
    terminal.loadAddon(serializer);
    return [terminal, serializer];
  }

  #listen(): void {
    this.#terminal.onData((text) => this.#input?.(text));
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#terminal.dispose();
  }
}
