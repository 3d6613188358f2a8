// When to leave a console whose input was a pipe that has ended: once the guest has said what it had to say. Knows only
// times.

/** A guest under emulation answers a line, or goes on with its output, well within it. */
export const QUIET_MS = 1_000;
/** A guest that never stops talking is not waited for. */
export const LONGEST_MS = 10_000;

export class LastWords implements Disposable {
  readonly #leave: () => void;
  #isAttached = false;
  #isOver = false;
  #quiet: NodeJS.Timeout | undefined;
  #longest: NodeJS.Timeout | undefined;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  /** The input has ended and has arrived. */
  inputEnded(): void {
    if (this.#isOver) return;
    this.#longest ??= setTimeout(this.#leave, LONGEST_MS);
    if (this.#isAttached) this.#wait();
  }

  /** Something came from the console; before the first of it nothing is known to be quiet. */
  heard(): void {
    this.#isAttached = true;
    if (this.#longest !== undefined) this.#wait();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#quiet);
    clearTimeout(this.#longest);
  }

  #wait(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(this.#leave, QUIET_MS);
  }
}
