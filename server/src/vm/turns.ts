// Work on the same key one after the other, on different keys at once. Pure but for the queue it keeps.
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Begins when everything that was begun before under this key has ended, however it ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
