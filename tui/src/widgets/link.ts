// How much may be on its way to the terminal. A slow link hides behind buffers that take bytes at once and hold them for
// seconds, so the terminal itself is asked: after some bytes goes a question that every terminal answers (DSR, "are you
// there"), and while too much is unanswered no frame is added. A terminal that has never answered is not waited for.

/** Asks for the terminal's status (ECMA-48 DSR 5); the answer is CSI 0 n. */
export const QUESTION = "\x1b[5n";

/** Bytes after which the terminal is asked: below it a question would be most of what is sent. */
const ASK_AFTER_BYTES = 1_024;
/** Bytes unanswered from which frames wait: 0.2 s of a link of 20 kB/s. */
const WINDOW_BYTES = 4_096;
/** An answer that takes longer is lost (another program has read it), and the terminal is taken for one that does not answer. */
const ANSWER_WAIT_MS = 8_000;
/** At the end an answer on its way is waited for, so that it does not reach the shell as typing. */
const LAST_ANSWER_WAIT_MS = 700;

export class Link {
  private unasked = 0;
  /** Bytes that each open question stands for, the oldest first. */
  private readonly open: number[] = [];
  private hasAnswered = false;
  private isOwed = false;
  private timer: NodeJS.Timeout | undefined;
  private whenQuiet: (() => void) | null = null;

  /** `onReady`: a frame that had to wait can go now. */
  constructor(private readonly onReady: () => void) {}

  /** Whether a frame may go; if not, `onReady` will say when. */
  mayTake(): boolean {
    if (!this.hasAnswered || this.unanswered() < WINDOW_BYTES) return true;
    this.isOwed = true;
    return false;
  }

  /** So many bytes go out now; returns the question to send behind them, if one is due. */
  sent(bytes: number): string {
    this.unasked += bytes;
    // Whoever never answers is asked one question at a time.
    if (this.unasked < ASK_AFTER_BYTES || (!this.hasAnswered && this.open.length > 0)) return "";
    this.open.push(this.unasked);
    this.unasked = 0;
    this.timer ??= setTimeout(() => this.givenUp(), ANSWER_WAIT_MS);
    return QUESTION;
  }

  answered(): void {
    if (this.open.shift() === undefined) return;
    this.hasAnswered = true;
    clearTimeout(this.timer);
    this.timer = this.open.length === 0 ? undefined : setTimeout(() => this.givenUp(), ANSWER_WAIT_MS);
    if (this.open.length === 0) this.whenQuiet?.();
    this.wake();
  }

  /** Resolves when no answer is on its way, or the wait was long enough. */
  async quiet(): Promise<void> {
    clearTimeout(this.timer);
    if (!this.hasAnswered || this.open.length === 0) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, LAST_ANSWER_WAIT_MS);
      this.whenQuiet = () => {
        clearTimeout(deadline);
        resolve();
      };
    });
  }

  /** Bytes behind open questions only: what nobody asked about will never be answered. */
  private unanswered(): number {
    return this.open.reduce((sum, bytes) => sum + bytes, 0);
  }

  private givenUp(): void {
    this.timer = undefined;
    this.open.length = 0;
    this.hasAnswered = false;
    this.wake();
  }

  private wake(): void {
    if (!this.isOwed || !this.mayTake()) return;
    this.isOwed = false;
    this.onReady();
  }
}
