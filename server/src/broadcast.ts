// Broadcast: one producer, many readers, each with a bounded queue of its own. Publishing never waits for a reader.

/** What happens to a reader whose queue is full: it loses the oldest item, or its iteration ends with an error. */
export type Overflow = "drop-oldest" | "fail";

export class ReaderTooSlow extends Error {
  constructor(limit: number) {
    super(`This reader fell more than ${limit} items behind and was let go; subscribe again from the last cursor it saw.`);
  }
}

class Reader<T> implements AsyncGenerator<T, void, undefined> {
  readonly #queue: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(
    private readonly limit: number,
    private readonly overflow: Overflow,
    private readonly onClose: (reader: Reader<T>) => void,
  ) {}

  push(item: T): void {
    if (this.#ended) return;
    if (this.#queue.length >= this.limit) {
      if (this.overflow === "fail") {
        this.#error = new ReaderTooSlow(this.limit);
        this.end();
        return;
      }
      this.#queue.shift();
    }
    this.#queue.push(item);
    this.#wake?.();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onClose(this);
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<T, void>> {
    for (;;) {
      if (this.#error) throw this.#error;
      const item = this.#queue.shift();
      if (item !== undefined) return { done: false, value: item };
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  return(): Promise<IteratorResult<T, void>> {
    this.#queue.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<T, void>> {
    this.end();
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

export class Broadcast<T extends object> {
  readonly #readers = new Set<Reader<T>>();

  get readerCount(): number {
    return this.#readers.size;
  }

  publish(item: T): void {
    for (const reader of this.#readers) reader.push(item);
  }

  /** Receives what is published from this call on, whether or not it is being iterated yet. */
  subscribe(limit: number, overflow: Overflow): AsyncGenerator<T, void, undefined> {
    const reader = new Reader<T>(limit, overflow, (closed) => this.#readers.delete(closed));
    this.#readers.add(reader);
    return reader;
  }

  /** Ends every reader's iteration after what it has queued. */
  close(): void {
    for (const reader of [...this.#readers]) reader.end();
  }
}
