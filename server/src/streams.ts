// Small wrappers of async generators. A generator that sleeps inside an await hears of return() only when it wakes; these
// pass return() on at once, so that the last unsubscribe closes what is upstream.

/** The same items; `stop` is called on return() and throw() before the generator is asked, and must wake it. */
export function interruptible<T>(items: AsyncGenerator<T, void, undefined>, stop: () => void): AsyncGenerator<T, void, undefined> {
  return {
    next: () => items.next(),
    return: () => {
      stop();
      return items.return();
    },
    throw: (error: unknown) => {
      stop();
      return items.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}

/** A finite stream of what is there already. */
export function streamOf<T>(items: Iterable<T>): AsyncIterableIterator<T, undefined> {
  const iterator = items[Symbol.iterator]();
  return {
    next: () => {
      const { done, value } = iterator.next() as IteratorResult<T, undefined>;
      return Promise.resolve(done === true ? { done, value: undefined } : { done: false, value });
    },
    return: () => Promise.resolve({ done: true, value: undefined }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Maps items as they are read; undefined leaves an item out. Already subscribed when it is made, unlike a generator. */
export function refined<T, U>(items: AsyncGenerator<T, void, undefined>, refine: (item: T) => U | undefined): AsyncGenerator<U, void, undefined> {
  return {
    async next() {
      for (;;) {
        const { done, value } = await items.next();
        if (done === true) return { done: true, value: undefined };
        const result = refine(value);
        if (result !== undefined) return { done: false, value: result };
      }
    },
    async return() {
      await items.return();
      return { done: true, value: undefined };
    },
    async throw(error: unknown) {
      await items.return();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}
