// A pulse: calls back soon after something happened in any of its feeds, once for many things together. It does not look
// at what happened.

/** A tick's batch and the changes that come with it are answered together; nobody sees a delay this short. */
const GATHER_MS = 20;

export class Pulse implements Disposable {
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** The feeds are this pulse's own: it closes them. They must drop what is not read and never fail. */
  constructor(
    private readonly feeds: readonly AsyncGenerator<unknown, void, undefined>[],
    private readonly beat: () => void,
  ) {
    for (const feed of feeds) void this.#listen(feed);
  }

  async #listen(feed: AsyncGenerator<unknown, void, undefined>): Promise<void> {
    for (let next = await feed.next(); next.done !== true; next = await feed.next()) {
      if (this.#isOver) return;
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.beat();
      }, GATHER_MS);
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const feed of this.feeds) void feed.return();
  }
}
