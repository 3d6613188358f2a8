// Whether the database answers, told to whoever listens. Two states; it does not know what the database is used for.
//
//   connected ──(a query finds nobody)──► away ──(a ping answers)──► connected
import { unavailableReason } from "./errors.js";

/** While away: quick at first, so that a restart is hardly noticed, then gentle. */
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 5_000;
/** While connected and idle: how late an outage may be noticed that no query has met. */
const PING_INTERVAL_MS = 5_000;

export interface HealthState {
  readonly connected: boolean;
  /** When this state was entered. */
  readonly since: Date;
  /** Why it does not answer; null while it does. */
  readonly error: string | null;
}

export interface HealthOptions {
  /** Resolves when the database answers. */
  readonly ping: () => Promise<void>;
  /** Called before every retry, e.g. to start an embedded Postgres again; its failure is reported as the state's error. */
  readonly revive?: (() => Promise<void>) | undefined;
}

export class DatabaseHealth implements Disposable {
  #state: HealthState = { connected: true, since: new Date(), error: null };
  readonly #listeners = new Set<(state: HealthState) => void>();
  readonly #options: HealthOptions;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = RETRY_FIRST_MS;
  #closed = false;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#schedule(PING_INTERVAL_MS);
  }

  get state(): HealthState {
    return this.#state;
  }

  /** Calls the listener at every change until the returned handle is disposed. */
  onChange(listener: (state: HealthState) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Looks at a failed query's error; true when it means that the database is away (which is then known to all). */
  noticeFailure(error: unknown): boolean {
    const reason = unavailableReason(error);
    if (reason === null || this.#closed) return reason !== null;
    if (this.#state.connected) {
      this.#retryMs = RETRY_FIRST_MS;
      this.#enter({ connected: false, since: new Date(), error: reason });
      this.#schedule(RETRY_FIRST_MS);
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#check(), delayMs);
    this.#timer.unref();
  }

  async #check(): Promise<void> {
    try {
      if (!this.#state.connected) await this.#options.revive?.();
      await this.#options.ping();
      if (!this.#state.connected) this.#enter({ connected: true, since: new Date(), error: null });
      this.#schedule(PING_INTERVAL_MS);
    } catch (error) {
      if (this.#state.connected) {
        // A ping that failed for a reason of its own (a statement timeout, say) is no outage.
        if (!this.noticeFailure(error)) this.#schedule(PING_INTERVAL_MS);
        return;
      }
      this.#enter({ ...this.#state, error: unavailableReason(error) ?? (error instanceof Error ? error.message : String(error)) }, "quietly");
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LONGEST_MS);
      this.#schedule(this.#retryMs);
    }
  }

  #enter(state: HealthState, manner: "loudly" | "quietly" = "loudly"): void {
    if (this.#closed) return;
    this.#state = state;
    if (manner === "loudly") for (const listener of [...this.#listeners]) listener(state);
  }
}
