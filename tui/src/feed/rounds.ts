// Questions that are asked again and again while something is looked at, and no longer. What is looked at is named by a
// key: another key gives up what is under way and asks at once.

export interface Round {
  key: string;
  /** Asks once; says whether the answer can change, so that it is asked again. It must not throw. */
  ask: (signal: AbortSignal) => Promise<"again" | "for good">;
}

export class Rounds implements Disposable {
  private key: string | null = null;
  private stop: AbortController | null = null;
  private timer: NodeJS.Timeout | undefined;

  /** `againAfterMs` is the pause between an answer and the next question. */
  constructor(private readonly againAfterMs: number) {}

  /** Null: nothing is looked at any more. */
  want(round: Round | null): void {
    if ((round?.key ?? null) === this.key) return;
    this.key = round?.key ?? null;
    this.leave();
    if (round !== null) void this.ask(round);
  }

  /** After a lost connection it is asked anew when it is wanted. */
  forget(): void {
    this.key = null;
  }

  [Symbol.dispose](): void {
    this.leave();
  }

  private leave(): void {
    clearTimeout(this.timer);
    this.stop?.abort();
    this.stop = null;
  }

  private async ask(round: Round): Promise<void> {
    const stop = new AbortController();
    this.stop = stop;
    const { signal } = stop;
    const change = await round.ask(signal);
    if (!signal.aborted && change === "again") this.timer = setTimeout(() => void this.ask(round), this.againAfterMs);
  }
}
