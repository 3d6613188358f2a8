// What has been opened, undone in reverse: by the owner at its end, or at once when opening the rest fails. Node 20 has
// no AsyncDisposableStack yet; this is the part of it that the server needs.
export class UndoStack implements AsyncDisposable {
  #steps: (() => unknown)[] = [];

  use<T extends Disposable | AsyncDisposable>(opened: T): T {
    this.#steps.push(() => close(opened));
    return opened;
  }

  defer(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Hands everything to a new owner; this stack undoes nothing any more. */
  move(): UndoStack {
    const owner = new UndoStack();
    owner.#steps = this.#steps;
    this.#steps = [];
    return owner;
  }

  /** Goes on to the end whatever fails on the way, and then throws the first failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

function close(opened: Partial<Disposable & AsyncDisposable>): unknown {
  const closeAsync = opened[Symbol.asyncDispose]?.bind(opened);
  return closeAsync === undefined ? opened[Symbol.dispose]?.() : closeAsync();
}
