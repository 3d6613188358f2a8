// One question at a time, always the newest: what was asked before is let finish if it is about to, and given up if it
// takes long. What is wanted is named by a key, so that wanting the same twice asks once.

/** An answer that takes longer than this is given up for a newer question. */
const GIVEN_UP_AFTER_MS = 300;

export interface Question {
  key: string;
  ask: (signal: AbortSignal) => Promise<void>;
}

export class Latest implements Disposable {
  private wanted: Question | null = null;
  private asking: { key: string; since: number; stop: AbortController } | null = null;
  private done: string | null = null;
  private late: NodeJS.Timeout | undefined;

  constructor(private readonly now: () => number = Date.now) {}

  /** Null: nothing is wanted any more, and what is under way is given up. */
  want(question: Question | null): void {
    if (question === null) {
      this.forget();
      return;
    }
    const asking = this.asking?.stop.signal.aborted === false ? this.asking.key : null;
    if (question.key === (this.wanted?.key ?? asking ?? this.done)) return;
    this.wanted = question;
    if (this.asking === null) void this.next();
    else if (this.late === undefined) {
      const { since, stop } = this.asking;
      this.late = setTimeout(() => stop.abort(), Math.max(0, since + GIVEN_UP_AFTER_MS - this.now()));
    }
  }

  /** The same question is asked again when it is wanted again. */
  forget(): void {
    this.wanted = null;
    this.done = null;
    clearTimeout(this.late);
    this.late = undefined;
    this.asking?.stop.abort();
  }

  [Symbol.dispose](): void {
    this.forget();
  }

  private async next(): Promise<void> {
    while (this.wanted !== null) {
      const { key, ask } = this.wanted;
      this.wanted = null;
      const stop = new AbortController();
      this.asking = { key, since: this.now(), stop };
      try {
        await ask(stop.signal);
        if (!stop.signal.aborted) this.done = key;
      } finally {
        clearTimeout(this.late);
        this.late = undefined;
        this.asking = null;
      }
    }
  }
}
