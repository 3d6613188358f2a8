// A queue between a pushing producer and a pulling `for await`, which tells the producer to pause when the reader falls
// behind. It must not know what it carries.

/** Items at which the producer is asked to pause: some seconds of samples, or 8 MiB of console output. */
export const PAUSE_ABOVE_ITEMS = 256;
/** Items at which it may go on. */
export const RESUME_BELOW_ITEMS = 64;

export interface Backlog {
  /** The reader is behind; push on if you must, nothing is dropped. */
  pause(): void;
  resume(): void;
}

export class PullQueue<T> implements AsyncIterableIterator<T> {
  readonly #items: T[] = [];
  readonly #backlog: Backlog;
  readonly #onReturn: () => void;
  #wake: (() => void) | undefined;
  #end: { error?: Error } | undefined;
  #paused = false;

  constructor(backlog: Backlog, onReturn: () => void) {
    this.#backlog = backlog;
    this.#onReturn = onReturn;
  }

  push(item: T): void {
    if (this.#end) return;
    this.#items.push(item);
    if (!this.#paused && this.#items.length > PAUSE_ABOVE_ITEMS) {
      this.#paused = true;
      this.#backlog.pause();
    }
    this.#wake?.();
  }

  /** What was pushed before is still delivered; then the iteration ends, or throws `error`. */
  finish(error?: Error): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      if (this.#items.length > 0) {
        const value = this.#items.shift() as T;
        if (this.#paused && this.#items.length < RESUME_BELOW_ITEMS) this.#resume();
        return { done: false, value };
      }
      if (this.#end) {
        const { error } = this.#end;
        if (error === undefined) return { done: true, value: undefined };
        this.#end = {};
        throw error;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#items.length = 0;
    this.#end = {};
    this.#resume();
    this.#wake?.();
    this.#onReturn();
    return Promise.resolve({ done: true, value: undefined });
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#backlog.resume();
  }
}
